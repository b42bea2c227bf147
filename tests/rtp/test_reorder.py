"""The reorder window: order of the output, counts of lost, late and duplicate items, and limits of memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.rtp.reorder import MAX_DROPOUT, MAX_MISORDER, WINDOW, Lost, ReorderWindow
from rtpcodec.rtp.skipped import REMEMBERED_SKIPPED

Got = list[int | Lost]


def feed(window: ReorderWindow[int], numbers: list[int]) -> Got:
    """Put numbers as their own items, and return the output."""
    out: Got = []
    for number in numbers:
        window.put(number, number)
        out += window.pop()
    return out


def shuffled(numbers: list[int], jitter: list[float], most: float) -> list[int]:
    """Shuffle numbers; each is overtaken only by numbers at most `most` ahead of it."""
    delays = {number: jitter[at % len(jitter)] * most for at, number in enumerate(numbers)}
    return sorted(numbers, key=lambda number: number + delays[number])


jitters = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(st.integers(0, 2**62), st.integers(0, 200), jitters)
def test_any_shuffle_within_the_window_is_put_in_order(start: int, count: int, jitter: list[float]) -> None:
    window: ReorderWindow[int] = ReorderWindow()
    window.start_at(start)
    numbers = list(range(start, start + count))
    # A number that waits is overtaken by at most WINDOW numbers.
    found = feed(window, [start + at for at in shuffled(list(range(count)), jitter, WINDOW)])
    assert found + window.drain() == numbers
    assert (window.late, window.duplicates, window.waiting) == (0, 0, 0)


@given(st.integers(1, 300), st.sets(st.integers(1, 299)), jitters)
def test_losses_are_reported_exactly_and_in_their_place(count: int, lost: set[int], jitter: list[float]) -> None:
    window: ReorderWindow[int] = ReorderWindow()
    window.start_at(0)
    sent = [number for number in range(count) if number not in lost]
    # Shuffled by arrival, so that at most WINDOW numbers wait for one that arrives.
    found = feed(window, [sent[at] for at in shuffled(list(range(len(sent))), jitter, WINDOW)])
    found += window.drain()
    assert [item for item in found if isinstance(item, int)] == sent
    expected = 0
    for item in found:
        if isinstance(item, Lost):
            assert {*range(expected, expected + item.count)} <= lost
            expected += item.count
        else:
            assert item == expected
            expected += 1
    assert (window.late, window.duplicates, window.waiting) == (0, 0, 0)


@given(st.lists(st.integers(1, 60), max_size=200))
def test_no_input_is_returned_twice_or_backwards(numbers: list[int]) -> None:
    window: ReorderWindow[int] = ReorderWindow()
    window.start_at(1)
    found = feed(window, numbers)
    assert window.waiting <= WINDOW
    items = [item for item in found + window.drain() if isinstance(item, int)]
    assert items == sorted(set(items))
    assert len(items) + window.late + window.duplicates == len(numbers)
    # Every item that was not delivered was counted as lost before it arrived.
    assert len(set(numbers)) - len(items) <= window.late


def test_a_number_is_lost_when_the_window_has_passed_not_before() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [1, 3, 4, 5]) == [1]
    assert window.waiting == 3
    assert feed(window, [6]) == [Lost(1), 3, 4, 5, 6]
    assert feed(window, [9, 10, 11]) == []
    assert feed(window, [12]) == [Lost(2), 9, 10, 11, 12]


def test_two_gaps_are_reported_each_in_its_place() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [1, 3, 5, 6]) == [1]
    assert feed(window, [7]) == [Lost(1), 3]
    assert feed(window, [8]) == [Lost(1), 5, 6, 7, 8]


def test_window_is_a_setting() -> None:
    assert feed(ReorderWindow(0), [1, 3]) == [1, Lost(1), 3]
    assert feed(ReorderWindow(1), [1, 3, 4]) == [1, Lost(1), 3, 4]


def test_put_returns_whether_the_item_was_dropped() -> None:
    window: ReorderWindow[str] = ReorderWindow(0)
    assert window.put(5, "first")
    assert window.pop() == ["first"]
    assert not window.put(5, "again")
    assert window.put(7, "ahead")
    assert not window.put(7, "again, before pop")
    assert window.pop() == [Lost(1), "ahead"]
    assert not window.put(6, "lost")
    assert not window.put(6, "and once more")
    assert (window.late, window.duplicates) == (1, 3)


def test_numbers_before_the_first_are_late_not_double() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [50, 49, 48]) == [50]
    assert (window.late, window.duplicates) == (2, 0)


def test_start_at_waits_for_the_numbers_before_the_first_item() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    window.start_at(1)
    assert feed(window, [3, 2]) == []
    assert feed(window, [1]) == [1, 2, 3]


def test_drain_returns_all_items_that_wait() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [1, 3, 6]) == [1]
    assert window.drain() == [Lost(1), 3, Lost(2), 6]
    assert window.drain() == []
    # The window is as wide as before.
    assert feed(window, [8, 9, 10]) == []


def test_a_number_of_another_sequence_is_not_lost() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    window.put(1, 1)
    window.put(4, 4)
    assert window.pop(elsewhere=lambda _begin, _end: [(2, 3)]) == [1]
    assert window.pop(elsewhere=lambda _begin, _end: [(3, 4)]) == [4]
    window.put(8, 8)
    assert window.drain(elsewhere=lambda _begin, _end: [(5, 6), (7, 8)]) == [Lost(1), 8]
    assert [number for number in range(10) if window.has_seen(number)] == [1, 4, 8]


def test_has_seen() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert not window.has_seen(0)
    feed(window, [10, 12, 13, 14, 15, 17])
    assert [number for number in range(20) if window.has_seen(number)] == [10, 12, 13, 14, 15, 17]
    window.put(9999, 0)
    assert window.has_seen(9999)


def test_jump_within_the_limit_is_loss() -> None:
    window: ReorderWindow[int] = ReorderWindow(0)
    assert feed(window, [1, 2 + MAX_DROPOUT]) == [1, Lost(MAX_DROPOUT), 2 + MAX_DROPOUT]


def test_jump_ahead_needs_two_in_a_row_to_be_a_new_numbering() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [1, 2, 3 + MAX_DROPOUT + 1]) == [1, 2]
    assert feed(window, [3 + MAX_DROPOUT + 2]) == [3004, 3005]
    assert feed(window, [3006, 3007]) == [3006, 3007]
    assert (window.late, window.duplicates) == (0, 0)


def test_jump_back_needs_two_in_a_row_to_be_a_new_numbering() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [500, 501, 502]) == [500, 501, 502]
    assert feed(window, [1]) == []
    assert feed(window, [2, 3]) == [1, 2, 3]
    # 100 back is late or a duplicate, 101 is far off.
    window = ReorderWindow()
    feed(window, [500, 501])
    assert not window.put(502 - MAX_MISORDER, 0)
    assert window.put(502 - MAX_MISORDER - 1, 0)


def test_a_single_stray_is_late_and_changes_nothing() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [5000, 1, 5001, 2, 5002, 3]) == [5000, 5001, 5002]
    assert window.late == 2
    assert window.drain() == []
    assert window.late == 3


def test_strays_that_go_back_are_dropped_one_by_one() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [5000, 30, 20, 10]) == [5000]
    assert window.late == 2
    assert feed(window, [11]) == [10, 11]


def test_a_stray_that_comes_twice_is_still_a_single_one() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [5000, 1, 1, 5001]) == [5000, 5001]
    assert (window.late, window.duplicates) == (2, 0)


def test_new_numbering_clears_the_skipped_numbers_of_the_old_one() -> None:
    window: ReorderWindow[int] = ReorderWindow(0)
    feed(window, [number for number in range(290, 500) if number != 300])
    feed(window, list(range(150, 310)))
    assert not window.put(300, 300)
    assert (window.late, window.duplicates) == (0, 1)


def test_new_numbering_keeps_what_was_held_and_its_gaps() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    assert feed(window, [5000, 5002, 5003]) == [5000]
    assert feed(window, [1]) == []
    # With 1 and 2 there are four ahead of the missing 5001.
    assert feed(window, [2]) == [Lost(1), 5002, 5003, 1, 2]
    assert feed(window, [3]) == [3]
    assert window.late == 0


def test_new_numbering_may_step_by_more_than_one() -> None:
    """Another sequence shares the counter, or the numbers count samples: 20 ms of 8 kHz is a step of 160."""
    window: ReorderWindow[int] = ReorderWindow(0)
    assert feed(window, [160, 320, 320 + 160 * 50]) == [160, Lost(159), 320]
    assert feed(window, [320 + 160 * 51, 320 + 160 * 52]) == [8320, Lost(159), 8480, Lost(159), 8640]


def test_steps_beyond_the_limit_only_order() -> None:
    """A chunk of 30 s at 8 kHz is a step of 240,000: no item is lost, and the numbers between are not iterated."""
    window: ReorderWindow[int] = ReorderWindow()
    numbers = [1 + 240_000 * at for at in range(40)]
    assert feed(window, numbers) == numbers[:-1]
    assert window.late == 0
    assert feed(window, [2**62, 2**62 + 2**61]) == [numbers[-1], 2**62]
    assert window.late == 0


@given(st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 400), max_size=120))
def test_memory_stays_bounded_whatever_comes(numbers: list[int]) -> None:
    window: ReorderWindow[int] = ReorderWindow()
    delivered = 0
    for number in numbers:
        delivered += len([item for item in feed(window, [number]) if isinstance(item, int)])
        assert window.waiting <= WINDOW
    delivered += len([item for item in window.drain() if isinstance(item, int)])
    assert delivered + window.late + window.duplicates == len(numbers)


def test_limits_are_those_of_the_standards() -> None:
    """The limits of a new numbering are those of RFC 3550 appendix A.1."""
    assert (WINDOW, MAX_DROPOUT, MAX_MISORDER) == (3, 3000, 100)


def test_skipped_numbers_are_remembered_up_to_a_limit() -> None:
    window: ReorderWindow[int] = ReorderWindow(0)
    for number in range(0, 100_000, 2):
        feed(window, [number])
    assert len(window._skipped) == REMEMBERED_SKIPPED


@pytest.mark.parametrize("digest", [-1, 2**56, 2**63, 2**64])
def test_a_digest_that_does_not_fit_is_refused_before_anything_changes(digest: int) -> None:
    window: ReorderWindow[str] = ReorderWindow()
    assert window.put(1, "first", ("inbound", 0, 7))
    assert window.pop() == ["first"]
    with pytest.raises(ValueError, match=rf"digest is {digest}, a number of 56 bits is needed"):
        window.put(2, "second", ("inbound", 0, digest))
    with pytest.raises(ValueError, match="56 bits"):
        window.follows(2, ("inbound", 0, digest))
    assert (window.next, window.waiting, window.content_of(2)) == (2, 0, None)
    assert window.follows(2, ("inbound", 0, 2**56 - 1))
    assert window.content_of(2) == ("inbound", 0, 2**56 - 1)


@pytest.mark.parametrize("timestamp", [-1, 2**63])
def test_a_timestamp_that_is_not_a_counter_is_refused(timestamp: int) -> None:
    window: ReorderWindow[str] = ReorderWindow()
    with pytest.raises(ValueError, match=rf"timestamp is {timestamp}, 0 to {2**63 - 1} is needed"):
        window.put(1, "first", ("inbound", timestamp, 7))
    assert window.waiting == 0


def test_the_largest_numbers_may_have_contents() -> None:
    window: ReorderWindow[int] = ReorderWindow()
    for number in range(2**63 - 3, 2**63):
        assert window.put(number, number, ("inbound", 0, 7))
    assert window.pop() == list(range(2**63 - 3, 2**63))
    assert window.content_of(2**63 - 1) == ("inbound", 0, 7)
    assert window.content_of(2**63) is None
