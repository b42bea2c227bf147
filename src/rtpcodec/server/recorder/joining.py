"""Joins audio without a seam, at the rate of the file: received tracks, and heard audio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtpcodec.audio.levels import rms_dbov
from rtpcodec.audio.rates import resampler_between
from rtpcodec.server.recorder.pieces import Piece

SAMPLE_OCTETS: Final = 2
SEAM_MS: Final = 1.0
"""Received audio that begins within this distance from the end of the previous audio follows it directly, because media
times are rounded."""
ABSORBED_MS: Final = 10.0
"""Drift of heard audio is absorbed in a pause when it reaches this value, half of the allowed error of a recording."""
SILENT_DBOV: Final = -60.0
"""Quieter speech of ours counts as a pause."""
SKEW_MS: Final = 60_000.0
"""The skew of the clocks is measured over runs of at least this duration."""

Placed = tuple[int, bytes]
"""The first sample, and the PCM."""


class _Run:
    """PCM of one rate without a seam, converted to the file's rate. The resampler's delay is removed."""

    __slots__ = ("_begin", "_from_hz", "_late", "_next", "_resampler", "_samples", "_to_hz")

    def __init__(self, begin: int, from_hz: int, to_hz: int) -> None:
        self._begin = self._next = begin
        self._from_hz, self._to_hz = from_hz, to_hz
        self._samples = 0
        self._resampler = resampler_between("the rate of the audio", from_hz, "the rate of the file", to_hz)
        self._late = 0 if self._resampler is None else self._resampler.delay_samples

    @property
    def from_hz(self) -> int:
        """The rate of the added PCM."""
        return self._from_hz

    @property
    def end(self) -> float:
        """The sample of the file at which the added PCM ends."""
        return self._begin + self._samples * self._to_hz / self._from_hz

    def add(self, pcm: bytes) -> Placed:
        """Return the part that can be written now."""
        self._samples += len(pcm) // SAMPLE_OCTETS
        return self._place(pcm if self._resampler is None else self._resampler.resample(pcm))

    def finish(self) -> Placed:
        """Return the resampler's tail."""
        return self._place(b"" if self._resampler is None else self._resampler.flush())

    def _place(self, pcm: bytes) -> Placed:
        early = min(self._late, len(pcm) // SAMPLE_OCTETS)
        self._late -= early
        pcm = pcm[early * SAMPLE_OCTETS :]
        at = self._next
        self._next += len(pcm) // SAMPLE_OCTETS
        return at, pcm


class ReceivedSide:
    """A received track: each chunk is placed at its time."""

    __slots__ = ("_run", "_to_hz")

    def __init__(self, to_hz: int) -> None:
        self._to_hz = to_hz
        self._run: _Run | None = None

    def place(self, piece: Piece) -> Iterator[Placed]:
        """Yield the parts that can be written now."""
        run = self._run
        at = piece.at_ms * self._to_hz / 1000
        if run is None or run.from_hz != piece.sample_rate_hz or abs(at - run.end) > SEAM_MS * self._to_hz / 1000:
            yield from self.finish()
            run = self._run = _Run(round(at), piece.sample_rate_hz, self._to_hz)
        yield run.add(piece.pcm)

    def finish(self) -> Iterator[Placed]:
        """Yield the rest."""
        if self._run is not None:
            yield self._run.finish()
            self._run = None


class HeardSide:
    """Heard audio: each run is joined without a seam, and drift is absorbed in pauses only."""

    __slots__ = ("_end", "_first", "_number", "_run", "_to_hz", "absorbed_ms", "absorptions", "skew_ppm")

    def __init__(self, to_hz: int) -> None:
        self._to_hz = to_hz
        self._run: _Run | None = None
        self._number = -1
        self._end = 0.0
        self._first: tuple[float, float] = (0.0, 0.0)
        self.absorbed_ms = 0.0
        """Silence that was added because of drift, minus audio that was left out."""
        self.absorptions = 0
        """How often drift was absorbed."""
        self.skew_ppm: float | None = None
        """How much slower the far end plays than the timeline runs, by the longest run; None: none was long enough."""

    def place(self, piece: Piece) -> Iterator[Placed]:
        """Yield the parts that can be written now."""
        pcm = piece.pcm or bytes(SAMPLE_OCTETS * piece.samples)
        at = piece.at_ms * self._to_hz / 1000
        run = self._run
        # 1. Does a new run begin?
        if run is None or piece.run != self._number or run.from_hz != piece.sample_rate_hz:
            yield from self.finish()
            self._number = piece.run
            self._first = (piece.at_ms, 0.0)
            run = self._run = _Run(round(max(at, self._end)), piece.sample_rate_hz, self._to_hz)
        else:
            # 2. Has the run drifted, and is this piece a pause? Then add silence, or leave out part of the piece.
            self._measure(piece)
            error_ms = (at - run.end) * 1000 / self._to_hz
            if abs(error_ms) >= ABSORBED_MS and (not piece.of_reply or rms_dbov(pcm) < SILENT_DBOV):
                pcm, error_ms = _shortened(pcm, piece.sample_rate_hz, error_ms)
                self.absorbed_ms += error_ms
                self.absorptions += 1
                if error_ms > 0:
                    yield from self.finish()
                    run = self._run = _Run(round(at), piece.sample_rate_hz, self._to_hz)
        # 3. Append the piece.
        self._first = (self._first[0], self._first[1] + piece.samples * 1000 / piece.sample_rate_hz)
        yield run.add(pcm)
        self._end = run.end

    def finish(self) -> Iterator[Placed]:
        """Yield the rest."""
        if self._run is not None:
            yield self._run.finish()
            self._run = None

    def _measure(self, piece: Piece) -> None:
        """Compare the duration of a run with the time in which it was heard."""
        begin_ms, length_ms = self._first
        if length_ms >= SKEW_MS:
            self.skew_ppm = (piece.at_ms - begin_ms - length_ms) / length_ms * 1e6


def _shortened(pcm: bytes, rate_hz: int, error_ms: float) -> tuple[bytes, float]:
    """Drop the beginning of audio that is late. Returns the rest, and the absorbed error."""
    if error_ms >= 0:
        return pcm, error_ms
    samples = min(round(-error_ms * rate_hz / 1000), len(pcm) // SAMPLE_OCTETS)
    return pcm[samples * SAMPLE_OCTETS :], -samples * 1000 / rate_hz
