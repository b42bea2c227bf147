"""The parts of a session that listen, each made when it is first wanted."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.stream.diagnosis.watch import DiagnosisWatch
from rtpcodec.stream.listening.heard_signal import HeardSignal
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.turns import TurnWatch


@dataclass(slots=True)
class ListeningParts:
    """Of one session. None: nobody has asked for it."""

    watch: DiagnosisWatch | None
    """Looks for faults; None: that is switched off."""
    privacy: Privacy | None = None
    heard: HeardSignal | None = None
    turns: TurnWatch | None = None
    voice_suspended_by: frozenset[str] = frozenset()
    """The reasons for which voice activity is suspended."""
