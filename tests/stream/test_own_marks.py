"""Internal marks: dense at the start of a reply, then sparse, never above the limits, none after two errors."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.stream.speaking.own_marks import OwnMarks

MESSAGE = 160


def sent_positions(own: OwnMarks, messages: int, *, lead: int, begin: bool = True, from_position: int = 0) -> list[int]:
    """Return the positions in ms of own marks in a reply of messages of 20 ms at 8 kHz; the lead is sent at once."""
    if begin:
        own.begin_reply()
    found = []
    for number in range(1, messages + 1):
        position = from_position + number * MESSAGE
        now_ms = max(0.0, (from_position // MESSAGE + number - lead) * 20.0)
        if own.wanted(position, now_ms, last=number == messages):
            own.sent(position, now_ms)
            found.append(position // 8)
    return found


def test_marks_are_dense_in_the_first_two_seconds() -> None:
    own = OwnMarks(8000)
    # The lead is sent at once, so the limit of four per second delays the fifth mark.
    assert sent_positions(own, 200, lead=20) == [20, 280, 540, 800, 1400, 1660, 1920, 2660, 3160, 3660]
    assert own.due_ms == 3760.0, "the last one waits for the limit of two per second"


def test_a_last_mark_waits_for_the_limit() -> None:
    own = OwnMarks(8000)
    for reply in range(2):
        sent_positions(own, 1, lead=100, from_position=reply * MESSAGE)
        sent_positions(own, 13, lead=100, begin=False, from_position=(reply * 14 + 1) * MESSAGE)
    assert not own.wanted(40 * MESSAGE, 30.0, last=True)
    assert own.due_ms == 1000.0
    assert own.wanted(40 * MESSAGE, 1000.0, last=True)
    own.sent(40 * MESSAGE, 1000.0)
    assert own.due_ms is None
    assert not own.wanted(40 * MESSAGE, 3000.0, last=True), "nothing was sent since"


def test_the_first_rate_error_halves_the_rate_and_the_second_ends_the_marks() -> None:
    own = OwnMarks(8000)
    assert not own.refused()
    assert sent_positions(own, 100, lead=20) == [20, 520, 1400, 1900]
    assert own.refused()
    assert not own.enabled
    assert sent_positions(own, 100, lead=20, from_position=16_000) == []
    assert not own.refused(), "said once"


@given(st.lists(st.tuples(st.integers(1, 150), st.integers(0, 400), st.booleans()), max_size=20))
def test_the_limits_hold_in_every_second(replies: list[tuple[int, int, bool]]) -> None:
    own = OwnMarks(8000)
    sent_ms: list[float] = []
    position, now_ms = 0, 0.0
    for messages, pause_ms, burst in replies:
        own.begin_reply()
        for number in range(messages):
            position += MESSAGE
            now_ms += 0.0 if burst else 20.0
            if own.wanted(position, now_ms, last=number == messages - 1):
                own.sent(position, now_ms)
                sent_ms.append(now_ms)
        now_ms += pause_ms
    assert all(later - earlier >= 1000 for earlier, later in zip(sent_ms, sent_ms[4:], strict=False))
