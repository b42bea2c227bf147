"""The verdict detects lost and late chunks, exceptions, memory and log, and names the cause."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.storm.attack import MIB, Attack
from tests.storm.attacks import ATTACKS
from tests.storm.good_calls import Chunks
from tests.storm.loop_lag import Turn
from tests.storm.processes import ProcessFigures
from tests.storm.run import Beside, Result, escaped_in
from tests.storm.table import HEAD, as_json, markdown, row
from tests.storm.verdict import MAX_LOG_OCTETS, failures

GOOD = Result(
    attack=Attack(name="none", does="Nothing.", steps=None),
    beside=Beside(
        did={},
        chunks=Chunks(1000, 1000, (1.0,) * 500 + (6.0,) * 490 + (10.0,) * 10),
        endpoint_turn=Turn(3.0, 2.0),
        simulator_turn=Turn(4.0, 3.0),
        before=ProcessFigures(0.0, 1.0, 0.5, 30 * MIB, 30 * MIB),
        after=ProcessFigures(10.0, 2.0, 0.6, 31 * MIB, 32 * MIB),
    ),
    new_call=Chunks(25, 25, ()),
    rss_octets=31 * MIB,
    log_octets=0,
    escaped=(),
    exit_code=0,
)
LATE = Chunks(1000, 1000, (1.0,) * 980 + (250.0,) * 20)


def beside(**changes: Any) -> Result:
    return replace(GOOD, beside=replace(GOOD.beside, **changes))


def test_a_storm_without_harm_passes() -> None:
    assert failures(GOOD) == []
    assert row(GOOD).endswith("passed")
    assert len(HEAD) == len(row(GOOD)) - len("passed") + len("verdict")
    assert as_json(GOOD)["failures"] == []
    assert "| `none` | 1000 of 1000 | 6.0 | 10.0 | 10.0 | 10% | 3, 2 | 2 MiB | 0 |\n" in markdown([as_json(GOOD)])


def test_the_page_lists_every_attack() -> None:
    page = (Path(__file__).parents[2] / "docs" / "storm.md").read_text("utf-8")
    assert [attack.name for attack in ATTACKS if f"`{attack.name}`" not in page] == []


def test_percentiles_are_those_of_all_chunks() -> None:
    chunks = Chunks(4, 4, (1.0, 2.0, 3.0, 4.0))
    assert [chunks.percentile_ms(percent) for percent in (0, 50, 99, 100)] == [1.0, 3.0, 4.0, 4.0]
    assert Chunks(0, 0, ()).percentile_ms(99) == 0.0


@pytest.mark.parametrize(
    ("result", "failure"),
    [
        (beside(chunks=Chunks(1000, 998, ())), "2 of 1000 chunks did not come back"),
        (beside(chunks=Chunks(0, 0, ())), "0 of 0 chunks did not come back"),
        (
            beside(after=replace(GOOD.beside.after, peak_octets=400 * MIB)),
            "memory grew by 370 MiB, the limit is 128 MiB",
        ),
        (
            replace(GOOD, log_octets=MAX_LOG_OCTETS + 1),
            f"the log has {MAX_LOG_OCTETS + 1} octets, the limit is {MAX_LOG_OCTETS}",
        ),
        (replace(GOOD, escaped=("ValueError: x",)), "1 exceptions escaped, the first: ValueError: x"),
        (replace(GOOD, new_call=Chunks(0, 0, ())), "the endpoint did not take a new call after the attack"),
        (replace(GOOD, new_call=Chunks(25, 20, ())), "5 chunks of a new call after the attack did not come back"),
        (replace(GOOD, exit_code=None), "the endpoint ended with None on SIGTERM, 0 is expected"),
    ],
)
def test_each_harm_is_named(result: Result, failure: str) -> None:
    assert failures(result) == [failure]
    assert failures(result, timed=False) == [failure]
    assert row(result).endswith(f"failed\n    {failure}")


@pytest.mark.parametrize(
    ("endpoint_turn", "simulator_turn", "waited_s", "cause"),
    [
        (Turn(300.0, 240.0), Turn(3.0, 2.0), 0.6, "endpoint, whose loop was held for 300 ms (240 ms CPU)"),
        (Turn(900.0, 80.0), Turn(950.0, 10.0), 9.0, "endpoint, whose loop was held for 900 ms (80 ms CPU)"),
        (Turn(20.0, 2.0), Turn(250.0, 10.0), 0.6, "simulator, whose loop was held for 250 ms (10 ms CPU)"),
        (Turn(250.0, 2.0), Turn(20.0, 10.0), 8.0, "machine: the endpoint was ready, and without a core for 75% of"),
        (Turn(45.0, 45.0), Turn(20.0, 10.0), 0.6, "endpoint, in many turns of up to 45 ms (45 ms CPU)"),
    ],
)
def test_a_late_chunk_has_a_cause(endpoint_turn: Turn, simulator_turn: Turn, waited_s: float, cause: str) -> None:
    after = replace(GOOD.beside.after, waited_s=waited_s)
    late = beside(chunks=LATE, endpoint_turn=endpoint_turn, simulator_turn=simulator_turn, after=after)
    (failure,) = failures(late)
    assert failure.startswith(f"p99 is 250 ms, the limit 100 ms: {cause}")
    assert failures(late, timed=False) == []


def test_an_attack_that_did_not_reach_its_size_proves_nothing() -> None:
    small = replace(beside(did={"calls": 3000}), attack=replace(GOOD.attack, aim=("calls", 5000)))
    assert failures(small) == ["the attack reached 3000 of 5000 calls: give it more time"]
    assert failures(small, timed=False) == []


def test_exceptions_in_a_log_are_found_by_their_names() -> None:
    log = (
        "call 1: malformed message (json): Traceback is a word\n"
        "Exception in callback f()\n"
        "Traceback (most recent call last):\n"
        '  File "a.py", line 1, in f\n'
        "    raise ValueError\n"
        "ValueError: three\n"
        "sys:1: RuntimeWarning: coroutine 'f' was never awaited\n"
    )
    assert escaped_in(log) == ("ValueError: three", "sys:1: RuntimeWarning: coroutine 'f' was never awaited")
