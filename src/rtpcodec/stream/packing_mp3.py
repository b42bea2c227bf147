"""The packing of mode mp3: PCM and MP3 files become messages that carry one whole file each."""

from __future__ import annotations

from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio import mp3
from rtpcodec.kernels.pcm import copy_samples
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.items import Item

MAX_COLLECTED_MS: Final = 15_000.0
"""PCM that becomes one MP3 without a `flush`: encoding takes some ms per second of audio, and all calls wait for it."""

MAX_FILE_OCTETS: Final = 2 * mp3.MAX_MESSAGE_MP3_OCTETS
"""Of a file with its tags, which are not sent; all calls wait while a file is read, some 50 ms per MB."""


class Mp3Packing:
    """Mode mp3: PCM is collected until `flush` makes one file of it; a message carries a whole file."""

    __slots__ = ("_collected", "_max_samples", "frame_ms", "sample_rate_hz")

    def __init__(self, sample_rate_hz: int, max_queue_ms: float) -> None:
        mp3.bit_rates_kbps(sample_rate_hz)  # refuses a rate that MP3 does not have
        self.sample_rate_hz = sample_rate_hz
        self.frame_ms: None = None
        self._collected = bytearray()
        # Half of the queue: the other half can empty itself, so that what is played without a flush never stands still.
        self._max_samples = max(1, int(min(MAX_COLLECTED_MS, max_queue_ms / 2) * sample_rate_hz / 1000))

    @property
    def pending_ms(self) -> float:
        """Collected PCM as time."""
        return len(self._collected) // 2 * 1000 / self.sample_rate_hz

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """Return files where more was collected than one can hold, as a rule none. MissingExtra."""
        mp3.soundfile()  # without it nothing could become a file: raise now, not at the flush
        self._collected += copy_samples(pcm)
        size = 2 * self._max_samples
        full = len(self._collected) // size * size
        files = [self._file(bytes(self._collected[at : at + size])) for at in range(0, full, size)]
        del self._collected[:full]
        return files

    def put_payload(self, payload: memoryview) -> list[Item]:
        """Return a file, behind what was collected before it. ValueError: not an MP3, or too long for a message."""
        data = _one_file(bytes(payload))
        mp3.require_mp3(data)
        return [*self.flush(), (data, mp3.duration_ms(data))]

    def payload_ms(self, payload: Buffer) -> float:
        """Return how long a file plays, all parts of it. ValueError: not an MP3, or too large to be read."""
        octets = memoryview(payload).nbytes
        if octets > MAX_FILE_OCTETS:
            raise ValueError(f"MP3 has {octets} octets, {MAX_FILE_OCTETS} are the most with tags and pictures")
        return mp3.duration_ms(payload)

    def flush(self) -> list[Item]:
        """Return all collected PCM as one file."""
        files = [self._file(bytes(self._collected))] if self._collected else []
        self._collected.clear()
        return files

    def reset(self) -> None:
        """Drop the collected PCM."""
        self._collected.clear()

    def follow(self, heard: PayloadFormat | None) -> None:
        """Do nothing: a file says itself how it is coded."""

    def describe(self) -> str:
        """Return form and rate."""
        return f"MP3 {self.sample_rate_hz} Hz"

    def _file(self, pcm: bytes) -> Item:
        return mp3.encode(pcm, self.sample_rate_hz), len(pcm) // 2 * 1000 / self.sample_rate_hz


def _one_file(data: bytes) -> bytes:
    """Return the same audio as one file, without tags.

    A message holds "a whole MP3 file", and decoders stop where the first of several glued files ends. One message per
    part would take a second each, whatever its length. So the frames of all parts are placed behind one header frame.
    That keeps their quality and takes microseconds; the price is the silence that encoders add at their ends, 50 to
    80 ms at each border. Where parts differ in rate or channels, no decoder could continue: they are encoded again.
    """
    parts = mp3.split(data)
    if len(parts) == 1:
        return parts[0]
    try:
        return mp3.join(parts)
    except ValueError:
        return mp3.encode(*mp3.decode(data))
