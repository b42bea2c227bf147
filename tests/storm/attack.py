"""The definition of an attack: name, description, steps, and settings of the endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tests.storm.peer import Target

MIB: Final = 1 << 20
JOINT: Final = "+"
"""Between the names of attacks that run in a row beside the same calls."""

Steps = Callable[[Target], Iterator[None]]
"""Runs an attack step by step; between two steps its process looks whether the time is over. An OSError of a step means
that the endpoint cut a connection: the attack begins again at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack of the storm, and the bounds that hold beside it."""

    name: str
    does: str
    """One sentence."""
    steps: Steps | None
    """None: nothing happens beside the good calls."""
    tls: bool = False
    """Whether endpoint and good calls speak TLS."""
    descriptors: int = 1024
    """RLIMIT_NOFILE of the endpoint, soft and hard: the usual soft limit of a login."""
    max_calls: int = 500
    """Setting of the endpoint: its default."""
    least_s: float = 0.0
    """How long the attack takes at least to reach its full size."""
    parts: int = 1
    """Attacks that run in a row."""
    aim: tuple[str, int] | None = None
    """Counters that must be reached, so that the attack really took place, such as its calls."""
    max_growth_octets: int = 128 * MIB
    """Limit on the memory that the endpoint's process takes beyond that of the good calls."""


def in_a_row(attacks: Sequence[Attack]) -> Attack:
    """Make one attack of several on equal endpoints, each as long as the whole would be."""
    first = attacks[0]
    assert all(
        (one.tls, one.descriptors, one.max_calls) == (first.tls, first.descriptors, first.max_calls) for one in attacks
    )
    return replace(
        first,
        name=JOINT.join(one.name for one in attacks),
        does=" ".join(one.does for one in attacks),
        parts=len(attacks),
        max_growth_octets=max(one.max_growth_octets for one in attacks),
    )
