"""The turn detection of the services' stand-ins: loud and silent audio, as a service decides about it."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

LOUD: Final = 1000.0
"""Mean amplitude of a message that counts as speech."""
SPEECH_MS: Final = 60
SILENCE_MS: Final = 300


class TurnDetector:
    """Finds where the caller begins and ends to speak."""

    def __init__(self) -> None:
        self.speaking = False
        self._loud_ms = self._silent_ms = 0.0

    def take(self, pcm: bytes, rate_hz: int) -> Literal["started", "stopped"] | None:
        """Return what this audio changes."""
        duration_ms = len(pcm) / 2 * 1000 / rate_hz
        is_loud = np.abs(np.frombuffer(pcm, np.int16).astype(float)).mean() > LOUD
        self._loud_ms = self._loud_ms + duration_ms if is_loud else 0.0
        self._silent_ms = 0.0 if is_loud else self._silent_ms + duration_ms
        if not self.speaking and self._loud_ms >= SPEECH_MS:
            self.speaking = True
            return "started"
        if self.speaking and self._silent_ms >= SILENCE_MS:
            self.speaking = False
            return "stopped"
        return None
