"""Measures what the carrier does with audio while we do not read."""

from __future__ import annotations

from typing import Final, Protocol, cast

from rtpcodec.doctor.readings.observer import Observer, now_ms, passed
from rtpcodec.doctor.readings.reading import Reading, measured, not_measurable

CATCHES_UP_S: Final = 3.0
"""Time in seconds within which kept audio arrives after reading resumes."""
MISSING_MS: Final = 500.0
"""Audio that may be missing at the edges of the measurement."""


class PausedSocket(Protocol):
    """The reading side of a WebSocket."""

    def pause_reading(self) -> None:
        """Stop reading."""

    def resume_reading(self) -> None:
        """Resume reading."""


async def slow_reading(observer: Observer, unread_s: float) -> Reading:
    """Stop reading for some seconds, then compare the duration of the received audio with the time."""
    point, call = "slow_reading", observer.call
    socket = cast("PausedSocket | None", call._pump._socket)  # noqa: SLF001 -- a call has no way to read slowly
    if socket is None or not observer.chunks:
        return not_measurable(point, "no audio came before")
    before, begun_ms = call.statistics(), now_ms()
    chunk_ms = observer.chunks[-1][1].duration_ms
    tracks = len({audio.track for _, audio in observer.chunks})
    socket.pause_reading()
    await passed(unread_s)
    if not call.ended:
        socket.resume_reading()
    await passed(CATCHES_UP_S)
    after = call.statistics()
    came_ms = (after.media_received - before.media_received) * chunk_ms / tracks
    missing_ms = now_ms() - begun_ms - came_ms
    figures = {
        "unread_ms": unread_s * 1000,
        "came_ms": came_ms,
        "missing_ms": missing_ms,
        "lost_chunks": after.lost_chunks - before.lost_chunks,
        "octets_unread": after.octets_received - before.octets_received,
    }
    if call.ended:
        return measured(point, "closed", **figures)
    return measured(point, "discarded" if missing_ms > MISSING_MS else "kept", **figures)
