"""The declarations of a race file, and the row that results from a race."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

Kind = Literal["frame", "bulk", "endpoint"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One implementation of an operation: a call with its arguments, which is repeated."""

    name: str
    call: Callable[..., object]
    args: tuple[object, ...]
    items: Callable[[Any], NDArray[Any]] | None = None
    """The call's result as codes or samples to compare; None for a floor, which computes nothing."""
    differs: str = ""
    """Why its items may differ from ours, such as another rounding. Without a reason, a difference fails the run."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A peer that cannot run here, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of a row: a ratio to the best peer, a share of the floor's speed, and a distance from the floor."""

    ratio: float
    of_floor: float | None = None
    most_above_floor_ns: float | None = None
    others: tuple[tuple[str, float], ...] = ()
    """Beginnings of the names of further peers, and the ratios to them."""

    def __str__(self) -> str:
        parts = [f">= {self.ratio:.3g}x"] if self.ratio else []
        parts += [f">= {self.of_floor:.2f} of the floor"] if self.of_floor is not None else []
        parts += [f"<= {self.most_above_floor_ns:g} ns above it"] if self.most_above_floor_ns is not None else []
        parts += [f">= {ratio:.3g}x {name}" for name, ratio in self.others]
        return ", ".join(parts)

    def met(
        self,
        ratio: float | None,
        of_floor: float | None,
        above_floor_ns: float = 0.0,
        ratios: Mapping[str, float] | None = None,
    ) -> bool:
        """Return whether all parts are reached; a bar without its opponent is not met.

        ratios: to each peer, by name.
        """
        return (
            (ratio or 0) >= self.ratio
            and all(_least(ratios or {}, name) >= least for name, least in self.others)
            and (self.of_floor is None or (of_floor or 0) >= self.of_floor)
            and (self.most_above_floor_ns is None or above_floor_ns <= self.most_above_floor_ns)
        )


def _least(ratios: Mapping[str, float], name: str) -> float:
    return min((ratio for peer, ratio in ratios.items() if peer.startswith(name)), default=0.0)


@dataclass(frozen=True, slots=True)
class Race:
    """Ours, its rivals and the floor on the same data. items_per_call divides the times of a bulk row."""

    kind: Kind
    items_per_call: int
    ours: Contender
    rivals: tuple[Contender | Absent, ...]
    floor: Contender
    bar: Bar | None = None

    @property
    def peers(self) -> list[Contender]:
        """Return the rivals that can run."""
        return [rival for rival in self.rivals if isinstance(rival, Contender)]

    @property
    def absent(self) -> list[Absent]:
        """Return the rivals that cannot run."""
        return [rival for rival in self.rivals if isinstance(rival, Absent)]


@dataclass(frozen=True, slots=True)
class PeerFigure:
    """A peer's time in the same run, and how many of its items are not ours."""

    name: str
    ns: float
    differing: int
    items: int
    differs: str


@dataclass(frozen=True, slots=True)
class Row:
    """The result of a race. Times are ns per call (frame), per sample (bulk) or of CPU per message (endpoint)."""

    name: str
    group: str
    kind: Kind
    ours_ns: float
    peer: str | None
    peer_ns: float | None
    ratio: float | None
    floor: str
    floor_ns: float
    of_floor: float
    bar: str | None
    bar_ratio: float | None
    bar_of_floor: float | None
    met: bool | None
    peers: tuple[PeerFigure, ...]
    details: dict[str, Any] = field(default_factory=dict)
    """Further measurements of each contender."""
    absent: dict[str, str] = field(default_factory=dict)
    """Contenders that could not run, and why."""

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain values for JSON."""
        return asdict(self)
