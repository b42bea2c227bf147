"""The meaning of the carrier's counters is learnt from the stream: order, loss, duplicates, both ways of counting."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.stream.numbering import LEARNING_CHUNKS
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")

Numbered = tuple[str, int]


def session_of_both() -> MediaSession:
    return carrier.started(StreamPlan(tracks="both_tracks"))


def feed(session: MediaSession, chunks: Iterable[Numbered | int]) -> list[events.Event]:
    """Chunks of 20 ms; the first two octets of each payload are its number."""
    texts = []
    for chunk in chunks:
        track, number = chunk if isinstance(chunk, tuple) else ("inbound", chunk)
        texts.append(carrier.media((number % 65536).to_bytes(2, "big") + bytes(158), number, track=track))
    return carrier.fed(session, texts)


def numbers_of(found: list[events.Event], track: str = "inbound") -> list[int | None]:
    return [audio.chunk for audio in carrier.audio_of(found) if audio.track == track]


def gaps_of(found: list[events.Event]) -> list[events.Gap]:
    return [event for event in found if isinstance(event, events.Gap)]


def per_track(count: int) -> list[Numbered]:
    return [(track, number) for number in range(1, count + 1) for track in ("inbound", "outbound")]


def shared(count: int, start: int = 1) -> list[Numbered]:
    return [(("inbound", "outbound")[at % 2], start + at) for at in range(count)]


learnt = list(range(1, LEARNING_CHUNKS + 1))


def test_after_learning_a_missing_number_is_a_gap_with_its_place_and_length() -> None:
    session = carrier.started()
    found = feed(session, [*learnt, 51, 52, 54, 55, 58, 59, 60, 61, 62, 63])
    assert gaps_of(found) == [events.Gap("inbound", 1, 52 * 20.0, 20.0), events.Gap("inbound", 2, 55 * 20.0, 40.0)]
    after = [audio for audio in carrier.audio_of(found) if audio.chunk in {54, 58}]
    assert [audio.media_ms for audio in after] == [53 * 20.0, 57 * 20.0]
    kinds = carrier.kinds(found)
    assert kinds.index("Gap") == 52
    assert session.statistics(0.0).lost_chunks == 3


def test_a_gap_is_as_long_as_the_chunk_that_follows() -> None:
    session = carrier.started()
    feed(session, learnt)
    texts = [carrier.media(bytes(octets), chunk) for chunk, octets in ((52, 240), (53, 80), (54, 80), (55, 80))]
    found = carrier.fed(session, texts)
    assert gaps_of(found) == [events.Gap("inbound", 1, 1000.0, 30.0)]


def test_a_gap_in_front_of_an_empty_chunk_waits_for_audio() -> None:
    session = carrier.started()
    feed(session, learnt)
    texts = [carrier.media(b"" if chunk < 54 else carrier.FRAME, chunk) for chunk in (52, 53, 54, 55)]
    found = carrier.fed(session, texts)
    assert gaps_of(found) == [events.Gap("inbound", 1, 1000.0, 20.0)]
    assert numbers_of(found) == [54, 55]


def test_silence_before_a_chunk_never_means_loss() -> None:
    session = carrier.started()
    feed(session, learnt)
    session.receive(carrier.media(chunk=52), 10_000.0)
    assert carrier.kinds(session.events(10_099.9)) == ["Stalled"]
    session.receive(carrier.media(chunk=51), 10_099.9)
    assert numbers_of(session.events(10_099.9)) == [51, 52]


def test_nothing_is_lost_before_the_numbering_is_learnt() -> None:
    session = carrier.started()
    numbers = [number for number in range(1, 60) if number % 10]
    found = feed(session, numbers[:45])
    assert gaps_of(found) == []
    assert numbers_of(found) == numbers[:45]
    assert [audio.media_ms for audio in carrier.audio_of(found)] == [20.0 * at for at in range(45)]
    assert session.statistics(0.0).lost_chunks == 0


@pytest.mark.parametrize(("arrivals", "told"), [(49, 0), (50, 1)])
def test_learning_ends_with_the_fiftieth_chunk(arrivals: int, told: int) -> None:
    session = carrier.started()
    # The reorder window ends when the fourth chunk after the gap arrives.
    numbers = [*range(1, arrivals - 3), *range(arrivals - 2, arrivals + 2)]
    assert len(numbers) == arrivals
    found = feed(session, numbers)
    assert numbers_of(found) == numbers
    assert len(gaps_of(found)) == told


@pytest.mark.parametrize(("holes", "told"), [(25, 1), (26, 0)])
def test_more_skips_than_half_of_the_learning_are_a_habit(holes: int, told: int) -> None:
    session = carrier.started()
    numbers = [1 + 2 * at for at in range(holes + 1)]
    numbers += range(numbers[-1] + 1, numbers[-1] + 40)
    assert gaps_of(feed(session, numbers)) == []
    last = numbers[-1]
    assert len(gaps_of(feed(session, range(last + 2, last + 6)))) == told


@pytest.mark.parametrize("step", [2, 3, 20, 160, 320, 960])
def test_steps_of_more_than_one_are_a_habit_not_loss(step: int) -> None:
    session = carrier.started()
    numbers = [1 + step * at for at in range(400)]
    found = feed(session, numbers) + carrier.fed(session, [carrier.STOP])
    assert gaps_of(found) == []
    assert numbers_of(found) == numbers
    statistics = session.statistics(0.0)
    assert (statistics.lost_chunks, statistics.late_chunks, statistics.duplicate_chunks) == (0, 0, 0)


def test_chunks_without_numbers_are_in_order_as_they_come() -> None:
    session = carrier.started()
    texts = [carrier.media(bytes([at]) * 160) for at in range(100)]
    found = carrier.audio_of(carrier.fed(session, texts))
    assert [audio.payload[0] for audio in found] == list(range(100))
    assert {audio.chunk for audio in found} == {None}


def test_numbers_per_track() -> None:
    session = session_of_both()
    found = feed(session, per_track(200))
    assert carrier.kinds(found) == ["Audio"] * 400
    assert numbers_of(found, "inbound") == numbers_of(found, "outbound") == list(range(1, 201))


def test_loss_with_numbers_per_track_is_of_its_track() -> None:
    session = session_of_both()
    sent = [chunk for chunk in per_track(120) if chunk not in {("outbound", 100), ("inbound", 110)}]
    found = feed(session, sent)
    assert gaps_of(found) == [events.Gap("outbound", 1, 1980.0, 20.0), events.Gap("inbound", 1, 2180.0, 20.0)]


def test_a_track_that_comes_later_counts_for_itself() -> None:
    session = session_of_both()
    found = feed(session, [("inbound", number) for number in range(1, 300)])
    found += feed(session, [(track, number + (track == "inbound") * 299) for track, number in per_track(100)])
    assert gaps_of(found) == []
    assert numbers_of(found, "inbound") == list(range(1, 400))
    assert numbers_of(found, "outbound") == list(range(1, 101))


def test_tracks_that_begin_at_different_numbers_count_for_themselves() -> None:
    session = session_of_both()
    sent = [(track, number + (track == "outbound") * 100) for track, number in per_track(200)]
    found = feed(session, [chunk for chunk in sent if chunk != ("inbound", 150)])
    assert gaps_of(found) == [events.Gap("inbound", 1, 2980.0, 20.0)]


def test_a_shared_number_releases_the_waiting_chunks_of_the_other_track() -> None:
    session = session_of_both()
    assert numbers_of(feed(session, [("inbound", 1), ("inbound", 3)])) == [1]
    assert carrier.kinds(feed(session, [("outbound", 2)])) == ["Audio", "Audio"]


def test_numbers_shared_by_both_tracks() -> None:
    session = session_of_both()
    found = feed(session, shared(400))
    assert carrier.kinds(found) == ["Audio"] * 400
    assert numbers_of(found, "inbound") == list(range(1, 400, 2))
    assert numbers_of(found, "outbound") == list(range(2, 401, 2))
    assert session.statistics(0.0).late_chunks == 0


def test_a_shared_number_is_lost_only_if_no_track_has_it() -> None:
    session = session_of_both()
    found = feed(session, [chunk for chunk in shared(200) if chunk[1] != 150])
    assert [gap.lost_chunks for gap in gaps_of(found)] == [1]
    assert numbers_of(found, "inbound") == list(range(1, 200, 2))
    assert numbers_of(found, "outbound") == [number for number in range(2, 201, 2) if number != 150]


def test_shared_numbers_while_one_track_is_silent() -> None:
    """A muted track sends nothing for longer than any reorder limit; its first chunks afterwards are not late."""
    session = session_of_both()
    feed(session, shared(60))
    feed(session, [("inbound", number) for number in range(61, 4000)])
    found = feed(session, shared(200, 4001 - 1))
    assert gaps_of(found) == []
    assert numbers_of(found, "inbound") == list(range(4000, 4200, 2))
    assert numbers_of(found, "outbound") == list(range(4001, 4200, 2))
    statistics = session.statistics(0.0)
    assert (statistics.lost_chunks, statistics.late_chunks) == (0, 0)


def test_first_chunks_out_of_order() -> None:
    session = carrier.started()
    order = [(2, 3), (1, 2), (3, 4)]
    found = carrier.fed(session, [carrier.media(chunk=chunk, sequence=sequence) for chunk, sequence in order])
    assert numbers_of(found) == [1, 2, 3]


@pytest.mark.parametrize(("first", "given"), [(2, []), (4, []), (5, [5]), (500, [500])])
def test_after_missing_numbers_only_low_numbers_wait_for_one(first: int, given: list[int]) -> None:
    session = carrier.started()
    assert numbers_of(carrier.fed(session, [carrier.media(chunk=first, sequence=first + 1)])) == given
    if not given:
        late = [carrier.media(chunk=chunk, sequence=chunk + 1) for chunk in range(1, first)]
        assert numbers_of(carrier.fed(session, late)) == list(range(1, first + 1))


def test_a_stream_that_begins_at_two_does_not_wait_for_one() -> None:
    """The vendor's example has sequence 4 at chunk 2: the sequence shows no gap, so nothing is missing."""
    session = carrier.started(start_text=carrier.start(sequence="3"))
    assert numbers_of(carrier.fed(session, [carrier.media(chunk="2", sequence="4")])) == [2]
    assert numbers_of(carrier.fed(carrier.started(), [carrier.media(chunk="2")])) == [2]


def test_a_track_that_begins_at_three_does_not_wait_either() -> None:
    session = session_of_both()
    texts = [carrier.media(chunk=1, sequence=2), carrier.media(chunk=3, sequence=3, track="outbound")]
    assert carrier.kinds(carrier.fed(session, texts)) == ["Audio", "Audio"]


def test_duplicates_and_late_chunks_are_dropped_and_counted() -> None:
    session = carrier.started()
    found = feed(session, [*learnt, 50, 51, 51, 53, 54, 53, 55, 56, 52, 52, 57])
    assert numbers_of(found) == [*learnt, 51, 53, 54, 55, 56, 57]
    assert gaps_of(found) == [events.Gap("inbound", 1, 1020.0, 20.0)]
    statistics = session.statistics(0.0)
    assert (statistics.lost_chunks, statistics.late_chunks, statistics.duplicate_chunks) == (1, 1, 4)
    assert statistics.media_received == 61


def test_counters_of_a_replaced_chain_are_kept() -> None:
    session = carrier.started()
    feed(session, [*learnt, 52, 53, 54, 55, 55, 51])
    carrier.fed(session, [carrier.start("PCMA")])
    feed(session, [*learnt, 52, 53, 54, 55, 55, 51])
    statistics = session.statistics(0.0)
    assert (statistics.lost_chunks, statistics.late_chunks, statistics.duplicate_chunks) == (2, 2, 2)


@given(st.integers(0, 10_000), st.sampled_from(["one track", "per track", "shared"]))
def test_jitter_within_the_window_changes_nothing(seed: int, way: str) -> None:
    chunks = {"one track": [("inbound", n) for n in range(1, 151)], "per track": per_track(100), "shared": shared(200)}[
        way
    ]
    rng = random.Random(seed)
    arrival = [at + rng.random() * 3 for at in range(len(chunks))]
    # The first chunk of each track is received first, so the start of its numbers does not matter.
    arrival[:2] = [0.0, 0.5]
    session = session_of_both()
    found = feed(session, [chunks[at] for at in sorted(range(len(chunks)), key=lambda at: arrival[at])])
    found += carrier.fed(session, [carrier.STOP])
    assert gaps_of(found) == []
    for track in ("inbound", "outbound"):
        assert numbers_of(found, track) == [number for name, number in chunks if name == track]
    statistics = session.statistics(0.0)
    assert (statistics.lost_chunks, statistics.late_chunks, statistics.duplicate_chunks) == (0, 0, 0)


def test_a_carrier_that_restarts_its_numbers_loses_nothing() -> None:
    session = carrier.started()
    found = feed(session, [*range(1000, 1100), *range(1, 100)])
    assert numbers_of(found) == [*range(1000, 1100), *range(1, 100)]
    assert gaps_of(found) == []


@pytest.mark.parametrize(("missing", "lost"), [(201, {"inbound": 1}), (202, {"outbound": 1})])
def test_a_loss_in_a_shared_counter_is_the_loss_of_one_track(missing: int, lost: dict[str, int]) -> None:
    session = session_of_both()
    chunks = [("inbound" if number % 2 else "outbound", number) for number in range(1, 401) if number != missing]
    gaps = [event for event in feed(session, chunks) if isinstance(event, events.Gap)]
    assert {gap.track: gap.lost_chunks for gap in gaps} == lost
    assert session.statistics(0.0).lost_chunks == 1
