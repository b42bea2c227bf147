"""G.711 without the vector form, as on a processor that has none, against audioop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from benchmarks import race_g711
from benchmarks.harness.model import Bar, Race

ENVIRONMENT: Final = {"RTPCODEC_SIMD": "portable"}
"""Set in the process of this group, before the package is imported."""
AS_AUDIOOP: Final = Bar(0.9)


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """The rows of g711 against audioop alone, each with the same bar."""
    for name, setup in race_g711.races(peers=("audioop",)):
        yield f"portable {name}", partial(with_the_bar, setup)


def with_the_bar(setup: Callable[[], Race]) -> Race:
    """The same race with the portable form's bar."""
    return replace(setup(), bar=AS_AUDIOOP)
