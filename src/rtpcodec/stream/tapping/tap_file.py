"""The file of one tap: opened with its first audio, whose rate it keeps. Samples are only appended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from os import PathLike
from pathlib import Path
from typing import Final, Protocol

from rtpcodec.audio.rates import resampler_between
from rtpcodec.audio.resample import Resampler
from rtpcodec.pickling import Live

MIN_SILENCE_MS: Final = 1.0
"""Shorter gaps are rounding of ms to samples. Filling them would cause the clicks that a tap must find."""
MAX_AHEAD_MS: Final = 5000.0
"""With silence, a file may be longer than its tap has run by this much, so that wild counters do not fill the disk."""


class PcmFile(Protocol):
    """A file of PCM, such as a WavWriter."""

    def write(self, pcm: bytes) -> None:
        """Append native int16 samples."""

    def write_silence(self, samples: int) -> None:
        """Append silence."""

    def close(self) -> None:
        """Close the file."""


OpenFile = Callable[[int], PcmFile]
"""Opens the file at a rate."""


class TapFile(Live):
    """Writes chunks at their times. Use from one thread at a time."""

    __slots__ = ("_begun_ms", "_file", "_open", "_origin_ms", "_rate_hz", "_resampler", "_written", "error")

    def __init__(self, open_file: OpenFile) -> None:
        """Make a file that is not open yet. open_file: called with the rate of the first audio."""
        self._open = open_file
        self._file: PcmFile | None = None
        self._rate_hz = 0
        self._resampler: Resampler | None = None
        self._written = 0
        self._origin_ms = 0.0  # the time of the file's first sample, minus the time left out since
        self._begun_ms = inf
        self.error: OSError | ValueError | None = None
        """The error that ended the file early, such as a full disk; None: no error."""

    def put(self, pcm: bytes, rate_hz: int, at_ms: float, now_ms: float, *, private: bool) -> None:
        """Append a chunk, after silence if it begins later than the file ends. An error of the file ends it.

        Args:
            pcm: Native int16 PCM.
            rate_hz: Its rate; it is resampled to the rate of the first chunk.
            at_ms: Its time on the axis of the stage. A time before the end of the file: it follows without a seam.
            now_ms: The time, on any clock that runs as fast as the axis.
            private: Whether it is replaced by silence.
        """
        if self.error is not None:
            return
        try:
            self._put(bytes(len(pcm)) if private else pcm, rate_hz, at_ms, now_ms)
        except (OSError, ValueError) as error:
            self.error = error.with_traceback(None)
            self.close()

    def _put(self, pcm: bytes, rate_hz: int, at_ms: float, now_ms: float) -> None:
        if self._file is None:
            self._file = self._open(rate_hz)
            self._rate_hz, self._origin_ms, self._begun_ms = rate_hz, at_ms, now_ms
        self._fill(at_ms, now_ms)
        if rate_hz != self._rate_hz:
            if self._resampler is None or self._resampler.from_hz != rate_hz:
                self._resampler = resampler_between("the tapped rate", rate_hz, "the file's rate", self._rate_hz)
            if self._resampler is not None:
                pcm = self._resampler.resample(pcm)
        self._file.write(pcm)
        self._written += len(pcm) >> 1

    def restart_at(self, at_ms: float) -> None:
        """Continue the axis at this time from the end of the file, because its zero has moved."""
        self._origin_ms = at_ms - self._written * 1000 / (self._rate_hz or 1)

    def _fill(self, at_ms: float, now_ms: float) -> None:
        missing_ms = at_ms - self._origin_ms - self._written * 1000 / self._rate_hz
        if missing_ms < MIN_SILENCE_MS:
            if missing_ms < -MIN_SILENCE_MS:  # the following audio is late by this much
                self._origin_ms += missing_ms
            return
        allowed_ms = now_ms - self._begun_ms + MAX_AHEAD_MS - self._written * 1000 / self._rate_hz
        silent_ms = min(missing_ms, max(0.0, allowed_ms))
        self._origin_ms += missing_ms - silent_ms
        samples = round(silent_ms * self._rate_hz / 1000)
        if samples and self._file is not None:
            self._file.write_silence(samples)
            self._written += samples

    def close(self) -> None:
        """Close the file. It does nothing if there was no audio."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError as error:
            self.error = self.error or error.with_traceback(None)


@contextmanager
def new_file(path: str | PathLike[str]) -> Iterator[None]:
    """Make an empty file, so that errors are raised now and not with the first audio. Remove it if the block fails.

    Raises: OSError; FileExistsError if the file exists.
    """
    made = Path(path)
    made.open("xb").close()
    try:
        yield
    except BaseException:
        made.unlink()
        raise
