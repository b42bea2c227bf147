"""The sent audio by sent position: payloads, their PCM on demand, and the level of each 20 ms."""

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
"""Length of the blocks that levels are measured in: a usual message."""
_position_of = attrgetter("position")


class SentMessage:
    """One message of audio."""

    __slots__ = ("of_reply", "payload", "pcm", "position", "private", "samples")

    def __init__(self, position: int, samples: int, payload: bytes, *, of_reply: bool, private: bool) -> None:
        self.position = position
        self.samples = samples
        self.payload = payload
        self.of_reply = of_reply
        """False: background sound or keep-alive alone."""
        self.private = private
        """Whether it was sent in a private section and must not be kept."""
        self.pcm: bytes | None = None
        """None: not decoded yet."""


class SentLog(Live):
    """The sent audio of one stream (a SentSink). Use from one thread at a time."""

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

        Args:
            decoder: of the stream's payloads.
            sample_rate_hz: of the codec's samples.
            position: where the next message begins.
            privacy: the session's private sections.
        """
        self._decoder = decoder
        self._privacy = privacy
        self._messages: list[SentMessage] = []
        self._decodes = False  # whether PCM was asked for
        self._decoded = 0  # the number of messages, from the first, that have PCM
        self.block_samples = sample_rate_hz * BLOCK_MS // 1000
        """Samples of a block of BLOCK_MS."""
        self.first_block = position // self.block_samples
        """The number of the first kept block, counted from sent position 0."""
        self.powers: list[float] = []
        """The mean square of each block, changed in place."""
        self.unmeasured: list[SentMessage] = []
        """Messages that were sent as payloads: measuring their level needs the decoder."""

    def __len__(self) -> int:
        return len(self._messages)

    def sent(self, position: int, samples: int, pieces: list[Piece], payload: bytes, reply: Reply | None) -> None:
        """Add one message: see SentSink."""
        message = SentMessage(position, samples, payload, of_reply=reply is not None, private=self._privacy.active)
        self._messages.append(message)
        # 1. The usual message is exactly one block. 2. Other PCM spans blocks. 3. Payloads are measured on demand.
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
        """The sent position of the oldest kept message; None: no message is kept."""
        return self._messages[0].position if self._messages else None

    def drop(self, position: int) -> None:
        """Drop messages that end before a sent position."""
        messages = self._messages
        count = bisect_right(messages, position, key=_position_of) - 1
        if count <= 0:
            return
        if self._decodes:
            self._pcm(count - 1)  # keeps the decoder's state: the far end has decoded them, heard or not
        del messages[:count]
        self._decoded = max(0, self._decoded - count)
        first = messages[0].position
        self.unmeasured = [message for message in self.unmeasured if message.position >= first]
        first_block = first // self.block_samples
        del self.powers[: first_block - self.first_block]
        self.first_block = first_block

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, SentMessage, bytes]]:
        """Yield position, message and PCM of each kept piece of audio between two sent positions."""
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
        """Return the PCM of a message. Earlier messages are decoded first, because decoders have state."""
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
        """Return the mean square of the loudest block that overlaps the range between two sent positions."""
        if self.unmeasured:
            self.measure_payloads()
        first = start // self.block_samples - self.first_block
        last = (end - 1) // self.block_samples - self.first_block + 1
        return max(self.powers[first if first > 0 else 0 : last], default=0.0) if last > 0 else 0.0

    def silence(self, start: int, end: int) -> None:
        """Silence the blocks that lie entirely between two sent positions, because they were not heard."""
        first = max(0, -(-start // self.block_samples) - self.first_block)
        last = max(first, end // self.block_samples - self.first_block)
        self.powers[first:last] = [0.0] * len(self.powers[first:last])

    def measure_payloads(self) -> None:
        """Measure the messages that were sent as payloads."""
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
