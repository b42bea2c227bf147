"""Check of arguments that name a track."""

from __future__ import annotations

from rtpcodec.stream.plan import TRACK_NAMES


def require_track(track: str | None) -> None:
    """Raise ValueError for a name that is not a track of chunks, such as a word of the plan. None is allowed."""
    if track is not None and track not in TRACK_NAMES:
        raise ValueError(f"track is {track!r}, {' or '.join(map(repr, TRACK_NAMES))} is needed, or None")
