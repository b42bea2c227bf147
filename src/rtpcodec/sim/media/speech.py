"""The caller's speech: a WAV file, PCM, or pieces that a generator makes while the call runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, cast

from typing_extensions import Buffer

from rtpcodec.audio.files import read_wav
from rtpcodec.audio.pcm_check import PcmCheck
from rtpcodec.audio.rates import resampler_between
from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.pcm import copy_samples
from rtpcodec.kernels.resample import RATES_HZ

SpeechSource = str | os.PathLike[str] | Buffer | Iterable[Buffer]

_STEP_MS: Final = 20
"""Speech is resampled in pieces of this length, not all at once, and at most one chunk ahead."""


class Speech:
    """Speech at any rate that it can be resampled to, one chunk at a time."""

    __slots__ = ("_at", "_check", "_ended", "_piece", "_pieces", "_ready", "_resampler", "held", "sample_rate_hz")

    def __init__(self, pieces: Iterable[Buffer], sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._pieces: Iterator[Buffer] = iter(pieces)
        self._piece = b""
        self._at = 0  # how much of the piece was taken
        self._ready = bytearray()
        self._resampler: Resampler | None = None
        self._check = PcmCheck("speech")
        self._ended = False
        self.held = False
        """While it is set, the speech pauses."""

    def tune(self, to_hz: int) -> None:
        """Choose the rate of the samples from `take`. ValueError: the speech cannot be resampled to it."""
        self._resampler = self._resampler_to(to_hz)
        self._ready.clear()

    def require_way_to(self, to_hz: int) -> None:
        """Check a rate. ValueError: the speech cannot be resampled to it."""
        self._resampler_to(to_hz)

    def _resampler_to(self, to_hz: int) -> Resampler | None:
        try:
            return resampler_between("speech_hz", self.sample_rate_hz, "the stream's rate", to_hz)
        except ValueError as error:
            raise ValueError(f"speech has {self.sample_rate_hz} Hz, the stream {to_hz} Hz: {error}") from None

    def take(self, samples: int) -> bytes:
        """Take the next samples, fewer when the speech pauses or ends. Raises the errors of the generator."""
        if self.held:
            return b""
        octets = 2 * samples
        while len(self._ready) < octets and self._step():
            pass
        taken = bytes(self._ready[:octets])
        del self._ready[:octets]
        return taken

    @property
    def ended(self) -> bool:
        """Whether all of it was taken."""
        return self._ended and not self._ready

    def _step(self) -> bool:
        """Prepare a little more. Returns False at the end or during a pause."""
        if self._ended:
            return False
        if self._at == len(self._piece):
            try:
                self._piece, self._at = copy_samples(next(self._pieces)), 0
                self._check.check(memoryview(self._piece))
            except StopIteration:
                self._ended = True
                if self._resampler is not None:
                    self._ready += self._resampler.flush()
                return True
            if not self._piece:
                return False
        end = self._at + 2 * max(1, self.sample_rate_hz * _STEP_MS // 1000)
        step, self._at = self._piece[self._at : end], min(end, len(self._piece))
        self._ready += step if self._resampler is None else self._resampler.resample(step)
        return True


def open_speech(source: SpeechSource, speech_hz: int | None, default_hz: int) -> Speech:
    """Open speech: a path to a WAV file, PCM, or an iterable of PCM pieces, of which an empty one is a pause.

    PCM has speech_hz, or default_hz without it. A file whose rate cannot be resampled piece by piece is converted once.
    ValueError: a rate for a file that has its own, a file as PCM. AudioWarning: PCM that looks like floats.
    """
    if isinstance(source, str | os.PathLike):
        if speech_hz is not None:
            raise ValueError(f"speech_hz is {speech_hz}, but the WAV file says its rate itself")
        pcm, file_hz = _read(Path(source))
        return Speech([pcm] if pcm else [], file_hz)
    rate_hz = default_hz if speech_hz is None else speech_hz
    if rate_hz < 1:
        raise ValueError(f"speech_hz is {rate_hz}, at least 1 is needed")
    try:
        view = memoryview(source)  # type: ignore[arg-type]  # asking is the only way to know on Python 3.11
    except TypeError:
        return Speech(cast("Iterable[Buffer]", source), rate_hz)
    pcm = copy_samples(view)
    PcmCheck("speech").check(memoryview(pcm))
    return Speech([pcm] if pcm else [], rate_hz)


def _read(path: Path) -> tuple[bytes, int]:
    pcm, rate_hz = read_wav(path)
    if rate_hz in RATES_HZ:
        return pcm, rate_hz
    from rtpcodec.audio.whole_rate import at_streaming_rate  # noqa: PLC0415 -- it loads numpy

    return at_streaming_rate(pcm, rate_hz)
