"""Random calls that are captured, and the expected results of their replay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from rtpcodec import events
from rtpcodec.stream.capture.dialect import HIDDEN_DIGIT
from rtpcodec.stream.capture.lines import HIDDEN
from tests.virtual.random_calls import RandomCall


class CapturedCall(RandomCall):
    """A random call that is captured from its first message on; it keeps its events."""

    def __init__(self, seed: int, path: Path, *, audio: bool, call_ms: float) -> None:
        super().__init__(seed, call_ms=call_ms)
        self.seen: list[events.Event] = []
        self.machine.session.capture(path, 0.0, audio=audio)

    def _take(self, found: list[events.Event]) -> None:
        self.seen.extend(found)
        super()._take(found)


def of_sound(event: events.Event, *, audio: bool) -> bool:
    """Whether it is a diagnosis of audio that the capture does not have."""
    return isinstance(event, events.Diagnosis) and not audio and not event.kind.startswith(("marks", "clear"))


def kept(found: Iterable[events.Event], *, audio: bool) -> list[Any]:
    """The parts of all events of a call that must be equal."""
    return [compared(event, audio=audio) for event in found if not of_sound(event, audio=audio)]


def compared(event: events.Event, *, audio: bool) -> Any:
    """The parts of an event that must be equal in a capture and its replay."""
    if isinstance(event, events.Audio):
        content = (event.payload, event.pcm) if audio else (len(event.payload), len(event.pcm))
        return (
            *("Audio", event.track, event.media_ms, event.duration_ms, event.sample_rate_hz),
            *(event.chunk, event.timestamp, event.concealed, content),
        )
    if isinstance(event, events.Started):
        names = tuple(f"{HIDDEN}-{at + 1}" for at in range(len(event.custom_parameters)))
        return replace(
            event,
            from_number=event.from_number and HIDDEN,
            to_number=event.to_number and HIDDEN,
            client_state=event.client_state and HIDDEN,
            custom_parameters=dict.fromkeys(names, HIDDEN),
        )
    if isinstance(event, events.PayloadMisfit) and not audio:
        return replace(event, reason="")  # it may name numbers of the audio itself
    if isinstance(event, events.Dtmf):
        return replace(event, digit=HIDDEN_DIGIT)
    if isinstance(event, events.Unknown):
        return replace(event, text="")
    return event


def figures(statistics: Any) -> dict[str, Any]:
    """All counters except that of the audio itself and the estimate of a later moment."""
    names = {one.name for one in fields(statistics)} - {"octets_sent", "heard_ms", "duration_ms"}
    found = {name: getattr(statistics, name) for name in names}
    return {name: value for name, value in found.items() if not is_dataclass(value)}
