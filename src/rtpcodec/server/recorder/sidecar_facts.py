"""SidecarFacts: the content of a sidecar. No digits, phone numbers, `client_state` or custom parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from rtpcodec.carriers.telnyx import members
from rtpcodec.stream.events import Audio, Gap, Started

VERSION: Final = 1
"""The version of the sidecar's format."""
MAX_ENTRIES: Final = 10_000
"""Limit per list; further entries are only counted. Enough for one lost chunk per second in a call of 2.7 hours."""
TOUCHES_MS: Final = 1.0
"""Spans with a smaller distance are joined."""


@dataclass(slots=True)
class Spans:
    """Spans of a recording, bounded."""

    entries: list[dict[str, object]] = field(default_factory=list)
    left_out: int = 0

    def add(self, from_ms: float, to_ms: float, **members: object) -> None:
        """Add a span, or make the last one longer if it has the same members and ends where this one begins."""
        last = self.entries[-1] if self.entries else None
        if last is not None and {**last, "from_ms": 0, "to_ms": 0} == {"from_ms": 0, "to_ms": 0, **members}:
            end_ms = last["to_ms"]
            if isinstance(end_ms, float) and 0 <= from_ms - end_ms + TOUCHES_MS <= 2 * TOUCHES_MS:
                last["to_ms"] = _ms(to_ms)
                return
        if len(self.entries) >= MAX_ENTRIES:
            self.left_out += 1
        else:
            self.entries.append({"from_ms": _ms(from_ms), "to_ms": _ms(to_ms), **members})


class SidecarFacts:
    """The facts of one recording, on its timeline. Use it in the event loop's thread only."""

    __slots__ = (
        "_begun_utc_ms",
        "_clock",
        "_concealed",
        "_gaps",
        "_ids",
        "_private",
        "_restarts",
        "codec",
        "end_reason",
        "sample_rate_hz",
        "sides",
    )

    def __init__(self, started: Started, call_id: str, begun_ms: float, sides: str) -> None:
        """Begin.

        Args:
            started: the start of the stream.
            call_id: our id of the call, as in log records.
            begun_ms: when time 0 was, on the session's clock.
            sides: "stereo" or "separate".
        """
        self._ids = {
            "call_id": call_id,
            members.STREAM_ID: started.stream_id,
            members.CALL_CONTROL_ID: started.call_control_id,
            members.CALL_SESSION_ID: started.call_session_id,
        }
        self._begun_utc_ms = None if started.utc_ms is None else started.utc_ms + begun_ms - started.monotonic_ms
        self._gaps = Spans()
        self._concealed = Spans()
        self._private = Spans()
        self._restarts: list[float] = []
        self._clock: tuple[float, float] | None = None
        self.codec = (started.media_format.encoding, started.media_format.sample_rate_hz)
        self.sample_rate_hz = 0
        self.sides = sides
        self.end_reason: str | None = None
        """The reason for the end of the recording; None: it has not ended."""

    def gap(self, gap: Gap, at_ms: float) -> None:
        """Add a gap of a track."""
        end_ms = at_ms + gap.duration_ms
        self._gaps.add(at_ms, end_ms, track=gap.track, reason=gap.reason, lost_chunks=gap.lost_chunks)

    def concealed(self, audio: Audio, at_ms: float) -> None:
        """Add audio that was generated for a gap."""
        self._concealed.add(at_ms, at_ms + audio.duration_ms, track=audio.track)

    def private(self, label: str, from_ms: float, to_ms: float) -> None:
        """Add a private section."""
        self._private.add(max(from_ms, 0.0), to_ms, label=label)

    def restarted(self, at_ms: float) -> None:
        """Add a further `start`."""
        if len(self._restarts) < MAX_ENTRIES:
            self._restarts.append(_ms(at_ms))

    def members(self, overruns: list[tuple[float, float]]) -> dict[str, object]:
        """Return the members that the event loop knows."""
        begun = self._begun_utc_ms
        lists = (self._gaps, self._concealed, self._private)
        return {
            "version": VERSION,
            "complete": False,
            "begun_at": None if begun is None else datetime.fromtimestamp(begun / 1000, UTC).isoformat(),
            **self._ids,
            "codec": self.codec[0],
            "codec_rate_hz": self.codec[1],
            "sample_rate_hz": self.sample_rate_hz,
            "sides": self.sides,
            "end_reason": self.end_reason,
            "gaps": list(self._gaps.entries),
            "concealed": list(self._concealed.entries),
            "private": list(self._private.entries),
            "overruns": [{"from_ms": _ms(begin), "to_ms": _ms(end)} for begin, end in overruns[:MAX_ENTRIES]],
            "restarts_ms": list(self._restarts),
            "entries_left_out": sum(spans.left_out for spans in lists) + max(0, len(overruns) - MAX_ENTRIES),
        }


def _ms(time_ms: float) -> float:
    return round(float(time_ms), 3)
