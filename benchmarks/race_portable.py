"""The kernels without vector forms, as on a processor without them: G.711 against audioop, G.722 against libg722."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from benchmarks import race_g711, race_g722
from benchmarks.harness.model import Bar, Race

ENVIRONMENT: Final = {"RTPCODEC_SIMD": "portable"}
"""Set in the process of this group, before the package is imported."""
AS_AUDIOOP: Final = Bar(0.9)
AS_LIBG722: Final = Bar(1.0)


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield the rows of g711 against audioop only, and those of g722 against libg722 only, with one bar."""
    for name, setup in race_g711.races(peers=("audioop",)):
        yield f"portable {name}", partial(with_the_bar, setup, AS_AUDIOOP)
    for name, setup in race_g722.single_races(peers=("libg722",)):
        yield f"portable {name}", partial(with_the_bar, setup, AS_LIBG722)


def with_the_bar(setup: Callable[[], Race], bar: Bar) -> Race:
    """Return the same race with the portable form's bar."""
    return replace(setup(), bar=bar)
