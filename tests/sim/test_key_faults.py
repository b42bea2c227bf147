"""Messages of keys that are late, overtake each other and are repeated."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pytest

from rtpcodec.sim import Faults
from tests.sim.streams import START_MS, open_stream, ramp, run

KEYS = tuple((100.0 * n, "0123456789"[n % 10]) for n in range(400))
FAULTS = Faults(key_delay_ms=150.0, key_duplicate=0.05)


def keys_of(gone: list[tuple[float, dict[str, Any]]]) -> list[tuple[float, str, str]]:
    """Return the moment, digit and `occurred_at` of each message of a key."""
    return [(ms, one["dtmf"]["digit"], one["occurred_at"]) for ms, one in gone if one["event"] == "dtmf"]


def test_messages_are_permuted_and_doubled_and_keep_the_time_of_their_press() -> None:
    stream = open_stream(ramp(8 * 42_000), dtmf=KEYS, faults=FAULTS, keeps_audio=False)
    gone = run(stream)
    found = keys_of(gone)
    pressed = {moment: digit for _, digit, moment in found}
    assert [pressed[moment] for moment in sorted(pressed)] == [digit for _, digit in KEYS]
    first_ms = datetime.fromisoformat(min(pressed)).timestamp() * 1000
    lateness = [ms - (datetime.fromisoformat(at).timestamp() * 1000 - first_ms) for ms, _, at in found]
    assert -0.01 <= min(lateness) < 5
    assert 145 < max(lateness) <= 150.01
    report = stream.report()
    doubles = len(found) - len(KEYS)
    assert report.keys_duplicated == doubles
    assert 8 <= doubles <= 36
    assert report.keys_reordered > 20
    numbers = [int(one["sequence_number"]) for _, one in gone if "sequence_number" in one]
    assert numbers == sorted(numbers)


def test_the_same_seed_gives_the_same_faults_whatever_other_faults_there_are() -> None:
    def found(seed: str, **more: Any) -> list[tuple[float, str, str]]:
        faults = Faults(key_delay_ms=150.0, **more)
        return keys_of(run(open_stream(ramp(8 * 6_000), dtmf=KEYS[:50], faults=faults, seed=seed, keeps_audio=False)))

    assert found("1") == found("1", drop=0.5) != found("2")


def test_keys_that_a_test_presses_meet_the_same_faults() -> None:
    stream = open_stream(ramp(8 * 1000), faults=Faults(key_delay_ms=150.0, key_duplicate=1.0))
    stream.press("5", START_MS + 10.0)
    found = keys_of(run(stream))
    assert [digit for _, digit, _ in found] == ["5", "5"]
    assert found[0][2] == found[1][2]


def test_no_key_is_lost_at_the_end_of_the_stream() -> None:
    stream = open_stream(ramp(8 * 100), dtmf=((99.0, "1"), (160.0, "2")), faults=Faults(key_delay_ms=150.0))
    gone = run(stream)
    assert [digit for _, digit, _ in keys_of(gone)] == ["1"]
    assert gone[-1][1]["event"] == "stop"


def test_without_these_faults_keys_come_at_their_time() -> None:
    rng = random.Random(1)
    keys = tuple((rng.uniform(0.0, 900.0), rng.choice("0123456789*#ABCD")) for _ in range(50))
    found = keys_of(run(open_stream(ramp(8000), dtmf=keys, faults=Faults(drop=0.5))))
    assert [(ms, digit) for ms, digit, _ in found] == [(round(ms, 3), digit) for ms, digit in sorted(keys)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key_duplicate": 1.5}, r"key_duplicate is 1.5, a probability from 0 to 1 is needed"),
        ({"key_delay_ms": -1.0}, r"key_delay_ms is -1.0, 0 or more is needed"),
        ({"key_delay_ms": float("nan")}, r"key_delay_ms is nan, 0 or more is needed"),
    ],
)
def test_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Faults(**options)
