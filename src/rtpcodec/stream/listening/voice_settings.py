"""Settings of voice activity, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BLOCK_MS: Final = 20
"""Speech is detected in blocks of this length, whatever the length of the chunks."""
MAX_ONSET_MS: Final = 1000
MAX_HANGOVER_MS: Final = 10_000
MAX_PRE_ROLL_MS: Final = 2000
"""The pre-roll keeps chunks by reference: 96 kB of PCM at 24 kHz."""
MAX_ECHO_DELAY_MS: Final = 2000
"""Heard audio is known for 3 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSettings:
    """Settings of voice activity. Times are in steps of 20 ms.

    Raises: ValueError if a value is outside its range.
    """

    onset_ms: int = 60
    """Speech starts after sound of this length while we are silent: 20 to 1000."""
    onset_while_playing_ms: int = 160
    """The same while we play: onset_ms to 1000."""
    hangover_ms: int = 500
    """Silence of this length ends speech, shorter pauses do not: 20 to 10,000."""
    pre_roll_ms: int = 300
    """Audio before the onset in `SpeechStarted.pre_roll`: 0 to 2000."""
    threshold_dbov: float = -46.0
    """Quieter sound never starts speech: -80 to -10. Current speech may be 4 dB quieter."""
    noise_margin_db: float = 9.0
    """How far above the noise floor speech starts: 3 to 30."""
    return_loss_db: float = 15.0
    """The return loss to assume until it is learnt, how much quieter than our audio an echo is: 6 to 60."""
    echo_delay_ms: tuple[int, int] = (50, 600)
    """The earliest and latest delay of an echo after play-out: 0 to 2000."""
    probability: float = 0.5
    """The probability of a detector of your own from which a block is speech: above 0, at most 1."""

    def __post_init__(self) -> None:
        self._check_time("onset_ms", BLOCK_MS, MAX_ONSET_MS)
        self._check_time("onset_while_playing_ms", self.onset_ms, MAX_ONSET_MS)
        self._check_time("hangover_ms", BLOCK_MS, MAX_HANGOVER_MS)
        self._check_time("pre_roll_ms", 0, MAX_PRE_ROLL_MS)
        for name, low, high in (
            ("threshold_dbov", -80, -10),
            ("noise_margin_db", 3, 30),
            ("return_loss_db", 6, 60),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value:g}, {low} to {high} is needed")
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability is {self.probability:g}, above 0 and at most 1 is needed")
        first_ms, last_ms = self.echo_delay_ms
        if not 0 <= first_ms <= last_ms <= MAX_ECHO_DELAY_MS:
            raise ValueError(
                f"echo_delay_ms is ({first_ms:g}, {last_ms:g}), two rising times of 0 to {MAX_ECHO_DELAY_MS} are needed"
            )

    def _check_time(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        if not low <= value <= high or value % BLOCK_MS:
            raise ValueError(f"{name} is {value:g}, {low} to {high} in steps of {BLOCK_MS} is needed")
