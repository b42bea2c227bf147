"""The first half of the send chain in mode rtp: audio waits as it was played, and is encoded when it is due."""

from __future__ import annotations

from typing_extensions import Buffer

from rtpcodec.audio.rates import resampler_between
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.items import Item, Packing, octets_of, pcm_octets
from rtpcodec.stream.send_queue import Kind, SendQueue


class RtpEncoding:
    """Audio of mode rtp on its way to items. See SendEncoding for the contract. Use from one thread at a time.

    Samples are counted at the codec's rate, also those that the resampler has not made yet: after n samples in, exactly
    floor(n * to / from) are out. So the length of what waits is known before anything is resampled or encoded.
    """

    __slots__ = (
        "_frame_samples",
        "_packing",
        "_pcm_samples",
        "_queue",
        "_resampler",
        "_surplus",
        "_tail_samples",
        "_unit_samples",
        "frame_ms",
        "has_work",
        "pcm_hz",
        "sample_rate_hz",
        "taken_samples",
        "turn_ms",
        "waiting_samples",
    )

    def __init__(self, packing: Packing, pcm_hz: int | None) -> None:
        self._packing = packing
        self.sample_rate_hz = packing.sample_rate_hz
        self._frame_samples = packing.frame_samples
        self._unit_samples = packing.unit_samples
        self.frame_ms: float | None = packing.frame_samples * 1000 / packing.sample_rate_hz
        self.turn_ms = packing.turn_ms
        self.pcm_hz = pcm_hz or packing.sample_rate_hz
        self._resampler = resampler_between("send_pcm_hz", self.pcm_hz, "send_rate_hz of the plan", self.sample_rate_hz)
        self.has_work = False
        """Items are made when they are taken, never before."""
        self._queue = SendQueue()
        self._surplus = b""  # resampled PCM before the queue: one sample in may give several
        self.waiting_samples = 0
        self.taken_samples = 0
        self._tail_samples = 0  # samples of the last item, if it is not complete
        self._pcm_samples = 0  # of the resampler's stream, at pcm_hz, waiting ones included

    @property
    def item_ms(self) -> float | None:
        """Duration of the next item; None: none can be made yet."""
        if self._unit_samples is None:
            item_ms = self._queue.first_item_ms
            if item_ms is not None:
                return item_ms
        # A payload that is an item of its own completes the one before it, so what lies before it is whole items.
        return self.frame_ms if self.waiting_samples >= self._frame_samples else None

    def work(self, most_ms: float) -> None:
        """Do nothing."""

    # Appending

    def put_pcm(self, pcm: Buffer) -> None:
        """Append PCM at pcm_hz. ValueError, TypeError: it is not 16-bit PCM; nothing was appended."""
        octets = pcm_octets(pcm)
        samples = len(octets) >> 1
        if not samples:
            return
        if self._resampler is None:
            self._queue.put(Kind.READY, octets)
        else:
            self._queue.put(Kind.PCM, octets)
            before = self._pcm_samples * self.sample_rate_hz // self.pcm_hz
            self._pcm_samples += samples
            samples = self._pcm_samples * self.sample_rate_hz // self.pcm_hz - before
        self.waiting_samples += samples
        self._tail_samples = (self._tail_samples + samples) % self._frame_samples

    def put_resampled(self, pcm: Buffer) -> None:
        """Append PCM at sample_rate_hz. ValueError, TypeError: it is not 16-bit PCM; nothing was appended."""
        octets = pcm_octets(pcm)
        if octets:
            self._end_pcm()
            self._queue.put(Kind.READY, octets)
            self._count(len(octets) >> 1)

    def put_encoded(self, payload: Buffer, duration_ms: float) -> None:
        """Append octets in the send codec that play so long."""
        octets = bytes(memoryview(payload))
        if not octets:
            return
        self._end_pcm()
        samples = round(duration_ms * self.sample_rate_hz / 1000)
        unit_samples = self._unit_samples
        if unit_samples is None:
            self.complete_item()
            self._queue.put(Kind.ITEM, octets, duration_ms)
            self.waiting_samples += samples
        else:
            self._put_silence(-self._tail_samples % unit_samples)
            self._queue.put(Kind.OCTETS, octets)
            self._count(samples)

    def encoded_ms(self, payload: Buffer, mode: str, call: str) -> float:
        """Return the duration in ms of octets for `put_encoded`: see SendEncoding."""
        return self._packing.payload_ms(octets_of(payload, "rtp", mode, call))

    def flush(self) -> None:
        """End an utterance: append the resampler's tail, and silence that completes the last item."""
        self._end_pcm()
        self.complete_item()

    def complete_item(self) -> None:
        """Append silence that completes the last item."""
        self._put_silence(-self._tail_samples % self._frame_samples)

    def _end_pcm(self) -> None:
        """Append the resampler's tail, if anything went into the resampler since its last one."""
        if self._resampler is not None and self._pcm_samples:
            self._pcm_samples = 0
            self._queue.put(Kind.TAIL, b"")
            self._count(self._resampler.delay_samples)

    def _put_silence(self, samples: int) -> None:
        if samples:
            self._queue.put(Kind.READY, bytes(2 * samples))
            self._count(samples)

    def _count(self, samples: int) -> None:
        self.waiting_samples += samples
        self._tail_samples = (self._tail_samples + samples) % self._frame_samples

    # Taking

    def take(self) -> Item:
        """Encode and remove the next item; item_ms must not be None."""
        queue = self._queue
        if self._unit_samples is None and (item_ms := queue.first_item_ms) is not None:
            samples = round(item_ms * self.sample_rate_hz / 1000)
            self.waiting_samples -= samples
            self.taken_samples += samples
            return queue.take(queue.first_octets), item_ms
        missing = self._frame_samples
        self.waiting_samples -= missing
        self.taken_samples += missing
        while True:
            pcm = self._next_pcm(missing)
            if pcm is None:
                octets, samples = self._next_units(missing)
                item = self._packing.put_octets(octets)
            else:
                samples = len(pcm) >> 1
                item = self._packing.put_pcm(pcm)
            if item is not None:
                return item
            missing -= samples

    def _next_pcm(self, missing: int) -> bytes | None:
        """Return at most so many samples at the codec's rate, perhaps none of this piece; None: octets are next."""
        queue, resampler = self._queue, self._resampler
        if self._surplus:
            pcm, self._surplus = self._surplus, b""
            return pcm
        kind = queue.first
        if kind is Kind.READY:
            return queue.take(2 * missing)
        if resampler is None or kind is Kind.OCTETS:
            return None
        if kind is Kind.TAIL:
            queue.take(0)
            pcm = resampler.flush()
        else:
            # The fewest samples that give the missing ones.
            samples = missing * self.pcm_hz // self.sample_rate_hz
            while resampler.output_samples(samples) < missing:
                samples += 1
            pcm = resampler.resample(queue.take(2 * samples))
        if len(pcm) > 2 * missing:
            self._surplus = pcm[2 * missing :]
            pcm = pcm[: 2 * missing]
        return pcm

    def _next_units(self, missing: int) -> tuple[bytes, int]:
        """Return octets of at most so many samples, and their samples."""
        unit_samples = self._unit_samples or 1
        unit_octets = self._packing.unit_octets
        octets = self._queue.take(missing // unit_samples * unit_octets)
        return octets, len(octets) // unit_octets * unit_samples

    def drop(self) -> None:
        """Drop all audio that waits, and clear the resampler's history."""
        self._queue.clear()
        self._surplus = b""
        self._packing.reset()
        if self._resampler is not None:
            self._resampler.reset()
        self.waiting_samples = self._tail_samples = self._pcm_samples = 0

    def follow(self, heard: PayloadFormat | None) -> None:
        """Send in the packing and mode that the far end's payloads ask for: see Packing.follow."""
        self._packing.follow(heard)

    def describe(self) -> str:
        """Describe resampling, codec and rate for people."""
        coded = self._packing.describe()
        return coded if self._resampler is None else f"{self.pcm_hz} Hz -> {coded}"
