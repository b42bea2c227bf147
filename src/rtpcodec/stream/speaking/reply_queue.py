"""The queue of one reply: audio that waits to be sent, in its original form. It is resampled when it is taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from typing_extensions import Buffer

from rtpcodec.audio.rates import require_rate
from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.fading import fade
from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.items import Kind, Packing, Piece
from rtpcodec.stream.speaking._states import Rate, ReplyQueueState
from rtpcodec.stream.speaking.send_queue import SendQueue

Tones = Sequence[tuple[int, int]]
"""Content positions at which tones of keys begin and end, in samples, with several frames of silence between tones.
Empty: the reply has no such tones."""


class ReplyQueue(ReplyQueueState):
    """First-in, first-out queue of PCM and payloads. Use from one thread at a time.

    Samples are counted at the codec's rate, even before they are resampled: n input samples give exactly
    floor(n * to / from) output samples. So the length of the queue is known in advance.
    """

    __slots__ = ("tones",)

    packing: Packing

    def __init__(self, packing: Packing) -> None:
        """Make an empty queue; packing: that of the stream, which all its replies share."""
        self.packing = packing
        self._queue = SendQueue()
        self._front: deque[Piece] = NO_ITEMS  # at the codec's rate, before the queue
        self._rates: dict[int, Rate] = {}
        self._tail_samples = 0  # samples of the last frame, if it is not complete
        self.waiting_samples = 0
        self.taken_samples = 0
        self.tones: Tones = ()
        """Where its audio is tones of keys."""
        self.kept_samples = 0
        """Waiting samples that were sent before and dropped by a clear. They do not count against the limit."""

    # Appending

    def put_pcm(self, octets: bytes, from_hz: int) -> None:
        """Append int16 PCM. Raises: ValueError, and appends nothing, if streams cannot be resampled from this rate."""
        samples = len(octets) >> 1
        to_hz = self.packing.sample_rate_hz
        if from_hz == to_hz:
            if samples:
                self._queue.put(Kind.READY, octets)
                self.waiting_samples += samples
                self._tail_samples = (self._tail_samples + samples) % self.packing.frame_samples
            return
        rate = self._rates.get(from_hz) or self._new_rate(from_hz)
        if not samples:
            return
        if next(reversed(self._rates), None) != from_hz:  # resampler tails follow in the order in which rates ended
            self._rates.pop(from_hz, None)
            self._rates[from_hz] = rate
        before = rate.samples_in * to_hz // from_hz
        rate.samples_in += samples
        self._queue.put(Kind.PCM, octets, rate)
        self._count(rate.samples_in * to_hz // from_hz - before)

    def require_rate(self, from_hz: int) -> None:
        """Raise ValueError if streams cannot be resampled from this rate."""
        if from_hz not in self._rates and from_hz != self.packing.sample_rate_hz:
            self._new_rate(from_hz)

    def _new_rate(self, from_hz: int) -> Rate:
        require_rate("pcm_hz", from_hz)
        return Rate(from_hz, Resampler(from_hz, self.packing.sample_rate_hz))

    def put_payload(self, payload: Buffer, duration_ms: float) -> None:
        """Append octets in the send codec, with their duration."""
        octets = bytes(memoryview(payload))
        if not octets:
            return
        self._end_rates()
        packing = self.packing
        samples = round(duration_ms * packing.sample_rate_hz / 1000)
        if packing.unit_samples is None:
            self.complete_frame()
            self._queue.put(Kind.ITEM, octets, samples)
            self.waiting_samples += samples
        else:
            self._put_silence(-self._tail_samples % packing.unit_samples)
            self._queue.put(Kind.OCTETS, octets)
            self._count(samples)

    def drop_oldest(self, samples: int) -> tuple[int, int]:
        """Drop the oldest samples that were not sent before, in whole frames or messages: this many or more.

        Later content moves to their place.

        Returns: the content position at which samples were dropped, and how many.
        """
        frame_samples = self.packing.frame_samples
        at = self.taken_samples + self._front_samples()
        queued = self.taken_samples + self.waiting_samples - at
        samples = min(-(-samples // frame_samples) * frame_samples, queued)
        dropped = 0
        while dropped < samples:
            missing = self._queue.first_extra if self._queue.first is Kind.ITEM else samples - dropped
            dropped += self._next_queued(missing)[1]
        self.waiting_samples -= dropped
        return at, dropped

    def _front_samples(self) -> int:
        unit_samples, unit_octets = self.packing.unit_samples or 1, self.packing.unit_octets
        found = 0
        for kind, octets in self._front:
            if kind is Kind.READY:
                found += len(octets) >> 1
            elif kind is Kind.ITEM:
                found += round(self.packing.payload_ms(octets) * self.packing.sample_rate_hz / 1000)
            else:
                found += len(octets) // unit_octets * unit_samples
        return found

    def put_first(self, pieces: list[Piece], samples: int) -> None:
        """Put back whole frames that were taken before. They are taken next, and do not count against the limit."""
        if self._front is NO_ITEMS:
            self._front = deque()
        self._front.extendleft(reversed(pieces))
        self.waiting_samples += samples
        self.kept_samples += samples
        self.taken_samples -= samples

    def fade_in(self, samples: int) -> None:
        """Fade in the first samples of PCM, across pieces. Payloads stay unchanged."""
        faded = 0
        for at, (kind, pcm) in enumerate(self._front):
            if kind is not Kind.READY or faded >= samples:
                return
            self._front[at] = (kind, fade(pcm, faded, samples, True))
            faded += len(pcm) >> 1

    def flush(self) -> None:
        """End the reply: append the tails of the resamplers, and silence that completes the last frame."""
        self._end_rates()
        self.complete_frame()

    def complete_frame(self) -> None:
        """Append silence that completes the last frame."""
        self._put_silence(-self._tail_samples % self.packing.frame_samples)

    def _end_rates(self) -> None:
        for rate in self._rates.values():
            self._queue.put(Kind.TAIL, b"", rate)
            self._count(rate.resampler.delay_samples)
        self._rates.clear()

    def _put_silence(self, samples: int) -> None:
        if samples:
            self._queue.put(Kind.READY, bytes(2 * samples))
            self._count(samples)

    def _count(self, samples: int) -> None:
        self.waiting_samples += samples
        self._tail_samples = (self._tail_samples + samples) % self.packing.frame_samples

    # Taking

    @property
    def first_item_samples(self) -> int | None:
        """Samples of the first piece if it is one message of a frame codec, otherwise None."""
        if self._front:
            kind, octets = self._front[0]
            if kind is not Kind.ITEM:
                return None
            return round(self.packing.payload_ms(octets) * self.packing.sample_rate_hz / 1000)
        return self._queue.first_extra if self._queue.first is Kind.ITEM else None

    def take(self, samples: int) -> list[Piece]:
        """Remove and return this many waiting samples. An ITEM must be taken as a whole."""
        self.waiting_samples -= samples
        self.taken_samples += samples
        if self.kept_samples:
            self.kept_samples = max(0, self.kept_samples - samples)
        if self._front or self._queue.first is not Kind.READY:
            piece, found = self._next(samples)
        else:
            pcm = self._queue.take(2 * samples)
            piece, found = (Kind.READY, pcm), len(pcm) >> 1
        if found == samples:
            return [piece]
        pieces = [piece]
        while found < samples:
            piece, more = self._next(samples - found)
            if more:
                pieces.append(piece)
                found += more
        return pieces

    def _next(self, missing: int) -> tuple[Piece, int]:
        """Remove and return at most this many samples of the first piece, and their number (possibly 0)."""
        return self._next_of_front(missing) if self._front else self._next_queued(missing)

    def _next_queued(self, missing: int) -> tuple[Piece, int]:
        """Remove and return at most this many samples of the first piece that was not sent before."""
        queue = self._queue
        kind = queue.first
        if kind is Kind.READY:
            pcm = queue.take(2 * missing)
            return (kind, pcm), len(pcm) >> 1
        if kind is Kind.OCTETS:
            unit_samples = self.packing.unit_samples or 1
            octets = queue.take(missing // unit_samples * self.packing.unit_octets)
            return (kind, octets), len(octets) // self.packing.unit_octets * unit_samples
        if kind is Kind.ITEM:
            return (kind, queue.take(queue.first_octets)), missing
        return self._resampled(missing)

    def _resampled(self, missing: int) -> tuple[Piece, int]:
        queue = self._queue
        rate: Rate = queue.first_extra
        if queue.first is Kind.TAIL:
            queue.take(0)
            pcm = rate.resampler.flush()
        else:
            # The fewest input samples that give the missing ones.
            samples = missing * rate.from_hz // self.packing.sample_rate_hz
            while rate.resampler.output_samples(samples) < missing:
                samples += 1
            pcm = rate.resampler.resample(queue.take(2 * samples))
        if len(pcm) > 2 * missing:  # one input sample may give several
            self._put_behind_front(pcm[2 * missing :])
            pcm = pcm[: 2 * missing]
        return (Kind.READY, pcm), len(pcm) >> 1

    def _next_of_front(self, missing: int) -> tuple[Piece, int]:
        kind, octets = self._front.popleft()
        if kind is Kind.ITEM:
            return (kind, octets), missing
        if kind is Kind.READY:
            unit_samples, unit_octets = 1, 2
        else:
            unit_samples, unit_octets = self.packing.unit_samples or 1, self.packing.unit_octets
        end = missing // unit_samples * unit_octets
        if end < len(octets):
            self._front.appendleft((kind, octets[end:]))
            octets = octets[:end]
        return (kind, octets), len(octets) // unit_octets * unit_samples

    def _put_behind_front(self, pcm: bytes) -> None:
        if self._front is NO_ITEMS:
            self._front = deque()
        self._front.append((Kind.READY, pcm))

    def drop(self) -> None:
        """Drop all waiting audio and the resamplers."""
        self._queue.clear()
        self._front = NO_ITEMS
        self._rates.clear()
        self.waiting_samples = self.kept_samples = self._tail_samples = 0
