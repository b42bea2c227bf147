"""Whether speech has a band above 4 kHz: a wide-band codec often carries what a narrow-band phone has sent."""

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
"""The band that decides: above all of narrow-band speech, below what AMR-WB generates (from 6.4 kHz)."""
LEAST_RATE_HZ: Final = 16000
QUIET_DBOV: Final = -62.0
BELOW_LOUDEST_DB: Final = 30.0
"""Chunks that are quieter, or so far below the loudest one, are not speech."""
WIDE_SHARE: Final = 0.008
"""The mean share of the band: -21 dB. Wide-band speech has -17 to -10 dB, most of it in its consonants."""
WIDE_SUM: Final = 1.5
"""Shares together: four consonants or more."""
NARROW_SHARE: Final = 0.004
"""-24 dB. Narrow-band speech has -50 to -40 dB, through AMR-WB up to -25 dB."""
NARROW_MS: Final = 2000.0
"""Speech without the band: a sentence of that length has consonants."""


class BandwidthMeter:
    """Measures the speech of one track until it knows. Use from one thread at a time."""

    __slots__ = ("_loudest_db", "_share", "_sound_ms", "_taps", "found")

    def __init__(self, sample_rate_hz: int) -> None:
        """Begin. sample_rate_hz: of the PCM, at least LEAST_RATE_HZ."""
        self._taps = _band_filter(sample_rate_hz)
        self._loudest_db = QUIET_DBOV
        self._share = 0.0
        self._sound_ms = 0.0
        self.found: Bandwidth | None = None

    def take(self, pcm: bytes, duration_ms: float) -> None:
        """Take the next PCM."""
        taps, step = self._taps
        if len(pcm) <= len(taps):
            return
        mean_square = 2 * energy(pcm) / len(pcm)
        level_db = 10 * log10(mean_square / 32768**2 + 1e-12)
        self._loudest_db = max(self._loudest_db, level_db)
        if level_db < max(QUIET_DBOV, self._loudest_db - BELOW_LOUDEST_DB):
            return
        chunks = duration_ms / 20
        self._share += chunks * min(1.0, band_energy(pcm, taps, step) / mean_square)
        self._sound_ms += duration_ms
        share = self._share / (self._sound_ms / 20)
        if self._share >= WIDE_SUM and share >= WIDE_SHARE:
            self.found = "wide"
        elif self._sound_ms >= NARROW_MS and share < NARROW_SHARE:
            self.found = "narrow"


def meter_for(media_format: MediaFormat, audio: Audio) -> BandwidthMeter | Bandwidth | None:
    """Return the meter of a track; "narrow" where the codec has no such band; None where the PCM does not show it.

    media_format: as declared.
    audio: a chunk of the track.
    """
    try:
        info = codec(media_format.encoding)
    except UnknownCodec:
        return None
    declared_hz = media_format.sample_rate_hz
    if info.kind == "sample" and declared_hz in info.sample_rates_hz:
        coded_hz = declared_hz or 0
    else:
        coded_hz = max(info.sample_rates_hz)  # frames have the band that their encoder chose
    if coded_hz < LEAST_RATE_HZ:
        return "narrow"
    return BandwidthMeter(audio.sample_rate_hz) if audio.pcm and audio.sample_rate_hz >= LEAST_RATE_HZ else None


@lru_cache(maxsize=8)
def _band_filter(rate_hz: int) -> tuple[bytes, int]:
    """Return a windowed-sinc band-pass (Hamming) as int16 taps, and how far apart its output is needed."""
    half = 24 * rate_hz // LEAST_RATE_HZ
    taps = array("h")
    for at in range(-half, half + 1):
        window = 0.54 + 0.46 * cos(pi * at / half)
        ideal = 2 * (HIGH_HZ - LOW_HZ) / rate_hz
        if at:
            ideal = (sin(2 * pi * HIGH_HZ * at / rate_hz) - sin(2 * pi * LOW_HZ * at / rate_hz)) / (pi * at)
        taps.append(round(32768 * window * ideal))
    return taps.tobytes(), 4 * rate_hz // LEAST_RATE_HZ
