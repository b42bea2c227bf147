"""The steps of a WebSocket by picows that each frame meets: see picows_socket."""
cimport cython

from picows import WSMsgType

from rtpcodec.pump.frame_rules import invalid_text

cdef object TEXT = WSMsgType.TEXT


@cython.auto_pickle(False)
cdef class TurnState:
    """The fields of FrameTurns."""


def take_frame(self, transport, frame):
    """Receive a frame; nearly all are whole texts, and alone in their read."""
    cdef TurnState turns = self._turns
    if not (turns.idle and frame.last_in_buffer) and not turns.has_turn(frame):
        return
    if (
        frame.msg_type is TEXT
        and frame.fin
        and not (self._joiner.joining or frame.rsv1 or frame.rsv2 or frame.rsv3)
    ):
        try:
            text = frame.get_payload_as_utf8_text()
        except UnicodeDecodeError as error:
            self._fail(invalid_text(error))
        else:
            self._received(text)
    else:
        self._receive_rare(transport, frame)
