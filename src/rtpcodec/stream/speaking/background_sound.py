"""Background sound: mixed under speech before its encoding, and played alone between replies. No I/O, no clock."""

from __future__ import annotations

from typing import Final

from rtpcodec.kernels.fading import fade
from rtpcodec.kernels.mixing import gain, mix
from rtpcodec.pickling import Live
from rtpcodec.stream.speaking.background_source import FADE_MS, BackgroundSource
from rtpcodec.stream.speaking.source_reader import SourceReader

DUCK_MS: Final = 50
"""Duration of a change between the full and the ducked level: shorter than a syllable."""
LEVELS_DBOV: Final = (-90.0, 0.0)
"""Allowed levels. Below the lower one, nothing is left of 16-bit samples."""
MAX_GAIN_DB: Final = 30.0
"""Limit of the gain. A recording below -75 dBov is mostly quantization noise, which a higher gain would amplify."""
MAX_DUCK_DB: Final = 60.0


class BackgroundSound(Live):
    """One background sound of one call. Use from one thread at a time.

    The root mean square of the whole recording becomes `level_dbov`. A silent recording stays silent, and the gain is
    at most MAX_GAIN_DB. Frequencies that the call's rate cannot carry are lost, so a hissing recording at 48000 Hz is
    quieter on a call at 8000 Hz.

    Each call of `under` and `alone` continues where the previous one ended, so the result does not depend on the
    lengths of the pieces. The sound fades in and out within FADE_MS.
    """

    __slots__ = (
        "_duck",
        "_duck_samples",
        "_ducked",
        "_factor",
        "_fade_in",
        "_fade_out",
        "_fade_samples",
        "_reader",
        "_stopped",
        "to_hz",
    )

    def __init__(
        self,
        source: BackgroundSource,
        to_hz: int,
        *,
        level_dbov: float = -45.0,
        loop: bool = True,
        duck_db: float = 0.0,
    ) -> None:
        """Make a background sound, which begins with the first `under` or `alone`.

        Args:
            source: the recording, from `background_source`.
            to_hz: the rate of the call's PCM in Hz.
            level_dbov: its level, -90 to 0; ambience is usually at -50 to -40.
            loop: repeat it until `stop`. False: it ends by itself.
            duck_db: how much quieter it is under speech, 0 to 60.

        Raises:
            ValueError: the recording cannot be resampled to this rate, or a level is out of range.
        """
        low, high = LEVELS_DBOV
        if not low <= level_dbov <= high:
            raise ValueError(f"level_dbov is {level_dbov!r}, {low:g} to {high:g} is needed")
        if not 0 <= duck_db <= MAX_DUCK_DB:
            raise ValueError(f"duck_db is {duck_db!r}, 0 to {MAX_DUCK_DB:g} is needed")
        self.to_hz = to_hz
        self._reader = SourceReader(source.pcm, source.pcm_hz, to_hz, loop=loop)
        self._factor: float = 10 ** (min(MAX_GAIN_DB, level_dbov - source.level_dbov) / 20)
        self._ducked = 10 ** (-duck_db / 20)
        self._duck_samples = to_hz * DUCK_MS // 1000 if duck_db else 0
        self._duck = 0  # progress towards the ducked level, in samples of the change
        self._fade_samples = to_hz * FADE_MS // 1000
        self._fade_in = self._fade_samples  # remaining samples of the fade-in
        self._fade_out: int | None = None  # remaining samples of the fade-out; None: not stopped
        self._stopped = False

    @property
    def ended(self) -> bool:
        """Whether it is over: stopped and faded out, or at the end of its recording."""
        end = self._reader.end_samples
        return self._stopped or (end is not None and self._reader.position >= end)

    @property
    def over_samples(self) -> int:
        """Samples since the end of the recording, which `rewind` may undo."""
        end = self._reader.end_samples
        return 0 if end is None else max(0, self._reader.position - end)

    @property
    def stopped(self) -> bool:
        """Whether it was stopped and has faded out, for good."""
        return self._stopped

    def under(self, speech: bytes) -> bytes:
        """Mix the sound under speech.

        Args:
            speech: native int16 PCM at `to_hz`.

        Returns:
            The sum, of the same length, saturated.
        """
        pcm, factor = self.part(len(speech) >> 1, under_speech=True)
        return mix((speech, pcm), (1.0, factor)) if factor else bytes(speech)

    def alone(self, samples: int) -> bytes:
        """Return the next samples of the sound; zeros after its end."""
        pcm, factor = self.part(samples, under_speech=False)
        return gain(pcm, factor) if factor else pcm

    def part(self, samples: int, *, under_speech: bool) -> tuple[bytes, float]:
        """Return the next samples and the gain that remains to be applied; gain 0: silence."""
        reader = self._reader
        if self.ended:
            reader.seek(reader.position + samples)
            return bytes(2 * samples), 0.0
        target = self._duck_samples if under_speech else 0
        begin = reader.position
        pcm = reader.read(samples)
        if self._fade_in:
            if self._fade_in == self._fade_samples:
                self._duck = target  # it was not heard before, so there is no level to move from
            pcm = self._faded_in(pcm)
        if reader.end_samples is not None and reader.position > reader.end_samples - self._fade_samples:
            pcm = _faded_out(pcm, reader.end_samples - begin, self._fade_samples)
        if self._fade_out is not None:
            pcm = _faded_out(pcm, self._fade_out, self._fade_samples)
            self._fade_out = max(0, self._fade_out - samples)
            self._stopped = not self._fade_out
        if self._duck != target:
            return self._moved(pcm, target), self._factor
        return pcm, self._factor * self._ducked if target else self._factor

    def rewind(self, samples: int, *, fade_in: bool = True) -> None:
        """Go back by this many samples, which the carrier dropped unheard.

        Args:
            samples: 0 or more; it never goes back beyond the beginning.
            fade_in: fade in, because the place where the heard audio broke off is an estimate. False: return the
                earlier samples again, without the fades and the ducking that they had.

        Raises:
            ValueError: for a negative number.
        """
        if samples < 0:
            raise ValueError(f"samples is {samples}, 0 or more is needed")
        if not samples:
            return
        self._reader.seek(max(0, self._reader.position - samples))
        if fade_in or not self._reader.position:
            self.fade_in()

    def fade_in(self) -> None:
        """Fade in from the next sample on, because other audio is heard before it."""
        if self._fade_out is None:
            self._fade_in = self._fade_samples

    def stop(self) -> None:
        """Fade out within the next FADE_MS; then `ended` is true. Another call does nothing."""
        if self._fade_out is None:
            # A sound that is fading in fades out from the level it has.
            self._fade_out = self._fade_samples - self._fade_in
            self._fade_in = 0
            self._stopped = not self._fade_out

    def _faded_in(self, pcm: bytes) -> bytes:
        whole, left = self._fade_samples, self._fade_in
        self._fade_in = max(0, left - (len(pcm) >> 1))
        return fade(pcm, whole - left, whole, True)

    def _moved(self, pcm: bytes, target: int) -> bytes:
        """Move the ducking factor linearly towards its target, within DUCK_MS."""
        begin, whole, samples = self._duck, self._duck_samples, len(pcm) >> 1
        rising = target < begin
        self._duck = max(target, begin - samples) if rising else min(target, begin + samples)
        # A level in between is the ducked level plus a share of the difference to the full level.
        fading = fade(pcm, whole - begin if rising else begin, whole, rising)
        return mix((pcm, fading), (self._ducked, 1.0 - self._ducked))


def _faded_out(pcm: bytes, left: int, whole: int) -> bytes:
    """Fade out the last `whole` samples before the end, which lies `left` samples after the start of the PCM."""
    begin = 2 * (left - whole)
    if begin > 0:
        return pcm[:begin] + fade(pcm[begin:], 0, whole, False)
    return fade(pcm, whole - left, whole, False)
