"""Settings of tone detection, checked once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rtpcodec.audio.tone_detection import TONE_KINDS, ToneKind, checked_kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneSettings:
    """Settings of tone detection.

    Raises: ValueError if a kind does not exist, or no kind is given.
    """

    kinds: Collection[ToneKind] = TONE_KINDS
    """Some of "dtmf", "dial", "ringback", "busy", "congestion", "sit", "beep". Keys alone cost a third of the time."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", checked_kinds(self.kinds))
