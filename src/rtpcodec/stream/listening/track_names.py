"""The names of tracks, in arguments."""

from __future__ import annotations

from rtpcodec.stream.plan import TRACK_NAMES


def require_track(track: str | None) -> None:
    """Refuse a track that no chunk has, such as a word of the plan, with a ValueError. None is allowed."""
    if track is not None and track not in TRACK_NAMES:
        raise ValueError(f"track is {track!r}, {' or '.join(map(repr, TRACK_NAMES))} is needed, or None")
