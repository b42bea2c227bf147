"""Adds the figures of all workers, as those of one endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from operator import add
from typing import Any, Final

from rtpcodec.server.endpoint_statistics import EndpointStatistics, MediaTotals

LARGEST: Final = ("loop_lag_ms", "loop_lag_max_ms", "loop_lag_p99_ms", "jitter_max_ms", "round_trip_max_ms")
"""Figures whose maximum over all workers is reported."""
NOW: Final = (
    "calls_running",
    "held_octets",
    "refusals_waiting",
    "sockets_half_open",
    "handlers_hung",
    "descriptors_open",
    "descriptors_limit",
)
"""Figures of this moment: added over the live workers."""
COUNTED: Final = (
    "calls_taken",
    "calls_refused",
    "calls_failed",
    "messages_received",
    "messages_sent",
    "dropped_audio_ms",
    "dropped_events",
    "requests_unauthorized",
    "origins_refused",
    "protocol_errors",
    "slow_turns",
    "hang_ups",
    "transfers_bridged",
    "transfers_busy",
    "transfers_no_answer",
    "transfers_failed",
)
"""Counters: added over live and ended workers. `media` has counters as well."""

_HISTOGRAM: Final = "turn_histogram"
_MEDIA: Final = tuple(one.name for one in fields(MediaTotals))


class EndedFigures:
    """The counters of ended workers, so that sums never decrease."""

    __slots__ = ("counted",)

    def __init__(self) -> None:
        self.counted: dict[str, Any] = dict.fromkeys(COUNTED, 0) | {"media": {}}
        """Sums by their names."""

    def add(self, statistics: Mapping[str, Any]) -> None:
        """Add the last figures of a worker, as its channel has sent them."""
        for name in COUNTED:
            self.counted[name] += statistics[name]
        self.counted["media"] = _media([self.counted["media"], statistics["media"]])


def summed(workers: Iterable[Mapping[str, Any]], ended: EndedFigures) -> EndpointStatistics:
    """Return the figures of all workers together.

    Args:
        workers: the figures of the live workers, from their channels.
        ended: the counters of ended workers.
    """
    rows = [*workers, ended.counted]
    found: dict[str, Any] = {}
    for name in (*COUNTED, *NOW):
        known = [row[name] for row in rows if row.get(name) is not None]
        found[name] = sum(known) if known else None
    for name in LARGEST:
        found[name] = max((row[name] for row in rows if row.get(name) is not None), default=None)
    for name in ("calls_running", "held_octets", "refusals_waiting", "handlers_hung"):
        found[name] = found[name] or 0
    return EndpointStatistics(**found, media=MediaTotals(**_media([row["media"] for row in rows])))


def _media(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    none = MediaTotals()
    found = {name: getattr(none, name) for name in _MEDIA}
    for row in rows:
        for name, value in row.items():
            if name == _HISTOGRAM:
                found[name] = tuple(map(add, found[name], value))
            else:
                found[name] += value
    return found
