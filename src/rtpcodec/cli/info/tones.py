"""Detects the tones of one channel and prints them."""

from __future__ import annotations

from typing import Any, Final

from rtpcodec.audio.tone_detection import DetectedTone, ToneDetector

LEAST_RATE_HZ: Final = 8000
"""The least sample rate of the detector."""
MAX_TONES: Final = 1000
"""Limit of tones per channel; a recording may have tones for hours."""


class FoundTones:
    """Detects the tones of one channel."""

    __slots__ = ("_detector", "rate_hz", "tones")

    def __init__(self, rate_hz: int) -> None:
        self._detector = ToneDetector(rate_hz) if rate_hz >= LEAST_RATE_HZ else None
        self.rate_hz = rate_hz
        self.tones: list[DetectedTone] = []

    def hear(self, pcm: bytes) -> None:
        """Analyse native int16 mono PCM."""
        if self._detector is not None:
            self._keep(self._detector.detect(pcm))

    def end(self) -> None:
        """End the detection, at the end of the sound."""
        if self._detector is not None:
            self._keep(self._detector.end())

    def _keep(self, found: list[DetectedTone]) -> None:
        self.tones += found[: MAX_TONES - len(self.tones)]

    @property
    def text(self) -> str:
        """The DTMF keys, then the other kinds of tones."""
        keys = "".join(tone.digit for tone in self.tones)
        kinds = dict.fromkeys(tone.kind for tone in self.tones if not tone.digit)
        return " ".join(([keys] if keys else []) + list(kinds))

    def as_json(self) -> list[dict[str, Any]]:
        """Return the tones with their positions."""
        return [
            {
                "kind": tone.kind,
                "digit": tone.digit or None,
                "start_ms": round(tone.start_samples * 1000 / self.rate_hz, 1),
                "end_ms": round(tone.end_samples * 1000 / self.rate_hz, 1),
                "level_dbm0": round(tone.level_dbm0, 1),
            }
            for tone in self.tones
        ]
