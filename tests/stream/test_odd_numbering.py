"""Numbers that restart, stand still, fall or are missing: no audio is lost, and one event reports it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.stream.numbering import LEARNING_CHUNKS
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")


def payload(at: int) -> bytes:
    return at.to_bytes(2, "big") + bytes(158)


def contents(found: list[events.Event], track: str = "inbound") -> list[int]:
    return [
        int.from_bytes(audio.payload[:2], "big")
        for audio in carrier.audio_of(found)
        if audio.track == track and not audio.concealed
    ]


def changes(found: list[events.Event]) -> list[events.CounterChanged]:
    return [event for event in found if isinstance(event, events.CounterChanged)]


def lost(found: list[events.Event], track: str | None = None) -> int:
    gaps = [event for event in found if isinstance(event, events.Gap)]
    assert all(gap.lost_chunks >= 0 and gap.duration_ms >= 0 for gap in gaps)
    return sum(gap.lost_chunks for gap in gaps if track in {None, gap.track})


def numbered(numbers: Sequence[int]) -> list[str]:
    return [carrier.media(payload(at), number) for at, number in enumerate(numbers)]


def heard(texts: Sequence[str], session: MediaSession | None = None) -> list[events.Event]:
    session = session or carrier.started()
    return carrier.fed(session, [*texts, carrier.STOP])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (range(1, 96), range(1, 96)),  # 95 back
        (range(1, 61), range(1, 61)),  # less than the window of old numbers: the content shows it
        (range(1, 201), range(150, 300)),  # the middle of what was delivered
        (range(5000, 5100), range(1, 96)),
        (range(1, 96), range(90_000, 90_100)),
        (range(2, 200, 2), range(2, 200, 2)),
    ],
)
def test_a_numbering_that_begins_again_loses_nothing(before: range, after: range) -> None:
    session = carrier.started()
    found = heard(numbered([*before, *after]), session)
    assert contents(found) == list(range(len(before) + len(after)))
    assert [change.change for change in changes(found)] == ["restarted"]
    statistics = session.statistics(0.0)
    assert (statistics.late_chunks, statistics.duplicate_chunks, statistics.lost_chunks) == (0, 0, 0)


def test_a_message_without_audio_that_shows_a_new_numbering_raises_nothing() -> None:
    """Found by `make fuzz`, a million calls of `wire`: the event had a track that does not exist."""
    session = carrier.started()
    numbered_twice = [carrier.media(b"", sequence="7"), carrier.media(b"", sequence="7")]
    with_chunks = [carrier.media(b"", "6", sequence="7"), carrier.media(b"", "6", sequence="7")]
    found = carrier.fed(session, [*numbered_twice, *with_chunks, carrier.start("L16", 16000, sequence="1")])
    assert {change.track for change in changes(found)} == {"inbound"}
    assert contents(carrier.fed(session, [carrier.media(payload(3), "7", sequence="8")], from_ms=200.0)) == [3]


def test_loss_is_noticed_in_the_new_numbering() -> None:
    found = heard(numbered([*range(1, 96), *range(1, 50), *range(51, 96)]))
    assert lost(found) == 1
    assert contents(found) == list(range(95 + 94))


SENSELESS: dict[str, Callable[[int], int]] = {
    "constant": lambda _: 7,
    "zero": lambda _: 0,
    "modulo 2": lambda at: at % 2,
    "modulo 16": lambda at: at % 16,
    "falling": lambda at: 1000 - at,
    "falling in steps": lambda at: 100_000 - 160 * at,
    "each twice": lambda at: at // 2,
}


@pytest.mark.parametrize("name", list(SENSELESS))
def test_numbers_without_sense_are_ignored_and_one_event_says_so(name: str) -> None:
    session = carrier.started()
    found = heard(numbered([SENSELESS[name](at) for at in range(200)]), session)
    assert contents(found) == list(range(200))
    assert [change.change for change in changes(found)] == ["ignored"]
    assert lost(found) == session.statistics(0.0).late_chunks == session.statistics(0.0).duplicate_chunks == 0


def test_a_constant_number_with_the_same_audio_loses_nothing_either() -> None:
    found = heard([carrier.media(chunk=7)] * 100)
    assert len(carrier.audio_of(found)) == 100
    assert [change.change for change in changes(found)] == ["ignored"]


def test_random_numbers_lose_at_most_the_counted_chunks() -> None:
    rng = random.Random(5)
    session = carrier.started()
    found = heard(numbered([rng.randrange(1000) for _ in range(400)]), session)
    statistics = session.statistics(0.0)
    assert len(contents(found)) + statistics.late_chunks + statistics.duplicate_chunks == 400
    assert len(contents(found)) > 370
    assert lost(found) == statistics.lost_chunks == 0
    assert changes(found)[-1].change == "ignored"


def test_one_track_without_sense_leaves_the_other_in_order() -> None:
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    texts = []
    for at in range(100):
        texts.append(carrier.media(payload(at), at + 1 if at != 80 else 82, track="inbound"))
        texts.append(carrier.media(payload(at), 5, track="outbound"))
    found = heard(texts, session)
    assert contents(found, "outbound") == list(range(100))
    assert [(change.track, change.change) for change in changes(found)] == [("outbound", "ignored")]


@pytest.mark.parametrize("different", ["content", "timestamp"])
def test_a_number_seen_before_is_a_duplicate_only_if_all_is_equal(different: str) -> None:
    session = carrier.started()
    texts = [carrier.media(payload(at), at + 1, timestamp=20 * at) for at in range(100)]
    again = carrier.media(
        payload(7000 if different == "content" else 98), 99, timestamp=1960 if different == "content" else 9999
    )
    found = heard([*texts, texts[98], again, carrier.media(payload(100), 100, timestamp=2000)], session)
    assert session.statistics(0.0).duplicate_chunks == 1
    assert len(carrier.audio_of(found)) == 102


def test_a_burst_of_copies_is_dropped_and_counted() -> None:
    session = carrier.started()
    texts = [carrier.media(payload(at), at + 1, timestamp=20 * at) for at in range(100)]
    found = heard([*texts, *texts[60:], *texts[99:], *texts[99:]], session)
    assert contents(found) == list(range(100))
    assert session.statistics(0.0).duplicate_chunks == 42
    assert changes(found) == []


# Sequence numbers alone


def sequenced(numbers: Sequence[int], track: str | None = None) -> list[str]:
    return [carrier.media(payload(number), sequence=number, track=track) for number in numbers]


def test_without_chunk_the_sequence_number_orders_and_counts() -> None:
    numbers = [number for number in range(2, 202) if number not in {60, 61, 62, 90, 91, 120}]
    at = numbers.index(102)
    numbers[at], numbers[at + 1] = numbers[at + 1], numbers[at]
    session = carrier.started()
    found = heard(sequenced(numbers), session)
    assert contents(found) == sorted(numbers)
    assert lost(found) == session.statistics(0.0).lost_chunks == 6
    assert [gap.lost_chunks for gap in found if isinstance(gap, events.Gap)] == [3, 2, 1]


def test_messages_without_audio_have_sequence_numbers_too() -> None:
    session = carrier.started()
    session.mark("m")
    texts: list[str] = []
    for number in range(2, 202):
        if number % 10 == 0:
            texts.append(carrier.text("mark", sequence_number=str(number), mark={"name": "other"}))
        elif number % 25 == 0:
            texts.append(carrier.text("dtmf", sequence_number=str(number), dtmf={"digit": "1"}))
        elif number != 144:
            texts += sequenced([number])
    found = heard(texts, session)
    assert lost(found) == 1
    assert contents(found) == [n for n in range(2, 202) if n % 10 and n % 25 and n != 144]


def test_both_tracks_share_the_sequence_number() -> None:
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    texts: list[str] = []
    for number in range(2, 302):
        if number not in {150, 201}:
            texts += sequenced([number], "inbound" if number % 2 else "outbound")
    found = heard(texts, session)
    assert (lost(found, "inbound"), lost(found, "outbound")) == (1, 1)


def test_a_first_chunk_that_was_overtaken_is_waited_for_by_its_sequence_number() -> None:
    found = heard(sequenced([3, 4, 2, 5, 6]))
    assert contents(found) == [2, 3, 4, 5, 6]


# One counter for both tracks


def shared_with_pauses(turns: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Turns of both tracks or of one, with numbers of one counter."""
    chunks: list[tuple[str, int]] = []
    for who, count in turns:
        for _ in range(count):
            for track in ("inbound", "outbound") if who == "both" else (who,):
                chunks.append((track, len(chunks) + 1))
    return chunks


turns = st.lists(
    st.tuples(st.sampled_from(["both", "inbound", "outbound", "both"]), st.integers(1, 120)), min_size=1, max_size=8
)


@given(turns, st.integers(0, 2**32), st.floats(0, 0.05))
def test_losses_of_a_shared_counter_add_up(spurts: list[tuple[str, int]], seed: int, share: float) -> None:
    """After the learning, each missing number is lost exactly once, on one track."""
    chunks = shared_with_pauses([("both", LEARNING_CHUNKS), *spurts, ("both", 10)])
    rng = random.Random(seed)
    missing = {
        number for _, number in chunks[2 * LEARNING_CHUNKS : -8] if rng.random() < share
    }  # the last ones prove the loss before them
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    sent = [(track, number) for track, number in chunks if number not in missing]
    found = heard([carrier.media(payload(number % 65536), number, track=track) for track, number in sent], session)
    for track in ("inbound", "outbound"):
        assert contents(found, track) == [number for name, number in sent if name == track]
    statistics = session.statistics(0.0)
    assert statistics.lost_chunks == lost(found) == len(missing)
    assert (statistics.late_chunks, statistics.duplicate_chunks) == (0, 0)


def test_a_single_loss_after_a_spurt_belongs_to_the_track_whose_turn_it_was() -> None:
    """40 pairs, 100 inbound alone, then outbound, one lost inbound, outbound."""
    chunks = shared_with_pauses([("both", 40), ("inbound", 100), ("outbound", 1), ("inbound", 1), ("outbound", 1)])
    chunks += [(track, number + len(chunks)) for track, number in shared_with_pauses([("both", 20)])]
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    found = heard([carrier.media(payload(n), n, track=track) for track, n in chunks if n != 182], session)
    assert (lost(found, "inbound"), lost(found, "outbound")) == (1, 0)


def test_a_shared_counter_that_was_found_late_may_lose_its_sense() -> None:
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    chunks = [(("outbound", "inbound")[number % 2], number) for number in range(1, 101) if number != 2]
    chunks += [(("outbound", "inbound")[number % 2], number) for _ in range(10) for number in range(1, 11)]
    texts = [carrier.media(payload(at), number, track=track) for at, (track, number) in enumerate(chunks)]
    found = heard(texts, session)
    assert sorted(contents(found) + contents(found, "outbound")) == list(range(len(chunks)))
    assert [change.change for change in changes(found)] == ["restarted", "ignored"]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 120), st.integers(0, 2**32))
def test_counters_per_track_stay_apart_wherever_they_begin(first: int, other: int, head: int, seed: int) -> None:
    """Each track's numbers begin anywhere, one track earlier, and each pauses at random: all audio, in its order."""
    rng = random.Random(seed)
    next_number = {"inbound": first, "outbound": other}
    texts: list[str] = []
    sent: dict[str, list[int]] = {"inbound": [], "outbound": []}

    def send(track: str) -> None:
        number = next_number[track]
        next_number[track] += 1
        sent[track].append(number)
        texts.append(carrier.media(payload(number), number, track=track))

    for _ in range(head):
        send("inbound")
    for _ in range(40):
        alone = rng.choice(["both", "both", "inbound", "outbound"])
        for _ in range(rng.randint(1, 20)):
            for track in ("inbound", "outbound") if alone == "both" else (alone,):
                send(track)
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    found = heard(texts, session)
    statistics = session.statistics(0.0)
    dropped = statistics.late_chunks + statistics.duplicate_chunks
    assert {track: contents(found, track) for track in sent} == sent, (dropped, changes(found))
    assert dropped == 0


@pytest.mark.parametrize(
    "numbers",
    [
        "i6 o5 o7 o4 i3 o3 i3",
        "i0 i15 i5 i8 o3 i11 i8 i11",
        "o5 o7 i0 i6 o0 o1 o2 i4 o5 i7 o0 o1 o3 o4 o5 o6 o7 i0 i2 i4",
    ],
)
def test_numbers_of_two_tracks_without_sense_deliver_all_and_raise_nothing(numbers: str) -> None:
    tracks = {"i": "inbound", "o": "outbound"}
    texts = [carrier.media(payload(at), int(one[1:]), track=tracks[one[0]]) for at, one in enumerate(numbers.split())]
    session = carrier.started()
    found = heard(texts, session)
    assert "ignored" in {event.change for event in changes(found)}
    counts = session.statistics(0.0)
    assert len(carrier.audio_of(found)) + counts.late_chunks + counts.duplicate_chunks == len(texts)


@given(
    st.lists(st.tuples(st.sampled_from(["inbound", "outbound"]), st.integers(0, 16)), max_size=80),
    st.sampled_from(["chunk", "sequence"]),
)
def test_for_all_numbers_the_counts_agree(numbers: list[tuple[str, int]], member: str) -> None:
    session = carrier.started()
    texts = [carrier.media(payload(at), track=track, **{member: n}) for at, (track, n) in enumerate(numbers)]
    found = heard(texts, session)
    counts = session.statistics(0.0)
    assert counts.media_received == len(texts)
    assert len(carrier.audio_of(found)) + counts.late_chunks + counts.duplicate_chunks == len(texts)


@pytest.mark.parametrize("event", ["error", "clear", "connected", "mark", "dtmf", "later", "media"])
def test_messages_without_audio_use_a_number_of_the_stream_and_are_not_loss(event: str) -> None:
    """If chunks have no numbers, the sequence numbers of messages give the order."""
    texts = [carrier.media(payload(at), sequence=2 + at) for at in range(60)]
    body = {"name": "x"} if event == "mark" else {"digit": "1"} if event == "dtmf" else {"payload": ""}
    texts.append(
        carrier.text(event, sequence_number="62", **({event: body} if event in {"mark", "dtmf", "media"} else {}))
    )
    texts += [carrier.media(payload(at), sequence=3 + at) for at in range(60, 80)]
    found = heard(texts)
    assert lost(found) == 0
    assert contents(found) == list(range(80))
