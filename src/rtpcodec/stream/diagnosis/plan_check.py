"""Compares `start`, tracks, formats and mode of a stream with its plan."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from rtpcodec.stream.diagnosis import kinds
from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.events import CarrierError, Diagnosis, FormatChanged
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import MODES, StreamPlan
from rtpcodec.stream.wire import Dialect

ANY_CODEC: Final = StreamPlan().receive_codec
"""The default of plans: the codec of the call."""

MANY_REFUSED: Final = 10
"""If this many messages are refused as too frequent within MANY_REFUSED_MS, the mode is wrong:"""
MANY_REFUSED_MS: Final = 1000.0
"""marks alone are fewer."""
STRAY_CHUNKS: Final = 10
"""Number of chunks of a track that the plan does not request: a single chunk may be a mistake."""


class PlanCheck:
    """Compares one stream with its plan. Use from one thread at a time."""

    __slots__ = ("_dialect", "_invalid", "_plan", "_refused_ms", "_stray", "tracks")

    def __init__(self, plan: StreamPlan, dialect: Dialect) -> None:
        self._plan = plan
        self._dialect = dialect
        self.tracks = dialect.tracks[plan.tracks]
        """The tracks that the plan requests."""
        self.restart()

    def restart(self) -> None:
        """Restart after a change."""
        self._stray = 0
        self._invalid = False
        self._refused_ms: deque[float] = NO_ITEMS

    def stray(self, track: str) -> Diagnosis | None:
        """Record a chunk of a track that the plan does not request."""
        # 1. Enough chunks? 2. A track that only one-way streams have, or a plan that differs from the command?
        self._stray += 1
        if self._stray != STRAY_CHUNKS:
            return None
        dialect = self._dialect
        supported = dialect.plan_values.get("tracks")
        if supported is not None and not any(track in dialect.tracks[one] for one in supported):
            return kinds.one_way_stream(self._plan.tracks, track, dialect.name)
        return kinds.tracks_not_as_planned(self._plan.tracks, f"chunks of track {track} arrive")

    def refused(self, error: CarrierError, now_ms: float) -> Diagnosis | None:
        """Record an error of the carrier: in each mode it refuses the messages of the other mode.

        In mode mp3 a payload must be an MP3 file, and one message per second is accepted.
        """
        # 1. Is the error about a payload, or about too many messages?
        plan, dialect = self._plan, self._dialect
        if error.code is None:
            return None
        if error.code == dialect.invalid_media:
            self._invalid = True
        elif error.code == dialect.too_many_messages:
            if self._refused_ms is NO_ITEMS:
                self._refused_ms = deque(maxlen=MANY_REFUSED)
            self._refused_ms.append(now_ms)
        else:
            return None
        # 2. Is that enough evidence? In mode mp3 one invalid payload; in mode rtp both, or many refusals.
        refused_ms = self._refused_ms
        if plan.mode != MODES[0]:
            sure = self._invalid
        else:
            sure = bool(self._invalid and refused_ms) or (
                len(refused_ms) == MANY_REFUSED and now_ms - refused_ms[0] <= MANY_REFUSED_MS
            )
        if not sure:
            return None
        other = MODES[plan.mode == MODES[0]]
        return kinds.mode_not_as_planned(plan.mode, f"the carrier refuses our messages ({error.code})", other)


def of_start(plan: StreamPlan, media_format: MediaFormat) -> Iterable[Diagnosis]:
    """Compare the format of `start` with the codec that the plan requests."""
    if plan.receive_codec not in (ANY_CODEC, media_format.encoding):
        yield kinds.codec_not_as_planned(plan.receive_codec, media_format.encoding)


def of_change(change: FormatChanged) -> Iterable[Diagnosis]:
    """Return the diagnosis of a format that was found in the payloads."""
    track = change.track or "inbound"
    if change.before.encoding == change.after.encoding:
        yield kinds.packing_not_as_planned(change.after.encoding, track)
    else:
        yield kinds.wrong_reading(change.before.encoding, change.after.encoding, change.reason, track)
