"""The window passes gaps in one step, with the same result as a walk number by number."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.rtp.reorder import MAX_DROPOUT, Lost, ReorderWindow
from rtpcodec.rtp.skipped import REMEMBERED_SKIPPED, SkippedNumbers, united
from tests.stream.executed_lines import lines_of


class Walk:
    """The definition: one number after the other, of numbers that lie within the limits of a new numbering."""

    def __init__(self, window: int) -> None:
        self.window = window
        self.held: set[int] = set()
        self.next = 1
        self.seen: set[int] = set()

    def put(self, number: int) -> None:
        if number >= self.next:
            self.held.add(number)
            self.seen.add(number)

    def pop(self, elsewhere: set[int], until: int) -> list[int | Lost]:
        out: list[int | Lost] = []
        lost = 0
        while self.held:
            if self.next in self.held:
                out += [Lost(lost)] if lost else []
                lost = 0
                self.held.remove(self.next)
                out.append(self.next)
            elif self.next in elsewhere:
                pass
            elif len(self.held) > self.window or self.next < until:
                lost += 1
            else:
                break
            self.next += 1
        return out


steps = st.tuples(st.integers(0, 60), st.integers(0, 40), st.booleans())


@given(st.lists(steps, max_size=60), st.integers(0, 4), st.sets(st.integers(1, 600), max_size=80))
@settings(max_examples=300)
def test_jumps_give_what_a_walk_gives(found: list[tuple[int, int, bool]], size: int, others: set[int]) -> None:
    window: ReorderWindow[int] = ReorderWindow(size, MAX_DROPOUT)
    window.start_at(1)
    walk = Walk(size)
    for ahead, until, is_asked in found:
        number = max(1, walk.next + ahead - 5)
        elsewhere = others - walk.seen - {number} if is_asked else set()
        window.put(number, number)
        walk.put(number)

        def spans(begin: int, end: int, numbers: set[int] = elsewhere) -> list[tuple[int, int]]:
            return united((one, one + 1) for one in numbers if begin <= one < end)

        limit = walk.next + until if until > 30 else 0
        assert window.pop(spans if is_asked else None, until=limit) == walk.pop(elsewhere, limit)
        assert (window.next, set(window.held)) == (walk.next, walk.held)
        received = [one for begin, end in window.seen(1, walk.next + 100) for one in range(begin, end)]
        assert received == [one for one in range(1, walk.next + 100) if window.has_seen(one)]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 300)), max_size=40), st.sets(st.integers(0, 2000)))
def test_the_last_skipped_numbers_are_remembered(found: list[tuple[int, int]], filled: set[int]) -> None:
    skipped = SkippedNumbers()
    numbers: list[int] = []
    at = 0
    for distance, length in found:
        at += distance
        skipped.add(at, at + length)
        numbers = [*numbers, *range(at, at + length)][-REMEMBERED_SKIPPED:]
        at += length
        for number in filled & set(numbers):
            skipped.fill(number)
            numbers.remove(number)
            filled.discard(number)
        assert len(skipped) == len(numbers)
    assert [one for one in range(at + 10) if one in skipped] == numbers
    others = [one for begin, end in skipped.others(5, at + 5) for one in range(begin, end)]
    assert others == [one for one in range(5, at + 5) if one not in skipped]


def test_a_gap_of_3000_is_as_much_work_as_one_of_3() -> None:
    work = []
    for gap in (3, 300, MAX_DROPOUT - 10):
        window: ReorderWindow[int] = ReorderWindow()
        window.put(1, 1)
        window.pop()
        for at in range(4):
            window.put(1 + gap + at, at)
        work.append(lines_of(window.pop))
    assert work[0] == work[1] == work[2]
