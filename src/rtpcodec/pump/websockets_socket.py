"""A server's WebSocket on a transport of asyncio, after a handshake by the package `websockets`.

This module reads frames; `websockets` unmasks them. The reader of `websockets` accepts non-minimal lengths, does not
name the reserved bit, and cannot stop between the frames of one read.

After a broken rule or a close frame nothing more is delivered. Further frames still count, and are searched for the
other side's close frame.
"""

from __future__ import annotations

import asyncio
from typing import Final

from rtpcodec.pump.backlog import Backlog, backlog_of
from rtpcodec.pump.frame_budget import TURN_FRAMES
from rtpcodec.pump.frame_headers import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    MASKED,
    MAX_CONTROL_OCTETS,
    PING,
    PONG,
    TEXT,
    FrameHeader,
    header_fault,
    read_header,
    server_frame,
)
from rtpcodec.pump.frame_rules import BrokenFrame, close_code_of, text_of
from rtpcodec.pump.socket import NullReceiver, Receiver
from rtpcodec.pump.transports import release
from rtpcodec.stream.fragments import BrokenFragments, FragmentJoiner
from rtpcodec.stream.memory_budget import Account

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

WHOLE_TEXT: Final = bytes((FIN | TEXT, MASKED | 126))
"""The first octets of an unfragmented text of 126 to 65535 octets from a client, which nearly all texts are."""
HEADER_OCTETS: Final = 8
"""The octets of its header, mask included."""


class WebsocketsSocket(asyncio.Protocol):
    """A Socket, and the protocol of its transport. Use it in the event loop's thread only."""

    __slots__ = (
        "_backlog",
        "_cut",
        "_done_reading",
        "_joiner",
        "_lost",
        "_max_octets",
        "_octets",
        "_ordinary",
        "_paused",
        "_receiver",
        "_sends",
        "_skip_octets",
        "_transport",
        "_turn_waits",
    )

    def __init__(self, transport: asyncio.Transport, max_octets: int, max_fragments: int, account: Account) -> None:
        """Prepare a socket on a transport, which belongs to another protocol until `begin`.

        Args:
            transport: the transport, whose handshake is done.
            max_octets: limit on one message.
            max_fragments: limit on the fragments of one message.
            account: the account that counts waiting fragments.
        """
        self._transport = transport
        self._max_octets = max_octets
        self._joiner = FragmentJoiner(max_octets, max_fragments, account)
        self._receiver: Receiver = NullReceiver()
        self._octets = bytearray()  # read and not handled
        self._skip_octets = 0  # of a payload after the end of delivery
        self._ordinary = True  # no octets, fragments or turns are waiting, and frames are delivered
        self._turn_waits = False
        self._done_reading = False
        self._cut = False
        self._sends = True  # no close frame was sent, and the connection is not cut
        self._paused = False
        self._lost = False
        self._backlog: Backlog | None = None  # from the first use until the end of the connection

    def begin(self, receiver: Receiver, octets: bytes) -> None:
        """Report to a receiver from now on, beginning with the octets after the request."""
        self._receiver = receiver
        self._transport.set_protocol(self)
        if octets:
            self.data_received(octets)

    # As a Socket

    def send(self, text: str) -> None:
        """Send a text frame, unless a close frame was sent (RFC 6455 section 5.5.1)."""
        if self._sends:
            self._transport.write(server_frame(TEXT, text.encode()))

    def close(self, code: int) -> None:
        """Send a close frame; the other side answers with its own."""
        if self._sends:
            self._transport.write(server_frame(CLOSE, code.to_bytes(2)))
            self._sends = False

    def abort(self) -> None:
        """Cut the connection, and drop the frames that were read and not handled."""
        self._cut, self._ordinary, self._sends = True, False, False
        self._octets.clear()
        self._transport.abort()

    def detach(self) -> None:
        """Cut the connection and report nothing more."""
        self._receiver = NullReceiver()
        self.abort()

    def ping(self, payload: bytes) -> bool:
        """Send a ping; False after a close frame, and without a connection."""
        if self._sends:
            self._transport.write(server_frame(PING, payload))
        return self._sends

    @property
    def unacknowledged_octets(self) -> int | None:
        """Octets on the wire that were sent and not acknowledged; None: unknown, or after the end.

        With TLS it is a lower bound: encrypted data in the event loop is not counted.
        """
        if self._lost:
            return None
        if self._backlog is None:
            self._backlog = backlog_of(self._transport)
        return self._backlog()

    # As the protocol of the transport

    def data_received(self, data: bytes) -> None:
        """Handle received octets."""
        # 1. One whole text, as nearly always?
        if (
            self._ordinary
            and len(data) > HEADER_OCTETS + MAX_CONTROL_OCTETS
            and data.startswith(WHOLE_TEXT)
            and len(data) - HEADER_OCTETS == data[2] << 8 | data[3]
            and len(data) - HEADER_OCTETS <= self._max_octets
        ):
            self._take_text(apply_mask(data[HEADER_OCTETS:], data[HEADER_OCTETS - 4 : HEADER_OCTETS]))
            return
        # 2. Several texts? 3. The rest is handled frame by frame, in turns.
        taken, at = self._take_texts(data) if self._ordinary else (0, 0)
        if at < len(data) and not self._cut:
            self._octets += data[at:]
            if not self._turn_waits:
                self._handle_frames(TURN_FRAMES - taken)

    def connection_lost(self, _error: Exception | None) -> None:
        """Report the end, after the frames that wait for their turn."""
        self._lost, self._sends = True, False
        self._backlog = None
        release(self._transport)
        if not self._turn_waits:
            self._receiver.lost()

    def pause_writing(self) -> None:
        """Report that the other side reads slower than we send."""
        self._paused = True
        self._receiver.paused()

    def resume_writing(self) -> None:
        """Report that it has caught up."""
        self._paused = False
        self._receiver.resumed()

    def _take_texts(self, data: bytes) -> tuple[int, int]:
        """Handle the whole texts at the beginning of the data: chunks of two tracks often arrive together.

        Returns:
            How many they were, and where they end.
        """
        at, taken = 0, 0
        while taken < TURN_FRAMES and self._ordinary and data.startswith(WHOLE_TEXT, at):
            begin = at + HEADER_OCTETS
            end = begin + int.from_bytes(data[at + 2 : at + 4])
            if end > len(data) or not MAX_CONTROL_OCTETS < end - begin <= self._max_octets:
                break
            self._take_text(apply_mask(data[begin:end], data[begin - 4 : begin]))
            at, taken = end, taken + 1
        return taken, at

    def _take_turn(self) -> None:
        """Handle a share of the waiting frames, and resume reading when none is left."""
        self._turn_waits = False
        try:
            self._handle_frames(TURN_FRAMES)
        except BaseException:
            self.abort()
            raise
        if self._turn_waits:
            return
        if self._lost:
            self._receiver.lost()
        elif not self._transport.is_closing():
            self._transport.resume_reading()

    def _handle_frames(self, share: int) -> None:
        """Handle up to this number of frames; others wait for the next turn of the event loop."""
        octets, at = self._octets, 0
        try:
            for _ in range(share):
                used_octets = self._handle_frame(at)
                if not used_octets:
                    break
                at += used_octets
            else:
                self._turn_waits = True
                if not self._transport.is_closing():
                    self._transport.pause_reading()
                asyncio.get_running_loop().call_soon(self._take_turn)
        finally:
            del octets[:at]
            self._ordinary = not (
                octets
                or self._turn_waits
                or self._joiner.joining
                or self._done_reading
                or self._skip_octets
                or self._cut
            )

    def _handle_frame(self, at: int) -> int:
        """Handle the frame that begins at an octet. Returns the handled octets; 0: more must be read."""
        octets = self._octets
        available = len(octets) - at
        # 1. The rest of a dropped payload?
        if self._skip_octets:
            return self._skip(self._skip_octets, available)
        # 2. A complete header?
        header = read_header(octets, at)
        if header is None:
            return 0
        # 3. After the end of delivery, only a close frame matters.
        if self._done_reading:
            self._receiver.touched(header.payload_octets)
            if header.opcode == CLOSE:
                self._transport.close()
            return self._skip(header.end, available)
        # 4. A broken rule?
        broken = header_fault(header, self._max_octets)
        if broken is not None:
            self._fail(broken)
            return self._skip(header.end, available)
        if available < header.end:
            return 0
        # 5. A complete frame.
        payload_at = at + header.payload_at
        payload = apply_mask(octets[payload_at : at + header.end], octets[payload_at - 4 : payload_at])
        if header.flags == FIN | TEXT and not self._joiner.joining:
            self._take_text(payload)
        else:
            self._take_rare(header, payload)
        return header.end

    def _skip(self, octets: int, available: int) -> int:
        """Drop octets, and count those that must still be read and dropped."""
        used_octets = min(octets, available)
        self._skip_octets = octets - used_octets
        return used_octets

    def _take_text(self, payload: bytes) -> None:
        try:
            text = text_of(payload)
        except BrokenFrame as broken:
            self._fail(broken)
        else:
            self._receiver.received(text)

    def _take_rare(self, header: FrameHeader, payload: bytes) -> None:
        """Handle control frames, fragments and binary messages."""
        if header.opcode == PONG:
            self._receiver.ponged(payload)
            return
        self._receiver.touched()
        if header.opcode == PING:
            if self._sends and not self._paused:  # pongs would accumulate if the other side does not read
                self._transport.write(server_frame(PONG, payload))
        elif header.opcode == CLOSE:
            self._answer_close(payload)
        else:
            try:
                self._join(header, payload)
            except (BrokenFragments, BrokenFrame) as broken:
                self._fail(broken)

    def _join(self, header: FrameHeader, payload: bytes) -> None:
        message = self._joiner.put(
            payload,
            opens=header.opcode != CONTINUATION,
            last=header.fin,
            binary=header.opcode == BINARY,
        )
        if message is None:
            return
        if self._joiner.binary:
            octets = len(message)
            self._receiver.rejected("text", f"a binary message of {octets} octets, messages are text", octets=octets)
        else:
            self._receiver.received(text_of(message))

    def _fail(self, broken: BrokenFragments | BrokenFrame) -> None:
        """Report a broken rule, for which the receiver closes, and deliver nothing more (RFC 6455 section 7.1.7)."""
        self._done_reading, self._ordinary = True, False
        self._receiver.rejected(broken.rule, broken.detail, broken.code)

    def _answer_close(self, payload: bytes) -> None:
        try:
            code = close_code_of(payload)
        except BrokenFrame as broken:
            self._fail(broken)
        else:
            self._done_reading = True
            self._receiver.peer_closed(code)
            self.close(code or 1000)
        self._transport.close()
