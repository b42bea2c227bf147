"""The first line of a capture: the arguments of its session, and facts about the capture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session_options import SessionOptions
from rtpcodec.stream.speaking.settings import SpeakingSettings
from rtpcodec.stream.wire import Dialect

FORMAT: Final = 1
"""The version of the format. Readers refuse other versions."""
DAY_S: Final = 86_400.0
"""Written in place of an infinite `diagnosis_s`, which JSON does not have."""
NAME: Final = "rtpcodec_capture"
"""The first member of the first line, by which captures are recognised. Its value is the version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectFacts:
    """The abilities of a carrier, as in its Dialect."""

    name: str
    modes: tuple[str, ...]
    tracks: Mapping[str, tuple[str, ...]]
    marks: bool
    clear: bool
    too_many_messages: int | None
    invalid_media: int | None
    digits: bool
    counters: bool
    token_in_connected: bool
    in_band_digits: bool = True
    plan_tracks: tuple[str, ...] | None = None
    """The tracks of `plan_values`."""

    @classmethod
    def of(cls, dialect: Dialect) -> DialectFacts:
        """Return the facts of a dialect."""
        *same, _ = (one.name for one in fields(cls))
        return cls(**{name: getattr(dialect, name) for name in same}, plan_tracks=dialect.plan_values.get("tracks"))

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> DialectFacts:
        """Return the facts of a line. Raises TypeError or KeyError if they are not valid."""
        tracks = {name: tuple(names) for name, names in members["tracks"].items()}
        able = members.get("plan_tracks")
        lists = {"modes": tuple(members["modes"]), "plan_tracks": None if able is None else tuple(able)}
        return cls(**dict(members) | lists | {"tracks": tracks})


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a capture."""

    plan: StreamPlan
    options: SessionOptions
    dialect: DialectFacts
    origin_ms: float
    """Origin of the times of lines, on the session's clock: a whole number, so that no time loses precision."""
    utc_start: str | None
    """Start of the capture in ISO 8601; None: the session has no `utc_offset_ms`."""
    audio: bool
    """Whether payloads keep their audio."""
    from_start: bool
    """Whether it began before any audio was received. Otherwise a replay acts as if the stream had begun there."""
    received_before: int = 0
    """Messages that were received before the capture, except the `start` that is then its first line."""
    sent_before: int = 0
    """Messages that were sent before the capture. If no audio was received yet, they are keep-alive."""

    def line(self) -> str:
        """Return the line, with its line end."""
        members = {
            NAME: FORMAT,
            "utc_start": self.utc_start,
            "audio": self.audio,
            "from_start": self.from_start,
            "received_before": self.received_before,
            "sent_before": self.sent_before,
            "origin_ms": self.origin_ms,
            "plan": {one.name: getattr(self.plan, one.name) for one in fields(self.plan)},
            "session": asdict(self.options) | {"diagnosis_s": min(self.options.diagnosis_s or 0.0, DAY_S)},
            "dialect": asdict(self.dialect),
        }
        return msgspec.json.encode(members).decode() + "\n"

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> Header:
        """Return the header of a first line. Raises ValueError, TypeError or KeyError if it is not valid."""
        options = dict(members["session"])
        utc_start = members["utc_start"]
        return cls(
            plan=StreamPlan(**members["plan"]),
            options=SessionOptions(**options | {"speaking": SpeakingSettings(**options["speaking"])}),
            dialect=DialectFacts.read(members["dialect"]),
            origin_ms=float(members["origin_ms"]),
            utc_start=None if utc_start is None else str(utc_start),
            audio=bool(members["audio"]),
            from_start=bool(members["from_start"]),
            received_before=int(members["received_before"]),
            sent_before=int(members["sent_before"]),
        )


def utc_of(now_ms: float, utc_offset_ms: float | None) -> str | None:
    """Return the UTC time of a session time in ISO 8601; None: unknown."""
    return None if utc_offset_ms is None else datetime.fromtimestamp((now_ms + utc_offset_ms) / 1000, UTC).isoformat()
