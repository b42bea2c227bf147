"""The observers of a session, each made when it is first used."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.stream.diagnosis.watch import DiagnosisWatch
from rtpcodec.stream.listening.heard_signal import HeardSignal
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.turns import TurnWatch


@dataclass(slots=True)
class ListeningParts:
    """The observers of one session. None: not used so far."""

    watch: DiagnosisWatch | None
    """The search for faults; None: switched off."""
    privacy: Privacy | None = None
    heard: HeardSignal | None = None
    turns: TurnWatch | None = None
    voice_suspended_by: frozenset[str] = frozenset()
    """The reasons for which voice activity is suspended."""
