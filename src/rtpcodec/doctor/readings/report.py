"""All readings of one call, and their JSON form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rtpcodec.doctor.readings.points import POINTS
from rtpcodec.doctor.readings.reading import Reading, not_measurable
from rtpcodec.pickling import Value


@dataclass(slots=True)
class CallReadings(Value):
    """The readings of one call, one per point."""

    date: str
    """The day of the call in ISO 8601, UTC."""
    leg: str
    """The kind of the leg, such as `phone number` or `sip`; never the number itself."""
    simulated: bool
    codec: str | None = None
    """Codec of the call, as its first stream declares it."""
    tone_track: str | None = None
    """The track with the tones that we send, as our own speech or as an echo; None: there is none."""
    by_point: dict[str, Reading] = field(default_factory=dict)

    def add(self, *readings: Reading) -> None:
        """Add readings; a second reading of a point is ignored."""
        for reading in readings:
            self.by_point.setdefault(reading.point, reading)

    def miss(self, why: str, *points: str) -> None:
        """Record why points were not measured; without arguments, all points that have no reading."""
        self.add(*(not_measurable(point, why) for point in points or POINTS))

    def value(self, point: str) -> str | None:
        """Return the value of a point; None: not measured."""
        reading = self.by_point.get(point)
        return None if reading is None else reading.value

    @property
    def ordered(self) -> list[Reading]:
        """The readings in the order of docs/carrier.md."""
        return [self.by_point[point] for point in POINTS if point in self.by_point]

    def as_json(self) -> dict[str, Any]:
        """Return the contents of the JSON file."""
        return {
            "date": self.date,
            "leg": self.leg,
            "simulated": self.simulated,
            "codec": self.codec,
            "readings": [
                {
                    "point": reading.point,
                    "value": reading.value,
                    "fits": reading.fits,
                    "evidence": {name: _rounded(figure) for name, figure in reading.evidence.items()},
                }
                for reading in self.ordered
            ],
        }


def _rounded(figure: object) -> object:
    return round(figure, 3) if isinstance(figure, float) else figure
