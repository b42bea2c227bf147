"""One reading: the measured value of an uncertain point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtpcodec.doctor.readings.points import POINTS
from rtpcodec.pickling import Value

Figure = float | int | str | None


@dataclass(frozen=True, slots=True)
class Reading(Value):
    """The value of a point, and the figures behind it."""

    point: str
    value: str | None
    """One of the point's readings; None: not measurable on this call."""
    fits: str
    """The reading of docs/carrier.md in words, or why nothing was measured."""
    evidence: Mapping[str, Figure] = field(default_factory=dict)


def measured(point: str, value: str, **evidence: Figure) -> Reading:
    """Make a reading. Raises KeyError if the point does not have this value."""
    return Reading(point, value, POINTS[point].readings[value], evidence)


def not_measurable(point: str, why: str, **evidence: Figure) -> Reading:
    """Make the reading of a point that is not measurable on this call."""
    return Reading(POINTS[point].name, None, f"not measurable on this call: {why}", evidence)
