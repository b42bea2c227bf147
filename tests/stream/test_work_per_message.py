"""No number in a message determines the work for it: lines of Python and events per message are bounded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import pytest

from rtpcodec import StreamPlan, events
from rtpcodec.stream.event_queue import MAX_OTHER_EVENTS, EventQueue
from rtpcodec.stream.receiving import MAX_CONCEALED_MS, MAX_CREDIT_MS, MAX_PIECES
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.chain import MAX_WAITING_MARKS
from tests.stream import carrier
from tests.stream.executed_lines import lines_of

ORDINARY = 60
"""Messages before the hostile ones: as many as a session learns from. Their lines are not counted."""
HOSTILE = 24
SIZES = [
    99,
    2999,
    2**62,
    *(pytest.param(size, marks=pytest.mark.long) for size in (2, 5, 40, 64, 300, 3000, 3001, 10**6, 2**32)),
]
MAX_LINES = 3000
"""Of one message: an ordinary one runs 100. A gap of 50 concealed pieces and a merge of two windows are the most."""
TINY = b"\xff"
"""One sample: the most numbers per octet and per ms."""


def numbers(kind: str, size: int) -> Iterator[int]:
    """Return chunk numbers of a malicious sender, after ordinary ones."""
    rng = random.Random(f"{kind}/{size}")
    yield from range(1, ORDINARY + 1)
    at = ORDINARY
    for turn in range(HOSTILE):
        match kind:
            case "up":
                at += size
            case "up and three in a row":
                at += size if turn % 4 == 0 else 1
            case "two far apart":
                at += size if turn % 5 in (0, 2) else 1
            case "up and down":
                at += size if turn % 2 else 1 - size
            case "down":
                at -= size
            case "gaps of every size":
                at += rng.randrange(1, size + 1) if turn % 4 == 0 else 1
            case _:
                at += rng.choice([1, -1, size, -size, 0])
        at = min(max(at, 0), 2**63 - 1)
        yield at


def most_work(session: MediaSession, texts: list[str], *, step_ms: float = 20.0, begin_ms: float = 20.0) -> list[int]:
    """Return the maximum of lines per message with its events, and the maximum of events."""
    lines = most = 0
    ordinary = min(ORDINARY, len(texts) // 2)
    concealed_ms = 0.0
    now_ms = begin_ms
    found: list[events.Event] = []

    def act(text: str, now_ms: float) -> None:
        session.receive(text, now_ms)
        found.extend(session.events(now_ms))

    for at, text in enumerate(texts):
        found.clear()
        if at < ordinary:
            act(text, now_ms)
        else:
            lines = max(lines, lines_of(partial(act, text, now_ms)))
        most = max(most, len(found))
        concealed_ms += sum(audio.duration_ms for audio in carrier.audio_of(found) if audio.concealed)
        now_ms += step_ms
    assert concealed_ms <= MAX_CREDIT_MS + (now_ms - begin_ms) + MAX_CONCEALED_MS
    return [lines, most]


KINDS = ["up", "up and three in a row", "two far apart", "up and down", "down", "gaps of every size", "wild"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_chunk_numbers(kind: str, size: int) -> None:
    texts = [carrier.media(TINY, number) for number in numbers(kind, size)]
    for step_ms in (20.0, 0.0):
        lines, most = most_work(carrier.started(conceal=True), texts, step_ms=step_ms)
        assert lines < MAX_LINES
        assert most <= MAX_PIECES + 20


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_chunk_numbers_of_two_tracks(kind: str, size: int) -> None:
    texts = []
    for at, number in enumerate(numbers(kind, size)):
        texts += [carrier.media(TINY, number, track="inbound"), carrier.media(TINY, number + at % 3, track="outbound")]
    session = carrier.started(StreamPlan(tracks="both_tracks"), conceal=True)
    lines, most = most_work(session, texts, step_ms=10.0)
    assert lines < MAX_LINES
    assert most <= 2 * MAX_PIECES + 40


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_sequence_numbers_and_timestamps(kind: str, size: int) -> None:
    found = list(numbers(kind, size))
    by_sequence = [carrier.media(TINY, sequence=number) for number in found]
    by_time = [carrier.media(carrier.FRAME, at, timestamp=number) for at, number in enumerate(found)]
    both = [carrier.media(carrier.FRAME, number, timestamp=20 * number) for number in found]
    for texts in (by_sequence, by_time, both):
        lines, most = most_work(carrier.started(conceal=True), texts)
        assert lines < MAX_LINES
        assert most <= MAX_PIECES + 20


def test_a_gap_of_any_size_is_as_much_work_as_another() -> None:
    found = []
    for size in (100, 1000, 2900):
        found_numbers = (*range(1, 101), *range(100 + size, 105 + size))
        texts = [carrier.media(carrier.FRAME, number) for number in found_numbers]
        found.append(most_work(carrier.started(conceal=True), texts))
    lines, most = zip(*found, strict=True)
    assert len(set(most)) == 1
    assert max(lines) - min(lines) < 100  # caches of the process: a step per number would be thousands


def with_marks(count: int) -> MediaSession:
    session = carrier.started()
    for number in range(count):
        session.mark(f"mark {number}")
    session.outgoing(0.0)
    return session


def test_marks_that_were_never_sent_are_found_at_once() -> None:
    texts = [carrier.mark(f"other {number}") for number in range(60)]
    texts += [carrier.mark(f"mark {number}") for number in range(60)]
    few = most_work(with_marks(130), texts)
    lines, most = most_work(with_marks(MAX_WAITING_MARKS), texts)
    # Finding the mark, updating the model of the far end by its echo, and checking which replies were heard.
    assert lines < 280
    assert most == 1
    assert [lines, most] == few, "as much work as with few marks"


def test_marks_of_a_peer_that_never_answers_end_without_a_search() -> None:
    few, session = with_marks(10), with_marks(MAX_WAITING_MARKS)
    # The earliest of six: texts, marks, the pause, replies, unsent marks and received messages.
    assert lines_of(lambda: session.next_deadline_ms) == lines_of(lambda: few.next_deadline_ms) < 60
    found: list[events.Event] = []
    assert lines_of(lambda: found.extend(session.events(60_000.0))) < 70 * MAX_WAITING_MARKS
    assert carrier.kinds(found) == ["MarkCleared"] * MAX_WAITING_MARKS


@pytest.mark.parametrize("step", [1, -1, 7, -7, 10**6])
def test_keys_of_any_time(step: int) -> None:
    texts = [
        carrier.text("dtmf", dtmf={"digit": "1"}, occurred_at=f"2026-01-{1 + at * step % 28:02}T00:00:{at % 60:02}Z")
        for at in range(150)
    ]
    lines, _ = most_work(carrier.started(), texts, step_ms=0.1)
    assert lines < 600


def test_starts_of_any_format() -> None:
    texts = [carrier.start("L16", 8000 + at) for at in range(60)]
    texts += [carrier.start(f"CODEC-{at}", at) for at in range(60)]
    lines, _ = most_work(carrier.started(), texts)
    assert lines < MAX_LINES


@pytest.mark.parametrize("other", [events.Dtmf("1", None), events.Unknown("x", "y")])
def test_a_full_queue_costs_no_more_than_an_empty_one(other: events.Event) -> None:
    audio = events.Audio("inbound", carrier.FRAME, bytes(320), 8000, 0.0, 20.0)
    full = EventQueue()
    for _ in range(MAX_OTHER_EVENTS):
        full.put(other)
    for _ in range(400):
        full.put(audio)
    for one in (audio, other):
        empty = lines_of(lambda: EventQueue().put(one))  # noqa: B023 -- called at once
        assert lines_of(lambda: full.put(one)) < empty + 40  # noqa: B023 -- called at once
        assert lines_of(full.pop) < 30
