"""One WebSocket by picows, of either side: passes received messages to a Receiver, and sends texts.

picows delivers frames, so this module joins fragments, and answers pings and close frames.

picows checks opcodes, masks, lengths and control frames. This module checks reserved bits, the order of fragments,
texts and close codes (RFC 6455). After a broken rule or a close frame nothing more is delivered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import MethodType
from typing import Any, Final, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from rtpcodec.pump._frames import take_frame
from rtpcodec.pump.backlog import Backlog, backlog_of
from rtpcodec.pump.frame_rules import (
    INVALID_TEXT,
    BrokenFrame,
    close_code_of,
    reserved_bits,
    text_of,
)
from rtpcodec.pump.frame_turns import FrameTurns, HeldFrame
from rtpcodec.pump.socket import NullReceiver, Receiver
from rtpcodec.stream.fragments import MAX_FRAGMENTS, PROTOCOL_ERROR, BrokenFragments, FragmentJoiner
from rtpcodec.stream.memory_budget import Account

TEXT: Final = WSMsgType.TEXT
READ_BUFFER_OCTETS: Final = 2048
"""Read buffer of a new socket, the minimum of picows: six chunks of PCMU. It grows for longer messages. The default of
16 KiB would be a third of the memory of an idle call."""


class PicowsSocket(WSListener):
    """A Socket, and the listener that picows reports to."""

    __slots__ = (
        "_backlog",
        "_begin",
        "_close_explained",
        "_done_reading",
        "_joiner",
        "_lost",
        "_max_octets",
        "_paused",
        "_reads",
        "_receiver",
        "_transport",
        "_turns",
        "answer_ping",
        "open",
    )

    _transport: WSTransport
    _receiver: Receiver
    _turns: FrameTurns

    def __init__(
        self,
        begin: Callable[[PicowsSocket], Receiver],
        max_octets: int,
        max_fragments: int = MAX_FRAGMENTS,
        account: Account | None = None,
    ) -> None:
        """Prepare a socket that is not open yet.

        Args:
            begin: called when it is open; returns the receiver of its reports.
            max_octets: limit on one message.
            max_fragments: limit on the fragments of one message.
            account: the account that counts waiting fragments; None: without a budget.
        """
        self._begin = begin
        self._max_octets = max_octets
        self._joiner = FragmentJoiner(max_octets, max_fragments, account)
        self._reads = True
        self._lost = False
        self._paused = False
        self._close_explained = False  # our own code has sent the close frame, or its reason was reported
        self._done_reading = False
        self._backlog: Backlog | None = None  # from the first use until the end of the connection
        self.answer_ping: Callable[[bytes], object] | None = None
        """Called with the payload of each ping, and may answer it later with `pong`; None: each is answered at once."""
        self.open = False
        """Whether the handshake succeeded and `begin` has returned."""

    # As a Socket

    @property
    def send(self) -> Callable[[str], None]:
        """The function that sends a text frame; picows drops it after a close frame (RFC 6455 section 5.5.1)."""
        return MethodType(self._transport.send, TEXT)  # like `partial`, but with less cost per call

    def close(self, code: int) -> None:
        """Send a close frame; the other side answers with its own."""
        if not self._transport.is_close_frame_sent:
            self._close_explained = True
            self._transport.send_close(cast("WSCloseCode", code))

    def abort(self) -> None:
        """Cut the connection, and drop frames that were read and not handled."""
        self._turns.stop()
        self._transport.disconnect(graceful=False)

    def detach(self) -> None:
        """Cut the connection and report nothing more."""
        self._receiver = nobody = NullReceiver()
        self._turns.received = nobody.received
        self.abort()

    def ping(self, payload: bytes) -> bool:
        """Send a ping; False after a close frame, and without a connection."""
        transport = self._transport
        if self._lost or transport.is_close_frame_sent:
            return False
        transport.send_ping(payload)
        return True

    def pong(self, payload: bytes) -> None:
        """Answer a ping, unless the other side does not read, because pongs would accumulate.

        Only the latest ping must be answered (RFC 6455 section 5.5.3).
        """
        if not self._paused:
            self._transport.send_pong(payload)

    @property
    def unacknowledged_octets(self) -> int | None:
        """Octets on the wire that were sent and not acknowledged; None: unknown, or after the end.

        With TLS it is a lower bound when the system's buffer is full: encrypted data in the event loop, up to 64 KiB,
        is not counted.
        """
        if self._lost:
            return None
        if self._backlog is None:
            self._backlog = backlog_of(self._transport.underlying_transport)
        return self._backlog()

    def pause_reading(self) -> None:
        """Stop reading, like a slow reader."""
        self._reads = False
        self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Resume reading."""
        self._reads = True
        if self._turns.idle:
            self._transport.underlying_transport.resume_reading()

    def hold_acknowledgements(self, *, hold: bool) -> None:
        """Do nothing: the system acknowledges received octets, whether they are read or not."""

    # picows' reports

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin."""
        self._transport = transport
        self._turns = FrameTurns(self._schedule_turn)
        self._receiver = self._begin(self)
        del self._begin  # it may hold the object that owns this socket
        self._turns.received = self._receiver.received
        self.open = True
        if self._paused:  # `begin` has filled the buffers
            self._receiver.paused()

    on_ws_frame = take_frame

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Report the end, after the frames that wait for their turn."""
        self._lost = True
        self._backlog = None
        if not self._turns.waiting:
            self._end(transport)

    def pause_writing(self) -> None:
        """Report that the other side reads slower than we send."""
        self._paused = True
        if self.open:
            self._receiver.paused()

    def resume_writing(self) -> None:
        """Report that it has caught up."""
        self._paused = False
        if self.open:
            self._receiver.resumed()

    def _schedule_turn(self) -> None:
        self._transport.underlying_transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._take_turn)

    def _take_turn(self) -> None:
        """Handle a share of the waiting frames, and resume reading when none is left."""
        transport = self._transport
        try:
            may_read = self._turns.next(lambda frame: self.on_ws_frame(transport, frame))
        except BaseException:
            self.abort()
            raise
        if self._lost and not self._turns.waiting:
            self._end(transport)
        elif may_read and self._reads:
            transport.underlying_transport.resume_reading()

    def _end(self, transport: WSTransport) -> None:
        self._turns.stop()
        self._report_breach(transport)
        self._receiver.lost()

    def _receive_rare(self, transport: WSTransport, frame: WSFrame | HeldFrame) -> None:
        """Receive control frames, fragments, octets, and frames that break a rule."""
        if self._done_reading:
            self._receiver.touched(frame.payload_size)
            if frame.msg_type is WSMsgType.CLOSE:
                transport.disconnect()
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._fail(reserved_bits(frame.rsv1, frame.rsv2, frame.rsv3))
            return
        if frame.msg_type is WSMsgType.PONG:
            self._receiver.ponged(frame.get_payload_as_bytes())
            return
        self._receiver.touched()
        match frame.msg_type:
            case WSMsgType.PING:
                (self.answer_ping or self.pong)(frame.get_payload_as_bytes())
            case WSMsgType.CLOSE:
                self._answer_close(transport, frame)
            case WSMsgType.TEXT | WSMsgType.BINARY | WSMsgType.CONTINUATION:
                try:
                    self._join(frame)
                except (BrokenFragments, BrokenFrame) as broken:
                    self._fail(broken)

    def _join(self, frame: WSFrame | HeldFrame) -> None:
        try:
            message = self._joiner.put(
                frame.get_payload_as_bytes(),
                opens=frame.msg_type is not WSMsgType.CONTINUATION,
                last=bool(frame.fin),
                binary=frame.msg_type is WSMsgType.BINARY,
            )
        finally:
            self._turns.joining = self._joiner.joining
        if message is None:
            return
        if self._joiner.binary:
            self._receive_binary(message)
        else:
            self._turns.received(text_of(message))

    def _receive_binary(self, message: bytes) -> None:
        octets = len(message)
        self._receiver.rejected("text", f"a binary message of {octets} octets, messages are text", octets=octets)

    def _fail(self, broken: BrokenFragments | BrokenFrame) -> None:
        """Report a broken rule, for which the receiver closes, and deliver nothing more (RFC 6455 section 7.1.7)."""
        if not self._done_reading:
            self._stop_reading()
            self._receiver.rejected(broken.rule, broken.detail, broken.code)

    def _stop_reading(self) -> None:
        """Deliver nothing more. Further frames still count in the peer's budget."""
        self._done_reading = True
        receiver = self._receiver
        self._turns.received = lambda text: receiver.touched(len(text))

    def _answer_close(self, transport: WSTransport, frame: WSFrame | HeldFrame) -> None:
        self._report_breach(transport)
        try:
            code = close_code_of(frame.get_payload_as_bytes())
        except BrokenFrame as broken:
            self._fail(broken)
        else:
            self._stop_reading()
            self._receiver.peer_closed(code)
            if not transport.is_close_frame_sent:
                transport.send_close(cast("WSCloseCode", code or 1000))
        transport.disconnect()

    def _report_breach(self, transport: WSTransport) -> None:
        """Report a rule of WebSocket that the other side broke, for which picows has closed by itself."""
        closed: Any = transport.close_handshake  # None, beside what its stub says, before any close frame
        sent = None if closed is None else closed.sent
        if sent is None or self._close_explained:
            return
        if sent.code == WSCloseCode.MESSAGE_TOO_BIG:
            self._close_explained = True
            self._receiver.rejected("size", f"a frame has more than {self._max_octets} octets", int(sent.code))
        elif sent.code in (PROTOCOL_ERROR, INVALID_TEXT):
            self._close_explained = True
            self._receiver.rejected("frame", f"a frame breaks a rule of WebSocket: {sent.reason}", int(sent.code))
