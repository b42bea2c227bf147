"""Native: the steps of a WebSocket by picows that run for each frame. See picows_socket."""
cimport cython

from picows import WSMsgType

from rtpcodec.pump.frame_rules import invalid_text

cdef object TEXT = WSMsgType.TEXT


@cython.auto_pickle(False)
cdef class TurnState:
    """The base of FrameTurns."""

    cdef bint may_take(self, frame) except -1:
        """Return what `has_turn` returns; faster if no frame waits."""
        if self._held is None or self._held or self._handling or self._count >= self._most:
            return self.has_turn(frame)
        self.idle = frame.last_in_buffer
        self._count = 0 if self.idle else self._count + 1
        return True


def take_frame(self, transport, frame):
    """Receive a frame. Nearly all are unfragmented texts, and alone in their read."""
    cdef TurnState turns = self._turns
    if not (turns.idle and frame.last_in_buffer) and not turns.may_take(frame):
        return
    if (
        frame.msg_type is TEXT
        and frame.fin
        and not (turns.joining or frame.rsv1 or frame.rsv2 or frame.rsv3)
    ):
        try:
            text = frame.get_payload_as_utf8_text()
        except UnicodeDecodeError as error:
            self._fail(invalid_text(error))
        else:
            turns.received(text)
    else:
        self._receive_rare(transport, frame)
