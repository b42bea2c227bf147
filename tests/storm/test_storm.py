"""Each attack of `make storm` for a moment, beside few calls: no harm that does not depend on the machine's speed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.storm.attack import Attack, in_a_row
from tests.storm.attacks import ATTACKS, floods, messages, requests, silent
from tests.storm.run import run_attack
from tests.storm.verdict import failures

CALLS = 3
SECONDS = 0.3
"""Of each attack."""


def rows() -> dict[str, Attack]:
    """Attacks that run in a row on one endpoint, as starting three processes for each would take most of the time."""
    found: dict[str, Attack] = {}
    for family in (silent, requests, floods, messages):
        name = family.__name__.rpartition(".")[2]
        settings = dict.fromkeys((one.tls, one.descriptors, one.max_calls) for one in family.ATTACKS)
        for at, chosen in enumerate(settings):
            alike = [one for one in family.ATTACKS if (one.tls, one.descriptors, one.max_calls) == chosen]
            found[f"{name}-{at}"] = in_a_row(alike)
    return found


ROWS = rows()


def test_every_attack_is_in_a_row() -> None:
    names = {name for row in ROWS.values() for name in row.name.split("+")}
    assert names == {attack.name for attack in ATTACKS if attack.steps is not None}


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_attacks_do_no_harm(row: Attack, tmp_path: Path) -> None:
    result = asyncio.run(run_attack(row, tmp_path, calls=CALLS, seconds=SECONDS))
    assert failures(result, timed=False) == []
    assert result.beside.did["least steps"] > 0
