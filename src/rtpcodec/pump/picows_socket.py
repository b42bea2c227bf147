"""One WebSocket by picows, of either side: frames to a Receiver as messages, texts as frames.

picows hands over frames, so fragments are joined here. It answers no ping and no close frame by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from rtpcodec.pump.socket import Receiver
from rtpcodec.stream.fragments import MAX_FRAGMENTS, BrokenFragments, FragmentJoiner

TEXT: Final = WSMsgType.TEXT
READ_BUFFER_OCTETS: Final = 2048
"""Of a new socket, the least that picows takes: six chunks of PCMU. It grows by itself for longer messages, and picows'
own default of 16 KiB would be a third of an idle call."""


class PicowsSocket(WSListener):
    """A Socket, and the listener that picows reports to."""

    __slots__ = (
        "_begin",
        "_breach_reported",
        "_closed_here",
        "_joiner",
        "_max_octets",
        "_paused",
        "_received",
        "_receiver",
        "_transport",
        "open",
    )

    _transport: WSTransport
    _receiver: Receiver

    def __init__(
        self, begin: Callable[[PicowsSocket], Receiver], max_octets: int, max_fragments: int = MAX_FRAGMENTS
    ) -> None:
        """Make a socket that is not open yet.

        begin: called when it is open; returns the receiver of its reports.
        max_octets, max_fragments: of one message.
        """
        self._begin = begin
        self._max_octets = max_octets
        self._joiner = FragmentJoiner(max_octets, max_fragments)
        self._paused = False
        self._closed_here = False
        self._breach_reported = False
        self.open = False
        """Whether the handshake succeeded."""

    # As a Socket

    def send(self, text: str) -> None:
        """Send a text frame."""
        self._transport.send(TEXT, text)

    def close(self, code: int) -> None:
        """Send a close frame; the other side answers with its own."""
        if not self._transport.is_close_frame_sent:
            self._closed_here = True
            self._transport.send_close(cast("WSCloseCode", code))

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.disconnect(graceful=False)

    def pause_reading(self) -> None:
        """Read nothing, so that the other side feels a slow reader."""
        self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.underlying_transport.resume_reading()

    # picows' reports

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin."""
        self._transport = transport
        self.open = True
        self._receiver = self._begin(self)
        del self._begin  # it may hold the object that owns this socket
        self._received = self._receiver.received

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Receive a frame; nearly all are whole texts."""
        if frame.msg_type is TEXT and frame.fin and not self._joiner.joining:
            try:
                text: str | bytes = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                text = frame.get_payload_as_bytes()  # the machine says which octet is wrong
            self._received(text)
        else:
            self._receive_rare(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Report the end."""
        self._report_breach(transport)
        self._receiver.lost()

    def is_user_specific_pong(self, frame: WSFrame) -> bool:
        """Whether a frame answers our ping; asked only while one is awaited."""
        self._receiver.touched()
        return frame.msg_type is WSMsgType.PONG

    def pause_writing(self) -> None:
        """Report that the other side reads slower than we send."""
        self._paused = True
        self._receiver.paused()

    def resume_writing(self) -> None:
        """Report that it has caught up."""
        self._paused = False
        self._receiver.resumed()

    def _receive_rare(self, transport: WSTransport, frame: WSFrame) -> None:
        """Receive control frames, fragments, octets."""
        self._receiver.touched()
        match frame.msg_type:
            case WSMsgType.PING:
                # Pongs for a peer that does not read them would pile up; only the latest ping must be answered
                # (RFC 6455 section 5.5.3).
                if not self._paused:
                    transport.send_pong(frame.get_payload_as_bytes())
            case WSMsgType.CLOSE:
                self._answer_close(transport, frame)
            case WSMsgType.TEXT | WSMsgType.BINARY | WSMsgType.CONTINUATION:
                try:
                    self._join(frame)
                except BrokenFragments as broken:
                    self._receiver.rejected(broken.rule, broken.detail, broken.code)

    def _join(self, frame: WSFrame) -> None:
        message = self._joiner.put(
            frame.get_payload_as_bytes(),
            opens=frame.msg_type is not WSMsgType.CONTINUATION,
            last=bool(frame.fin),
            binary=frame.msg_type is WSMsgType.BINARY,
        )
        if message is None:
            return
        if self._joiner.binary:
            self._receiver.rejected("text", f"a binary message of {len(message)} octets, messages are text")
        else:
            self._received(message)

    def _answer_close(self, transport: WSTransport, frame: WSFrame) -> None:
        self._report_breach(transport)
        octets = frame.get_payload_as_bytes()[:2]
        code = int.from_bytes(octets) if octets else None
        self._receiver.peer_closed(code)
        if not transport.is_close_frame_sent:
            transport.send_close(cast("WSCloseCode", code or 1000))
        transport.disconnect()

    def _report_breach(self, transport: WSTransport) -> None:
        """Report a rule of WebSocket that the other side broke, for which picows has closed by itself."""
        closed: Any = transport.close_handshake  # None, beside what its stub says, before any close frame
        sent = None if closed is None else closed.sent
        if sent is None or self._closed_here or self._breach_reported:
            return
        if sent.code == WSCloseCode.MESSAGE_TOO_BIG:
            self._breach_reported = True
            self._receiver.rejected("size", f"a frame has more than {self._max_octets} octets", int(sent.code))
        elif sent.code == WSCloseCode.PROTOCOL_ERROR:
            self._breach_reported = True
            self._receiver.rejected("frame", "a frame breaks a rule of WebSocket", int(sent.code))
