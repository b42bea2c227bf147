"""What was sent, by sent position: payloads, their PCM when it is wanted, and the level of each 20 ms."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from rtpcodec.kernels.levels import energy
from rtpcodec.pickling import Live
from rtpcodec.stream.items import Kind, Piece
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.sent_decoder import SentDecoder
from rtpcodec.stream.speaking.reply import Reply

BLOCK_MS: Final = 20
"""Levels are those of blocks of this length, the usual message."""
_position_of = attrgetter("position")


class SentMessage:
    """One message of audio."""

    __slots__ = ("of_reply", "payload", "pcm", "position", "private", "samples")

    def __init__(self, position: int, samples: int, payload: bytes, *, of_reply: bool, private: bool) -> None:
        self.position = position
        self.samples = samples
        self.payload = payload
        self.of_reply = of_reply
        """False: a background or keep-alive alone."""
        self.private = private
        """Whether it was sent in a private section, so that nobody may keep it."""
        self.pcm: bytes | None = None
        """None: it was not decoded yet."""


class SentLog(Live):
    """The audio of one stream as it was sent. A SentSink. Use from one thread at a time."""

    __slots__ = (
        "_decoded",
        "_decoder",
        "_decodes",
        "_messages",
        "_privacy",
        "block_samples",
        "first_block",
        "powers",
        "unmeasured",
    )

    def __init__(self, decoder: SentDecoder, sample_rate_hz: int, position: int, privacy: Privacy) -> None:
        """Make it empty.

        decoder: of the stream's payloads.
        sample_rate_hz: of the codec's samples.
        position: where the next message begins.
        privacy: the session's private sections.
        """
        self._decoder = decoder
        self._privacy = privacy
        self._messages: list[SentMessage] = []
        self._decodes = False  # somebody wanted PCM
        self._decoded = 0  # messages that have PCM, the first ones
        self.block_samples = sample_rate_hz * BLOCK_MS // 1000
        """Of a block of BLOCK_MS."""
        self.first_block = position // self.block_samples
        """The number of the first block that is kept, counted from sent position 0."""
        self.powers: list[float] = []
        """Mean square of each block, changed in place."""
        self.unmeasured: list[SentMessage] = []
        """Sent as payloads, so that a decoder must say their level."""

    def __len__(self) -> int:
        return len(self._messages)

    def sent(self, position: int, samples: int, pieces: list[Piece], payload: bytes, reply: Reply | None) -> None:
        """Take one message: see SentSink."""
        message = SentMessage(position, samples, payload, of_reply=reply is not None, private=self._privacy.active)
        self._messages.append(message)
        kind, pcm = pieces[0]
        if samples == self.block_samples and len(pieces) == 1 and kind is Kind.READY and not position % samples:
            self.powers.append(energy(pcm) / samples)
        elif all(kind is Kind.READY for kind, _ in pieces):
            self._measure(position, b"".join([pcm for _, pcm in pieces]))
        else:
            self._measure(position, bytes(2 * samples))
            self.unmeasured.append(message)

    @property
    def first_position(self) -> int | None:
        """Where the oldest message begins that is kept; None: none is."""
        return self._messages[0].position if self._messages else None

    def drop(self, position: int) -> None:
        """Drop what ends before a sent position."""
        messages = self._messages
        count = bisect_right(messages, position, key=_position_of) - 1
        if count <= 0:
            return
        if self._decodes:
            self._pcm(count - 1)  # a decoder has a state: the far end has decoded them, heard or not
        del messages[:count]
        self._decoded = max(0, self._decoded - count)
        first = messages[0].position
        self.unmeasured = [message for message in self.unmeasured if message.position >= first]
        first_block = first // self.block_samples
        del self.powers[: first_block - self.first_block]
        self.first_block = first_block

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, SentMessage, bytes]]:
        """Yield the audio between two sent positions, as far as it is kept: position, message and PCM of each piece."""
        messages = self._messages
        index = max(0, bisect_right(messages, start, key=_position_of) - 1)
        while index < len(messages) and messages[index].position < end:
            message = messages[index]
            pcm = self._pcm(index)
            first, last = max(start, message.position), min(end, message.position + message.samples)
            if first < last:
                if last - first < message.samples:
                    pcm = pcm[2 * (first - message.position) : 2 * (last - message.position)]
                yield first, message, pcm
            index += 1

    def _pcm(self, index: int) -> bytes:
        """Return the PCM of a message. Those before it are decoded first, as decoders have a state."""
        messages = self._messages
        self._decodes = True
        while self._decoded <= index:
            message = messages[self._decoded]
            message.pcm = self._decoder.decode(message.payload, message.samples)
            message.payload = b""
            self._decoded += 1
        pcm = messages[index].pcm
        return b"" if pcm is None else pcm

    def power(self, start: int, end: int) -> float:
        """Return the mean square of the loudest block that lies between two sent positions, at least in part."""
        if self.unmeasured:
            self.measure_payloads()
        first = start // self.block_samples - self.first_block
        last = (end - 1) // self.block_samples - self.first_block + 1
        return max(self.powers[first if first > 0 else 0 : last], default=0.0) if last > 0 else 0.0

    def silence(self, start: int, end: int) -> None:
        """Note that the blocks that lie between two sent positions as a whole were not heard."""
        first = max(0, -(-start // self.block_samples) - self.first_block)
        last = max(first, end // self.block_samples - self.first_block)
        self.powers[first:last] = [0.0] * len(self.powers[first:last])

    def measure_payloads(self) -> None:
        """Measure what was sent as payloads."""
        unmeasured, self.unmeasured = self.unmeasured, []
        for message in unmeasured:
            index = bisect_right(self._messages, message.position, key=_position_of) - 1
            self._measure(message.position, self._pcm(index))

    def _measure(self, position: int, pcm: bytes) -> None:
        """Measure PCM block by block. A block that several messages share has the level of the loudest."""
        octets, powers, block = memoryview(pcm), self.powers, self.block_samples
        start, end = position, position + len(pcm) // 2
        while start < end:
            index = start // block
            stop = min(end, (index + 1) * block)
            power = energy(octets[2 * (start - position) : 2 * (stop - position)]) / (stop - start)
            at = index - self.first_block
            if at < len(powers):
                powers[at] = max(powers[at], power)
            else:
                powers.append(power)
            start = stop
