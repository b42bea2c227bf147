"""Mode mp3: PCM and MP3 files to messages with one whole file each."""

from __future__ import annotations

from collections import deque
from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio import mp3
from rtpcodec.stream.items import Item
from rtpcodec.stream.rate_conversion import MultiRateResampler

MAX_COLLECTED_MS: Final = 15_000.0
"""Duration of PCM that becomes one MP3 without a `flush`, so that audio is heard even if `flush` is never called."""

MAX_FILE_OCTETS: Final = 2 * mp3.MAX_MESSAGE_MP3_OCTETS
"""Limit on a file with its tags, which are not sent. All calls wait while `play_mp3` reads a file, about 7 ms per MB. A
file cannot be read later, because `play_mp3` must raise its errors."""

TURN_SAMPLES: Final = 2000
"""Samples that one turn of an event loop may encode: this takes up to 2.5 ms at any rate."""


class _File:
    """One file: a whole MP3, or PCM that is collected and encoded in pieces until the file is closed."""

    __slots__ = ("_encoder", "_pcm", "_sample_rate_hz", "closed", "done", "samples")

    def __init__(self, sample_rate_hz: int) -> None:
        self.done: Item | None = None
        """The whole file; None: it is not completely encoded."""
        self.closed = False
        """Whether no more PCM is added."""
        self.samples = 0
        self._sample_rate_hz = sample_rate_hz
        self._pcm = bytearray()
        self._encoder: mp3.Mp3Encoder | None = None

    def put(self, pcm: Buffer) -> None:
        octets = memoryview(pcm)
        self._pcm += octets
        self.samples += octets.nbytes // 2

    @property
    def has_work(self) -> bool:
        return self.done is None and (self.closed or bool(self._pcm))

    def work(self, most_samples: float) -> int:
        """Encode at most this many samples, and finish a closed file after the last one. Returns their number."""
        if self._encoder is None:
            self._encoder = mp3.Mp3Encoder(self._sample_rate_hz)
        end = 2 * int(min(most_samples, self.samples))
        piece = bytes(self._pcm[:end])
        del self._pcm[:end]
        if piece:
            self._encoder.put(piece)
        if self.closed and not self._pcm:
            self.done = self._encoder.finish(), self.samples * 1000 / self._sample_rate_hz
        return len(piece) // 2


class Mp3Encoding:
    """Mode mp3: PCM is collected until `flush` ends the file; a message contains a whole file.

    PCM is encoded as it is played, TURN_SAMPLES per turn of the event loop. It cannot wait until the file is due,
    because only a whole file can be sent.
    """

    __slots__ = (
        "_files",
        "_max_samples",
        "_rates",
        "_unfinished",
        "pcm_hz",
        "sample_rate_hz",
        "taken_samples",
        "turn_ms",
        "waiting_samples",
    )

    def __init__(self, sample_rate_hz: int, max_queue_ms: float) -> None:
        mp3.bit_rates_kbps(sample_rate_hz)  # raises ValueError for a rate that MP3 does not have
        self.pcm_hz = self.sample_rate_hz = sample_rate_hz
        self.turn_ms = TURN_SAMPLES * 1000 / sample_rate_hz
        self._rates = MultiRateResampler(sample_rate_hz)
        self.waiting_samples = 0
        self.taken_samples = 0
        self._files: deque[_File] = deque()
        self._unfinished: deque[_File] = deque()  # the files that are not completely encoded
        # Half of the queue: the other half can be sent meanwhile, so audio without a flush never stands still.
        self._max_samples = max(1, int(min(MAX_COLLECTED_MS, max_queue_ms / 2) * sample_rate_hz / 1000))

    @property
    def item_ms(self) -> float | None:
        """Duration of the next file; None: it is not completely encoded."""
        done = self._files[0].done if self._files else None
        return None if done is None else done[1]

    @property
    def has_work(self) -> bool:
        """Whether PCM waits to be encoded."""
        return bool(self._unfinished) and self._unfinished[0].has_work

    def work(self, most_ms: float) -> None:
        """Encode at most this much audio."""
        left = most_ms * self.sample_rate_hz / 1000
        while self.has_work and left > 0:
            file = self._unfinished[0]
            left -= file.work(left)
            if file.done is not None:
                self._unfinished.popleft()

    def require_rate(self, from_hz: int) -> None:
        """Raise ValueError if PCM of this rate cannot be resampled, MissingExtra if no MP3 encoder is installed."""
        mp3.soundfile()  # raise now, not at the flush
        self._rates.require(from_hz)

    def put_pcm(self, octets: bytes, from_hz: int) -> None:
        """Append int16 PCM of a rate that `require_rate` accepts."""
        self._put(self._rates.resample(octets, from_hz))

    def _put(self, pcm: Buffer) -> None:
        samples = memoryview(pcm)
        self.waiting_samples += len(samples) // 2
        while samples:
            if not self._files or self._files[-1].closed:
                self._append(_File(self.sample_rate_hz))
            file = self._files[-1]
            room = 2 * (self._max_samples - file.samples)
            file.put(samples[:room])
            samples = samples[room:]
            file.closed = file.samples == self._max_samples

    def put_encoded(self, payload: Buffer, duration_ms: float) -> None:
        """Append a file after the PCM that was collected. Raises ValueError if it is too long for a message."""
        # 1. One file, or parts that can be joined? 2. Otherwise decode it, to encode it again.
        data = bytes(memoryview(payload))
        whole = _one_file(data)
        if whole is None:
            pcm, rate_hz = mp3.decode(data)
            file = _File(rate_hz)
            file.put(pcm)
            octets = file.samples / rate_hz * mp3.DEFAULT_BIT_RATES_KBPS[rate_hz] * 125
            if octets > mp3.MAX_MESSAGE_MP3_OCTETS:
                raise ValueError(f"MP3 has {octets:.0f} octets, at most {mp3.MAX_MESSAGE_MP3_OCTETS} are allowed")
            duration_ms = file.samples * 1000 / rate_hz
        else:
            mp3.require_mp3(whole)
            # Joined parts have more samples than alone: the padding of their encoders is between them.
            duration_ms = mp3.duration_ms(whole)
            file = _File(self.sample_rate_hz)
            file.done = whole, duration_ms
        self.flush()
        file.closed = True
        self._append(file)
        self.waiting_samples += round(duration_ms * self.sample_rate_hz / 1000)

    def _append(self, file: _File) -> None:
        self._files.append(file)
        if file.done is None:
            self._unfinished.append(file)

    def file_ms(self, payload: Buffer) -> float:
        """Return the duration of all parts of a file. Raises ValueError if it is not an MP3 or too large, TypeError."""
        octets = memoryview(payload)
        if octets.itemsize != 1:
            raise TypeError(f"payload has items of format '{octets.format}', octets ('B', 'b', 'c') are needed")
        if octets.nbytes > MAX_FILE_OCTETS:
            raise ValueError(
                f"MP3 has {octets.nbytes} octets, at most {MAX_FILE_OCTETS} are allowed, tags and pictures included"
            )
        return mp3.duration_ms(payload)

    def flush(self) -> None:
        """End the current file, with the tails of the resamplers."""
        tails = self._rates.flush()
        if tails:
            self._put(tails)
        if self._files:
            self._files[-1].closed = True

    def take(self) -> Item:
        """Remove and return the first file."""
        item = self._files.popleft().done
        if item is None:
            raise RuntimeError("take was called while item_ms is None")
        samples = round(item[1] * self.sample_rate_hz / 1000)
        self.waiting_samples -= samples
        self.taken_samples += samples
        return item

    def drop(self) -> None:
        """Drop all files and the collected PCM."""
        self._rates.reset()
        self._files.clear()
        self._unfinished.clear()
        self.waiting_samples = 0

    def describe(self) -> str:
        """Return format and rate."""
        return f"MP3 {self.sample_rate_hz} Hz"


def _one_file(data: bytes) -> bytes | None:
    """Return the same audio as one file, without tags; None: it must be encoded again.

    A message contains one whole MP3 file, and decoders stop at the end of the first of several joined files. One
    message per part would take one second each, whatever its duration. So the frames of all parts are placed after one
    header frame. This keeps their quality and takes microseconds, but leaves the silence that encoders add at the ends,
    50 to 80 ms at each border. If parts differ in rate or channels, no decoder could continue: they are encoded again.
    """
    parts = mp3.split(data)
    if len(parts) == 1:
        return parts[0]
    try:
        return mp3.join(parts)
    except ValueError:
        return None
