"""Pauses, suspensions and interruptions in a blackout: the far end plays on, and no part of a reply is missing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stream.breaking_talk import breaking_talk
from tests.stream.talking import MS, samples

REPEATED_MS = 40.0


@pytest.mark.parametrize("way_ms", [20.0, 60.0, 150.0])
@pytest.mark.parametrize("lost_ms", [77.0, 1003.0, 2300.0])
@pytest.mark.parametrize(
    ("suspended_after_ms", "resumed_after_ms"),
    [(50.0, None), (500.0, None), (5000.0, None), (50.0, 150.0), (450.0, 550.0), (700.0, 1900.0)],
)
def test_a_blackout_swallows_a_suspension(
    way_ms: float, lost_ms: float, suspended_after_ms: float, resumed_after_ms: float | None
) -> None:
    """The clear never arrives: the far end plays its whole buffer. It may end before the loss is detected."""
    one = breaking_talk(up_ms=way_ms, down_ms=way_ms)
    session = one.session
    reply = session.reply("a")
    reply.play(samples(0, 3000 * MS))
    reply.end()
    one.run(lost_ms)
    steps: list[tuple[float, Any]] = [(suspended_after_ms, lambda now_ms: session.suspend_speech("hold", now_ms))]
    if resumed_after_ms is not None:
        steps.append((resumed_after_ms, lambda now_ms: session.resume_speech("hold", now_ms)))
    lost = one.break_connection("black_hole", meanwhile=steps)
    assert lost.uncertainty_ms <= 1000.0
    one.restore_connection()
    if resumed_after_ms is None:
        session.resume_speech("hold", one.now_ms)
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(3000 * MS) <= REPEATED_MS + lost.uncertainty_ms


@pytest.mark.parametrize("lost_ms", [400.0, 1003.0, 1250.0])
def test_a_blackout_swallows_several_pauses(lost_ms: float) -> None:
    one = breaking_talk(up_ms=30.0, down_ms=30.0)
    session = one.session
    reply = session.reply("a")
    reply.play(samples(0, 3000 * MS))
    reply.end()
    one.run(lost_ms)
    steps: list[tuple[float, Any]] = []
    for at in range(5):
        steps.append((100.0 + 300.0 * at, lambda now_ms: session.suspend_speech("hold", now_ms)))
        steps.append((200.0 + 300.0 * at, lambda now_ms: session.resume_speech("hold", now_ms)))
    lost = one.break_connection("black_hole", meanwhile=steps)
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(3000 * MS) <= REPEATED_MS + lost.uncertainty_ms
    assert reply.state == "played"


def test_a_blackout_swallows_an_interruption_beside_a_disclosure() -> None:
    """The disclosure, which the interruption sent again, continues at the position that the far end has played."""
    one = breaking_talk(up_ms=30.0, down_ms=30.0)
    session = one.session
    disclosure = session.reply("a", interruptible=False)
    disclosure.play(samples(0, 2000 * MS))
    disclosure.end()
    answer = session.reply("b")
    answer.play(samples(20_000, 1000 * MS))
    one.run(1800.0)
    lost = one.break_connection("black_hole", meanwhile=[(100.0, session.interrupt)])
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    values = [value for value in one.heard() if value <= 20_000]
    assert set(range(1, 2000 * MS + 1)) <= set(values)
    assert len(values) / MS - 2000.0 <= REPEATED_MS + lost.uncertainty_ms
    assert answer.state == "interrupted"
