"""Whether speech has a band above 4 kHz: a wide-band codec often carries the audio of a narrow-band phone."""

from __future__ import annotations

from array import array
from functools import lru_cache
from math import cos, log10, pi, sin
from typing import Final, Literal

from rtpcodec.codecs import codec
from rtpcodec.errors import UnknownCodec
from rtpcodec.kernels.bands import band_energy
from rtpcodec.kernels.levels import energy
from rtpcodec.stream.events import Audio
from rtpcodec.stream.messages import MediaFormat

Bandwidth = Literal["narrow", "wide"]

LOW_HZ: Final = 4400
HIGH_HZ: Final = 6200
"""The measured band: above narrow-band speech, and below the band that AMR-WB generates (from 6.4 kHz)."""
LEAST_RATE_HZ: Final = 16000
QUIET_DBOV: Final = -62.0
BELOW_LOUDEST_DB: Final = 30.0
"""Chunks below QUIET_DBOV, or this far below the loudest chunk, are not speech."""
WIDE_SHARE: Final = 0.008
"""Mean share of the band in wide-band speech at least: -21 dB. It has -17 to -10 dB, mostly in consonants."""
WIDE_SUM: Final = 1.5
"""Minimum sum of shares: four consonants or more."""
NARROW_SHARE: Final = 0.004
"""Mean share in narrow-band speech at most: -24 dB. It has -50 to -40 dB, after AMR-WB up to -25 dB."""
NARROW_MS: Final = 2000.0
"""Minimum duration of speech without the band: a sentence of this length has consonants."""


class BandwidthMeter:
    """Measures the speech of one track until the bandwidth is known. Use from one thread at a time."""

    __slots__ = ("_loudest_db", "_share", "_sound_ms", "_taps", "found")

    def __init__(self, sample_rate_hz: int) -> None:
        """Make a meter. sample_rate_hz: rate of the PCM, at least LEAST_RATE_HZ."""
        self._taps = _band_filter(sample_rate_hz)
        self._loudest_db = QUIET_DBOV
        self._share = 0.0
        self._sound_ms = 0.0
        self.found: Bandwidth | None = None

    def take(self, pcm: bytes, duration_ms: float) -> None:
        """Measure the next PCM."""
        # 1. Speech? Otherwise it does not count.
        taps, step = self._taps
        if len(pcm) <= len(taps):
            return
        mean_square = 2 * energy(pcm) / len(pcm)
        level_db = 10 * log10(mean_square / 32768**2 + 1e-12)
        self._loudest_db = max(self._loudest_db, level_db)
        if level_db < max(QUIET_DBOV, self._loudest_db - BELOW_LOUDEST_DB):
            return
        # 2. Add the share of the band. 3. Is the sum, or the mean, decisive?
        chunks = duration_ms / 20
        self._share += chunks * min(1.0, band_energy(pcm, taps, step) / mean_square)
        self._sound_ms += duration_ms
        share = self._share / (self._sound_ms / 20)
        if self._share >= WIDE_SUM and share >= WIDE_SHARE:
            self.found = "wide"
        elif self._sound_ms >= NARROW_MS and share < NARROW_SHARE:
            self.found = "narrow"


def meter_for(media_format: MediaFormat, audio: Audio) -> BandwidthMeter | Bandwidth | None:
    """Return the meter of a track; "narrow" if the codec lacks the band; None if the PCM cannot show it.

    media_format: The declared format.
    audio: A chunk of the track.
    """
    try:
        info = codec(media_format.encoding)
    except UnknownCodec:
        return None
    declared_hz = media_format.sample_rate_hz
    if info.kind == "sample" and declared_hz in info.sample_rates_hz:
        coded_hz = declared_hz or 0
    else:
        coded_hz = max(info.sample_rates_hz)  # frames have the band that their encoder has chosen
    if coded_hz < LEAST_RATE_HZ:
        return "narrow"
    return BandwidthMeter(audio.sample_rate_hz) if audio.pcm and audio.sample_rate_hz >= LEAST_RATE_HZ else None


@lru_cache(maxsize=8)
def _band_filter(rate_hz: int) -> tuple[bytes, int]:
    """Return a windowed-sinc band-pass (Hamming) as int16 taps, and the step between needed outputs."""
    half = 24 * rate_hz // LEAST_RATE_HZ
    taps = array("h")
    for at in range(-half, half + 1):
        window = 0.54 + 0.46 * cos(pi * at / half)
        ideal = 2 * (HIGH_HZ - LOW_HZ) / rate_hz
        if at:
            ideal = (sin(2 * pi * HIGH_HZ * at / rate_hz) - sin(2 * pi * LOW_HZ * at / rate_hz)) / (pi * at)
        taps.append(round(32768 * window * ideal))
    return taps.tobytes(), 4 * rate_hz // LEAST_RATE_HZ
