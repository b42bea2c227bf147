"""The timeline of one call: one track of samples per direction, each of which only grows at its end.

A track is held back while packets of the other direction may still arrive; one that is further behind is filled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.channels import interleave
from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.series import SeriesCounter

LEAD_MS: Final = 3000
"""How far one direction may be ahead of another one whose packets are all on time: longer than missing packets are
waited for, and longer than the shift by sender reports."""
MAX_LATENESS_MS: Final = 60_000
"""Packets may be later than the quickest one by this much. It bounds the memory: 6 MB for a call at 48 kHz."""
BATCH_MS: Final = 100
"""Sound is written to the sink in pieces of at least this length."""
MAX_PIECES: Final = 10
"""Packets whose sound is passed on at once: 200 ms of usual packets."""
PIECE_SAMPLES: Final = 8000
"""Long silence is written in pieces of this length, so memory does not grow with it."""


class CallSink(Protocol):
    """Receives the sound of one call, such as an audio file that is written."""

    def write(self, pcm: bytes, /) -> object:
        """Write native int16 PCM: interleaved channels, whole frames."""


class Track(Live):
    """One direction of a call. Use from one thread at a time."""

    __slots__ = ("_fill", "_grown", "counter", "end", "energy", "lead_samples", "pending", "rate_hz")

    def __init__(self, rate_hz: int, grown: Callable[[Track], None], lateness_ms: float = 0.0) -> None:
        self.rate_hz = rate_hz
        self.lead_samples = int((LEAD_MS + min(lateness_ms, MAX_LATENESS_MS)) * rate_hz / 1000)
        """How far another track may be ahead of this one."""
        self.end = 0
        """The number of samples so far."""
        self.pending = bytearray()
        """The samples not written yet."""
        self.energy = 0.0
        """The energy of all samples; a sample at full scale adds 1."""
        self.counter = SeriesCounter(rate_hz)
        self._grown = grown
        self._fill: Callable[[int], None] | None = None

    def append(self, pcm: bytes) -> None:
        """Add samples."""
        if pcm:
            self.energy += self.counter.sound(pcm)
            self.pending += pcm
            self.end += len(pcm) // 2
            self._grown(self)

    def silence_to(self, position: int) -> None:
        """Add silence up to a position."""
        while self.end < position:
            samples = min(position - self.end, PIECE_SAMPLES)
            self.counter.silence(samples)
            self.pending += bytes(2 * samples)
            self.end += samples
            self._grown(self)

    def fill_by(self, fill: Callable[[int], None] | None) -> None:
        """Set what `fill_to` calls; None: silence."""
        self._fill = fill

    def fill_to(self, position: int) -> None:
        """Fill the track approximately up to a position, because nothing has arrived for it."""
        if self._fill is not None:
            self._fill(position)
        else:
            self.silence_to(position)


class Passage(Live):
    """Consecutive samples of one rate on a track, resampled without delay. Use from one thread at a time."""

    __slots__ = (
        "_began",
        "_opening",
        "_pieces",
        "_resampler",
        "_skip",
        "_ticks",
        "_track",
        "_waiting",
        "clock_hz",
        "native_end",
        "native_hidden",
        "native_hz",
        "start",
    )

    def __init__(self, track: Track, native_hz: int, start: int, ticks: int, clock_hz: int) -> None:
        """Begin a passage.

        Args:
            track: the track; samples at positions that it already has are dropped.
            native_hz: rate of the samples in Hz, that of the track or one that `Resampler` takes.
            start: position on the track, in its samples.
            ticks: the same position in ticks of the RTP clock, from the base of its timestamps.
            clock_hz: RTP clock in Hz.
        """
        track.silence_to(start)
        self._track = track
        self._resampler = None if native_hz == track.rate_hz else Resampler(native_hz, track.rate_hz)
        self._skip = track.end - start + (0 if self._resampler is None else self._resampler.delay_samples)
        self.native_hz = native_hz
        self.native_end = 0
        """The number of samples so far, at native_hz."""
        self.native_hidden = (track.end - start) * native_hz // track.rate_hz
        """The first samples that are dropped, because the track has others there."""
        self.start = start
        self._ticks = ticks
        self.clock_hz = clock_hz
        self._opening = b""
        self._pieces: list[bytes] = []
        """Samples not passed on yet: larger pieces are cheaper."""
        self._waiting = 0
        """The number of packets that they come from."""
        self._began = track.energy, track.end

    @property
    def room(self) -> int:
        """The number of further packets until the piece is passed on."""
        return MAX_PIECES - self._waiting

    def sounded(self) -> tuple[float, int]:
        """Return energy and number of the samples that this passage has added to the track."""
        energy, end = self._began
        return self._track.energy - energy, self._track.end - end

    def open_with(self, pcm: bytes) -> None:
        """Add the first samples, which `trim_opening` may still shorten."""
        self.native_end = len(pcm) // 2
        self._opening = pcm

    def trim_opening(self, samples: int) -> int:
        """Drop samples of the opening, unless others already follow. Return how many were dropped."""
        samples = 0 if self._pieces else min(samples, len(self._opening) // 2)
        self._opening = self._opening[2 * samples :]
        self.native_end -= samples
        return samples

    def write(self, pcm: bytes) -> None:
        """Add samples at their own rate."""
        self.native_end += len(pcm) // 2
        self._pieces.append(pcm)
        self._waiting += 1
        if self._waiting >= MAX_PIECES or len(pcm) >= PIECE_SAMPLES:
            self.flush()

    def write_run(self, pcm: bytes, packets: int) -> None:
        """Add the samples of up to `room` packets, each below PIECE_SAMPLES octets, as if each was written."""
        self.native_end += len(pcm) // 2
        self._pieces.append(pcm)
        self._waiting += packets
        if self._waiting >= MAX_PIECES:
            self.flush()

    def flush(self) -> None:
        """Pass the samples on to the track."""
        pcm = b"".join([self._opening, *self._pieces])
        self._opening = b""
        self._pieces.clear()
        self._waiting = 0
        self._append(pcm if self._resampler is None else self._resampler.resample(pcm))

    def position_of(self, native: int) -> int:
        """Return where a sample of the passage lies on the track."""
        return self.start + native * self._track.rate_hz // self.native_hz

    def native_at(self, ticks: int) -> int:
        """Return the sample of the passage at ticks of the RTP clock."""
        return (ticks - self._ticks) * self.native_hz // self.clock_hz

    def native_of(self, position: int) -> int:
        """Return the sample of the passage at a position on the track."""
        return (position - self.start) * self.native_hz // self._track.rate_hz

    def close(self) -> None:
        """End the passage with the samples that the resampler holds back."""
        self.flush()
        if self._resampler is not None:
            self._append(self._resampler.flush())

    def _append(self, pcm: bytes) -> None:
        if self._skip:
            dropped = min(self._skip, len(pcm) // 2)
            self._skip -= dropped
            pcm = pcm[2 * dropped :]
        self._track.append(pcm)


class CallTimeline(Live):
    """The tracks of one call, written to its sink as channels."""

    __slots__ = ("_batch_octets", "_opened", "_sink", "samples", "tracks")

    def __init__(
        self, rate_hz: int, lateness_ms: Sequence[float], sink: AbstractContextManager[CallSink] | None
    ) -> None:
        """Create the tracks.

        Args:
            rate_hz: sample rate of the sound in Hz.
            lateness_ms: per track, the greatest lateness of its packets in ms. It is filled only where none can arrive.
            sink: receives the sound, entered here and exited by `close`; None: the sound is only measured.
        """
        self.tracks = tuple([Track(rate_hz, self._grown, one_ms) for one_ms in lateness_ms])
        self.samples = 0
        """The number of samples written per track."""
        self._opened = sink
        self._sink = None if sink is None else sink.__enter__()
        self._batch_octets = 2 * (BATCH_MS * rate_hz // 1000)

    def finish(self) -> None:
        """Fill all tracks to equal length, write the rest and close the sink."""
        end = max(track.end for track in self.tracks)
        for track in self.tracks:
            track.silence_to(end)
        self._write(min(len(track.pending) for track in self.tracks))
        self.close(None)

    def close(self, error: BaseException | None) -> None:
        """Exit the sink, with the error that ends the call if there is one. Further calls do nothing."""
        opened, self._opened, self._sink = self._opened, None, None
        if opened is not None:
            opened.__exit__(
                None if error is None else type(error), error, None if error is None else error.__traceback__
            )

    def _grown(self, grown: Track) -> None:
        """Fill tracks that are too far behind the one that has grown, and write what all tracks have."""
        # 1. No packet can arrive any more for a track that is further behind than its lead.
        for track in self.tracks:
            if grown.end - track.end > track.lead_samples:
                track.fill_to(grown.end - track.lead_samples)
        # 2. The sink gets the part that all tracks have, in pieces of at least BATCH_MS.
        ready = min([len(track.pending) for track in self.tracks])
        if ready >= self._batch_octets:
            self._write(ready)

    def _write(self, octets: int) -> None:
        pieces = []
        for track in self.tracks:
            pieces.append(bytes(memoryview(track.pending)[:octets]))
            del track.pending[:octets]
        self.samples += octets // 2
        if self._sink is not None and octets:
            self._sink.write(pieces[0] if len(pieces) == 1 else interleave(pieces))
