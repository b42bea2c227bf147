"""Media time by timestamps and arrival: pauses are kept, stalls are not time, wrong values are reported."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, events
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")

UNITS = {"ms": 1, "8 kHz": 8, "16 kHz": 16, "48 kHz": 48}
HOLD_MS = 10_000.0

Row = tuple[float, str]


def row(at_ms: float, chunk: int | None, timestamp: float | None, track: str = "inbound", octets: int = 160) -> Row:
    """Feed a chunk that arrives at a time."""
    text = carrier.media(b"\xff" * octets, chunk, track=track, timestamp=None if timestamp is None else int(timestamp))
    return at_ms, text


def steady(count: int, *, first: int = 1, at_ms: float = 0.0, base: float = 0.0, unit: float = 1.0) -> list[Row]:
    """Feed chunks of 20 ms, each of which arrives at its end."""
    return [row(at_ms + 20.0 * (at + 1), first + at, base + 20.0 * at * unit) for at in range(count)]


def heard(rows: Sequence[Row], session: MediaSession | None = None) -> list[events.Event]:
    session = session or carrier.started()
    found: list[events.Event] = []
    for now_ms, text in rows:
        session.receive(text, now_ms)
        found += session.events(now_ms)
    return found


def positions(found: list[events.Event], track: str = "inbound") -> list[float]:
    return [audio.media_ms for audio in carrier.audio_of(found) if audio.track == track]


def others(found: list[events.Event]) -> list[events.Event]:
    return [event for event in found if not isinstance(event, events.Audio)]


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_a_hold_is_kept_as_long_as_it_was(unit: int) -> None:
    rows = steady(50, unit=unit)
    rows += steady(50, first=51, at_ms=11_000.0, base=11_000.0 * unit, unit=unit)
    found = heard(rows, carrier.started(conceal=True))
    assert positions(found) == [*(20.0 * at for at in range(50)), *(11_000 + 20.0 * at for at in range(50))]
    assert others(found) == [events.Gap("inbound", 0, 1000.0, HOLD_MS, "pause")]


@pytest.mark.parametrize("pause_ms", [20, 60, 400, 3000])
def test_a_pause_is_kept_whatever_its_length(pause_ms: int) -> None:
    begin_ms = 1000 + pause_ms
    found = heard([*steady(50), *steady(50, first=51, at_ms=begin_ms, base=begin_ms)])
    assert positions(found)[50] == begin_ms
    assert others(found) == [events.Gap("inbound", 0, 1000.0, pause_ms, "pause")]


@pytest.mark.parametrize("before", [1, 2, 3, 4])
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_a_hold_is_kept_although_no_unit_is_known_before_it(unit: int, before: int) -> None:
    rows = steady(before, base=7.0, unit=unit)
    resumed_ms = 20.0 * before + HOLD_MS
    rows += steady(50, first=before + 1, at_ms=resumed_ms, base=7.0 + resumed_ms * unit, unit=unit)
    found = heard(rows)
    assert positions(found)[before:] == [resumed_ms + 20.0 * at for at in range(50)]
    assert others(found) == [events.Gap("inbound", 0, 20.0 * before, HOLD_MS, "pause")]


def test_a_stall_that_the_timestamps_do_not_count_teaches_nothing() -> None:
    rows = steady(2) + steady(50, first=3, at_ms=2000.0, base=40.0)
    found = heard(rows)
    assert positions(found) == [20.0 * at for at in range(52)]
    assert [type(event) for event in others(found)] == [events.Stalled]


def test_a_pause_is_kept_under_jitter() -> None:
    rng = random.Random(3)
    rows = [*steady(50), *steady(200, first=51, at_ms=1400.0, base=1400.0)]
    arrival_ms = 0.0
    jittered = []
    for at_ms, text in rows:
        arrival_ms = max(arrival_ms, at_ms + rng.uniform(0, 80))
        jittered.append((arrival_ms, text))
    found = heard(jittered)
    assert positions(found)[50:] == [1400.0 + 20 * at for at in range(200)]
    assert [event for event in others(found) if isinstance(event, events.Gap)] == [
        events.Gap("inbound", 0, 1000.0, 400.0, "pause")
    ]


def test_arrival_alone_is_a_stall() -> None:
    found = heard([*steady(50), *steady(50, first=51, at_ms=11_000.0, base=1000.0)])
    assert positions(found) == [20.0 * at for at in range(100)]
    assert others(found) == [events.Stalled(10_020.0)]


@pytest.mark.parametrize("base", [11_000.0, 0.0, 4_000_000_000.0, 500.0])
def test_timestamps_alone_are_a_new_base(base: float) -> None:
    found = heard([*steady(50), *steady(50, first=51, at_ms=1000.0, base=base)])
    assert positions(found) == [20.0 * at for at in range(100)]
    assert others(found) == [events.CounterChanged("inbound", "timestamp", "restarted")]


def test_a_new_base_after_a_hold_keeps_the_time_by_arrival() -> None:
    found = heard([*steady(50), *steady(50, first=51, at_ms=4000.0, base=77.0)])
    assert positions(found)[50] == 4000.0
    assert [event for event in others(found) if not isinstance(event, events.Stalled)] == [
        events.Gap("inbound", 0, 1000.0, 3000.0, "pause"),
        events.CounterChanged("inbound", "timestamp", "restarted"),
    ]


def test_audio_that_the_carrier_dropped_after_a_stall_is_a_gap_of_its_own() -> None:
    """A stall of 3 s, of which the carrier kept 1 s: this arrives at once, then 2 s are missing."""
    rows = steady(50)
    rows += [(4000.0, text) for _, text in steady(50, first=51, base=1000.0)]
    rows += steady(50, first=101, at_ms=4000.0, base=4000.0)
    rows[100] = (4000.0, rows[100][1])
    found = heard(rows)
    assert positions(found)[100:] == [4000.0 + 20 * at for at in range(50)]
    assert others(found) == [events.Stalled(3000.0), events.Gap("inbound", 0, 2000.0, 2000.0, "carrier")]


def test_loss_is_as_long_as_the_timestamps_say() -> None:
    lost = {60, 61, 62, 90}
    rows = [one for at, one in enumerate(steady(120), 1) if at not in lost]
    found = heard(rows)
    assert positions(found) == [20.0 * at for at in range(120) if at + 1 not in lost]
    assert others(found) == [
        events.Gap("inbound", 3, 59 * 20.0, 60.0),
        events.Gap("inbound", 1, 89 * 20.0, 20.0),
    ]


def test_loss_and_a_pause_are_distinguished() -> None:
    rows = [*steady(59), *steady(60, first=61, at_ms=3000.0, base=3000.0)]
    found = heard(rows, carrier.started(conceal=True))
    gaps = [event for event in found if isinstance(event, events.Gap)]
    assert gaps == [events.Gap("inbound", 1, 1180.0, 20.0), events.Gap("inbound", 0, 1200.0, 1800.0, "pause")]
    assert [audio.media_ms for audio in carrier.audio_of(found) if audio.concealed] == [1180.0]
    assert carrier.audio_of(found)[-60].media_ms == 3000.0


@pytest.mark.parametrize("has_timestamps", [True, False])
def test_three_losses_in_the_first_second_do_not_shorten_the_recording(has_timestamps: bool) -> None:
    rows = [
        row(at_ms, at, 20.0 * (at - 1) if has_timestamps else None)
        for at, (at_ms, _) in enumerate(steady(200), 1)
        if at not in {10, 20, 30}
    ]
    session = carrier.started()
    found = heard(rows, session)
    assert positions(found)[-1] == 3980.0
    assert session.statistics(0.0).lost_chunks == 3
    assert sum(event.lost_chunks for event in found if isinstance(event, events.Gap)) == 3


@pytest.mark.parametrize("base", [0.0, 13_000.0, 123_456.0])
def test_a_track_that_begins_later_has_a_later_media_time(base: float) -> None:
    rows = steady(1000)
    rows += [row(13_000.0 + 20.0 * (at + 1), at + 1, base + 20.0 * at, "outbound") for at in range(350)]
    found = heard(sorted(rows), carrier.started(StreamPlan(tracks="both_tracks")))
    assert positions(found, "outbound") == pytest.approx([13_000.0 + 20.0 * at for at in range(350)])
    assert positions(found) == [20.0 * at for at in range(1000)]
    assert others(found) == []


def test_without_timestamps_a_later_track_has_its_time_of_arrival() -> None:
    rows = [row(20.0 * at, at, None) for at in range(1, 1001)]
    rows += [row(13_000.0 + 20.0 * at, at, None, "outbound") for at in range(1, 101)]
    found = heard(sorted(rows), carrier.started(StreamPlan(tracks="both_tracks")))
    assert positions(found, "outbound") == pytest.approx([13_000.0 + 20.0 * at for at in range(100)])


def test_tracks_that_begin_together_begin_at_zero() -> None:
    rows = [
        row(20.0 * at + 15 * (track == "outbound"), at, 20.0 * (at - 1), track)
        for at in range(1, 100)
        for track in ("inbound", "outbound")
    ]
    found = heard(rows, carrier.started(StreamPlan(tracks="both_tracks")))
    assert positions(found, "outbound") == positions(found) == [20.0 * at for at in range(99)]


SENSELESS: dict[str, Callable[[int, random.Random], int]] = {
    "stand still": lambda at, _: 5,
    "count chunks": lambda at, _: at,
    "a step of 100": lambda at, _: 100 * at,
    "random": lambda _, rng: rng.randrange(10_000_000),
    "fall": lambda at, _: 1_000_000 - 20 * at,
}


@pytest.mark.parametrize("name", SENSELESS)
def test_timestamps_without_sense_are_ignored_and_one_event_says_so(name: str) -> None:
    rng = random.Random(1)
    found = heard([row(20.0 * at, at, SENSELESS[name](at, rng)) for at in range(1, 201)])
    assert positions(found) == [20.0 * at for at in range(200)]
    assert others(found) == [events.CounterChanged("inbound", "timestamp", "ignored")]


def test_timestamps_that_lose_their_sense_are_ignored_soon() -> None:
    rng = random.Random(2)
    rows = [*steady(100), *(row(2000.0 + 20 * at, 100 + at, rng.randrange(10**9)) for at in range(1, 101))]
    found = heard(rows)
    assert positions(found) == [20.0 * at for at in range(200)]
    assert [change.change for change in others(found) if isinstance(change, events.CounterChanged)] == [
        *["restarted"] * 4,
        "ignored",
    ]


def test_the_wrap_of_rtp_timestamps_is_not_a_new_base() -> None:
    base = 2**32 - 160 * 60
    rows = [row(20.0 * (at + 1), at + 1, (base + 160 * at) % 2**32) for at in range(200)]
    found = heard(rows)
    assert others(found) == []
    assert positions(found) == [20.0 * at for at in range(200)]


def test_missing_timestamps_are_not_odd() -> None:
    rows = [row(20.0 * at, at, None if at % 3 else 20.0 * (at - 1)) for at in range(1, 300)]
    assert others(heard(rows)) == []


def test_chunks_of_changing_length_stay_in_place() -> None:
    rng = random.Random(7)
    rows, at_ms = [], 0.0
    for chunk in range(1, 200):
        length_ms = rng.choice([10, 20, 20, 40, 60])
        rows.append(row(at_ms + length_ms, chunk, at_ms, octets=8 * length_ms))
        at_ms += length_ms
    found = heard(rows)
    assert others(found) == []
    assert positions(found)[-1] + carrier.audio_of(found)[-1].duration_ms == at_ms


@given(
    st.lists(
        st.tuples(st.sampled_from(["talk", "pause", "stall", "drop"]), st.integers(1, 60)), min_size=1, max_size=12
    ),
    st.sampled_from([1, 8, 16]),
)
def test_every_chunk_has_its_media_time(parts: list[tuple[str, int]], unit: int) -> None:
    """Speech, pauses in timestamps and arrival, stalls with bursts, and losses: media time is the caller's time."""
    rows = steady(60, unit=unit)
    truth = [20.0 * at for at in range(60)]
    media_ms, number, free_ms = 1200.0, 61, 0.0
    for kind, count in [*parts, ("talk", 60)]:
        if kind == "pause":
            media_ms += 20.0 * count
        elif kind == "stall":
            free_ms = media_ms + 20.0 * count
        elif kind == "drop":
            media_ms += 20.0 * min(count, 5)
            number += min(count, 5)
        for _ in range(10 if kind != "talk" else count):
            rows.append(row(max(free_ms, media_ms + 20.0), number, media_ms * unit))
            truth.append(media_ms)
            media_ms += 20.0
            number += 1
    found = heard(rows)
    assert positions(found) == pytest.approx(truth)
    assert not [event for event in found if isinstance(event, events.CounterChanged)]


# Time of day


def test_utc_of_media_time() -> None:
    begin = datetime(2026, 11, 27, 12, tzinfo=UTC)
    session = MediaSession(utc_offset_ms=begin.timestamp() * 1000 - 5000.0)
    session.receive(carrier.start(), 5000.0)
    assert session.utc(0.0) is None
    heard([(5000.0 + at_ms, text) for at_ms, text in steady(50)], session)
    found = heard(
        [(5000.0 + at_ms, text) for at_ms, text in steady(50, first=51, at_ms=11_000.0, base=11_000.0)], session
    )
    assert session.utc(0.0) == begin
    assert session.utc(carrier.audio_of(found)[0].media_ms) == begin + timedelta(seconds=11)


def test_utc_follows_a_hold_that_the_timestamps_do_not_count() -> None:
    begin = datetime(2026, 11, 27, 12, tzinfo=UTC)
    session = MediaSession(utc_offset_ms=begin.timestamp() * 1000)
    session.receive(carrier.start(), 0.0)
    heard([*steady(1000), *steady(1500, first=1001, at_ms=50_000.0, base=20_000.0)], session)
    assert session.utc(1000.0) == begin + timedelta(seconds=1)
    assert session.utc(49_000.0) == begin + timedelta(seconds=79)


def test_without_an_offset_utc_is_unknown() -> None:
    session = carrier.started()
    heard(steady(10), session)
    assert session.utc(0.0) is None
