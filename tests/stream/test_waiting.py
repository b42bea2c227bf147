"""Waiting for earlier messages is bounded in time, and the session has a deadline for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.stream.key_order import MAX_HELD
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")


def learnt(session: MediaSession | None = None, **names: str) -> MediaSession:
    """A session that has received chunks 1 to 100, the last one at 2000 ms."""
    session = session or carrier.started()
    carrier.fed(session, [carrier.media(chunk=chunk) for chunk in range(1, 101)])
    return session


def numbers_of(found: list[events.Event]) -> list[int | None]:
    return [audio.chunk for audio in carrier.audio_of(found)]


def test_a_waiting_chunk_is_delivered_after_100_ms() -> None:
    session = learnt()
    session.receive(carrier.media(chunk=102), 2040.0)
    session.receive(carrier.media(chunk=103), 2060.0)
    assert session.next_deadline_ms == 2140.0
    assert session.events(2139.9) == []
    found = session.events(2140.0)
    assert carrier.kinds(found) == ["Gap", "Audio", "Audio"]
    assert found[0] == events.Gap("inbound", 1, 2000.0, 20.0)
    assert session.next_deadline_ms is None
    session.receive(carrier.media(chunk=101), 2141.0)
    session.receive(carrier.media(chunk=104), 2142.0)
    assert numbers_of(session.events(2142.0)) == [104]
    statistics = session.statistics(2142.0)
    assert (statistics.lost_chunks, statistics.late_chunks) == (1, 1)


@given(st.floats(2000.0, 1e9))
def test_at_its_deadline_nothing_is_left_to_wait(now_ms: float) -> None:
    """Sums of floats are rounded: a deadline that has passed must not stay, or the pump would run forever."""
    session = learnt()
    session.receive(carrier.media(chunk=102), now_ms)
    session.receive(carrier.media(b"\x01" * 160, chunk=1), now_ms)
    deadline_ms = session.next_deadline_ms
    assert deadline_ms is not None
    assert numbers_of(session.events(deadline_ms)) == [102, 1]
    assert session.next_deadline_ms is None


def test_each_missing_number_is_waited_for_by_itself() -> None:
    session = learnt()
    session.receive(carrier.media(chunk=102), 2040.0)
    session.receive(carrier.media(chunk=104), 2090.0)
    assert numbers_of(session.events(2140.0)) == [102]
    assert session.next_deadline_ms == 2190.0
    session.receive(carrier.media(chunk=103), 2150.0)
    assert numbers_of(session.events(2150.0)) == [103, 104]
    assert session.next_deadline_ms is None


def test_three_later_chunks_may_wait_a_fourth_ends_it() -> None:
    session = learnt()
    for chunk in (102, 103, 104):
        session.receive(carrier.media(chunk=chunk), 2040.0)
    assert session.events(2040.0) == []
    session.receive(carrier.media(chunk=105), 2041.0)
    assert numbers_of(session.events(2041.0)) == [102, 103, 104, 105]
    assert session.next_deadline_ms is None


def test_the_wait_also_ends_while_the_numbering_is_learnt() -> None:
    session = carrier.started()
    carrier.fed(session, [carrier.media(chunk=1)])
    session.receive(carrier.media(chunk=3), 60.0)
    assert numbers_of(session.events(160.0)) == [3]


def test_a_number_of_a_new_numbering_is_not_held_for_ever() -> None:
    session = learnt()
    session.receive(carrier.media(b"\x01" * 160, chunk=1), 2040.0)
    assert session.next_deadline_ms == 2140.0
    assert carrier.kinds(session.events(2140.0)) == ["CounterChanged", "Audio"]
    session.receive(carrier.media(b"\x02" * 160, chunk=2), 2300.0)
    assert numbers_of(session.events(2300.0)) == [2]


def test_without_chunk_numbers_the_sequence_number_is_waited_for_no_longer_either() -> None:
    session = carrier.started()
    carrier.fed(session, [carrier.media(sequence=number) for number in range(2, 102)])
    session.receive(carrier.media(sequence=103), 2040.0)
    assert session.next_deadline_ms == 2140.0
    assert carrier.kinds(session.events(2140.0)) == ["Gap", "Audio"]


def test_both_tracks_wait_no_longer_than_one() -> None:
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    texts = [carrier.media(chunk=chunk, track=("outbound", "inbound")[chunk % 2]) for chunk in range(1, 101)]
    carrier.fed(session, texts)
    session.receive(carrier.media(chunk=102, track="outbound"), 2040.0)
    session.receive(carrier.media(chunk=103, track="inbound"), 2040.0)
    assert session.events(2139.0) == []
    assert numbers_of(session.events(2140.0)) == [102, 103]


def test_the_end_of_the_stream_waits_for_nothing() -> None:
    session = learnt()
    session.receive(carrier.media(chunk=102), 2040.0)
    session.receive(carrier.STOP, 2041.0)
    assert carrier.kinds(session.events(2041.0)) == ["Gap", "Audio", "Stopped"]
    assert session.next_deadline_ms is None


@given(st.permutations(range(1, 41)), st.integers(0, 60))
def test_whatever_the_order_nothing_is_held_longer_than_100_ms(order: list[int], step_ms: int) -> None:
    session = carrier.started()
    arrived: dict[int, float] = {}
    delivered: list[int] = []

    def take(now_ms: float) -> None:
        found = session.events(now_ms)
        numbers = [audio.chunk or 0 for audio in carrier.audio_of(found)]
        delivered.extend(numbers)
        # Numbers that are ignored release the chunks that were refused before.
        if not any(isinstance(event, events.CounterChanged) for event in found):
            assert all(now_ms - arrived[number] <= 100.0 for number in numbers)

    now_ms = 0.0
    for number in order:
        until_ms = now_ms + step_ms
        while (deadline_ms := session.next_deadline_ms) is not None and deadline_ms <= until_ms:
            now_ms = max(now_ms, deadline_ms)
            take(now_ms)
        now_ms = until_ms
        arrived[number] = now_ms
        session.receive(carrier.media(number.to_bytes(2, "big") + bytes(158), number), now_ms)
        take(now_ms)
    take(now_ms + 100.0)
    statistics = session.statistics(now_ms)
    assert len(set(delivered)) == len(delivered) == 40 - statistics.late_chunks
    assert statistics.duplicate_chunks == 0


# Keys


def key(digit: str, second: float | None = None, occurred_at: object = None) -> str:
    if second is not None:
        occurred_at = f"2026-01-02T03:04:{second:09.6f}Z"
    return carrier.text("dtmf", dtmf={"digit": digit}, **({} if occurred_at is None else {"occurred_at": occurred_at}))


def digits(found: list[events.Event]) -> str:
    return "".join(event.digit for event in found if isinstance(event, events.Dtmf))


def test_keys_come_in_the_order_in_which_they_were_pressed() -> None:
    session = carrier.started()
    session.receive(key("2", 5.2), 1000.0)
    session.receive(key("1", 5.1), 1010.0)
    session.receive(key("3", 5.3), 1020.0)
    assert session.next_deadline_ms == 1150.0
    assert digits(session.events(1149.0)) == ""
    assert digits(session.events(1150.0)) == "12"
    assert digits(session.events(1170.0)) == "3"
    assert session.next_deadline_ms is None


def test_a_key_that_comes_later_than_that_is_reported_all_the_same() -> None:
    session = carrier.started()
    session.receive(key("2", 5.2), 1000.0)
    assert digits(session.events(1150.0)) == "2"
    session.receive(key("1", 5.1), 1200.0)
    assert digits(session.events(1350.0)) == "1"


@pytest.mark.parametrize("odd", [None, "", "now", "5", "2026-13-01T00:00:00Z", "9" * 40])
def test_a_key_without_a_usable_time_is_not_delayed(odd: str | None) -> None:
    session = carrier.started()
    session.receive(key("1", occurred_at=odd), 1000.0)
    assert digits(session.events(1000.0)) == "1"


def test_a_key_without_a_time_stays_behind_the_keys_that_wait() -> None:
    session = carrier.started()
    session.receive(key("2", 5.2), 1000.0)
    session.receive(key("3"), 1050.0)
    session.receive(key("1", 5.1), 1060.0)
    assert digits(session.events(1149.0)) == ""
    assert digits(session.events(1150.0)) == "123"


def test_keys_of_one_time_stay_as_they_came() -> None:
    session = carrier.started()
    for digit in "123":
        session.receive(key(digit, 5.0), 1000.0)
    assert digits(session.events(1150.0)) == "123"


@pytest.mark.parametrize("zone", ["Z", "+00:00", "", ".123Z", ".123456789Z"])
def test_times_are_read_in_any_spelling_of_iso_8601(zone: str) -> None:
    session = carrier.started()
    session.receive(key("2", occurred_at="2026-01-02T03:04:06" + zone), 1000.0)
    session.receive(key("1", 5.9), 1001.0)
    assert digits(session.events(1200.0)) == "12"


def test_at_the_end_no_key_is_missing() -> None:
    session = carrier.started()
    session.receive(key("2", 5.2), 1000.0)
    session.receive(key("1", 5.1), 1001.0)
    session.closed(1002.0)
    found = session.events(1002.0)
    assert digits(found) == "12"
    assert found[-1] == events.Stopped("closed")


def test_a_flood_of_keys_does_not_wait() -> None:
    session = carrier.started()
    for at in range(10 * MAX_HELD):
        session.receive(key("5", at / 100), 1000.0)
    assert len(digits(session.events(1000.0))) >= 9 * MAX_HELD


@given(st.lists(st.tuples(st.integers(0, 300), st.none() | st.integers(0, 1500)), max_size=30))
def test_no_key_is_lost_or_delayed_beyond_150_ms(presses: list[tuple[int, int | None]]) -> None:
    session = carrier.started()
    now_ms = 1000.0
    due: list[tuple[float, str]] = []
    got = ""
    for at, (step_ms, pressed) in enumerate(presses):
        until_ms = now_ms + step_ms
        while (deadline_ms := session.next_deadline_ms) is not None and deadline_ms <= until_ms:
            now_ms = deadline_ms
            got += digits(session.events(now_ms))
        now_ms = until_ms
        digit = chr(0x4E00 + at)
        session.receive(key(digit, None if pressed is None else 10 + pressed / 1000), now_ms)
        due.append((now_ms + 150.0, digit))
        got += digits(session.events(now_ms))
        assert {one for limit_ms, one in due if limit_ms <= now_ms} <= set(got)
    got += digits(session.events(now_ms + 150.0))
    assert sorted(got) == sorted(digit for _, digit in due)
