"""The replay of a capture gives the events of its call, with every fault of the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

import rtpcodec
from tests.listening.captured_calls import CapturedCall, figures, kept


def check(seed: int, path: Path, *, audio: bool, call_ms: float) -> None:
    call = CapturedCall(seed, path, audio=audio, call_ms=call_ms)
    books = call.run()
    replay = rtpcodec.replay(path)
    assert replay.differences == []
    assert kept(replay.events, audio=audio) == kept(call.seen, audio=audio)
    assert figures(replay.statistics) == figures(books.statistics)


@pytest.mark.parametrize("seed", range(4))
def test_a_replay_gives_the_events_of_the_call(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path / "call.jsonl", audio=seed % 2 == 1, call_ms=6_000.0)


@pytest.mark.long
@pytest.mark.parametrize("seed", [*range(4, 8), *(pytest.param(at, marks=pytest.mark.hours) for at in range(8, 100))])
def test_replays_of_long_random_calls(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path / "call.jsonl", audio=seed % 2 == 1, call_ms=60_000.0)
