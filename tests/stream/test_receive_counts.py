"""For all counters: no exception, and each chunk is delivered once or counted once."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import StreamPlan, events
from rtpcodec.rtp.reorder import REMEMBERED_CONTENTS
from rtpcodec.rtp.skipped import REMEMBERED_SKIPPED
from rtpcodec.sim import Faults, Restart, Variations
from rtpcodec.sim.media.timing import Hold, Link, Timing
from rtpcodec.stream.messages import Media
from rtpcodec.stream.numbering import ChunkOrder
from tests.sim.streams import START_MS, open_stream, ramp
from tests.stream import carrier

counters = st.none() | st.integers(0, 20) | st.integers(0, 300) | st.integers(0, 2**63 - 1)
chunks = st.tuples(
    st.sampled_from(["inbound", "outbound"]),
    counters,  # chunk
    counters,  # sequence_number
    counters,  # timestamp
    st.integers(0, 400),  # ms since the one before
    st.integers(0, 3),  # content
)


@settings(max_examples=300)
@given(st.lists(chunks, max_size=120), st.booleans())
def test_counts_add_up_for_any_counters(found: list[Any], is_asked: bool) -> None:
    """Each chunk has a content; is_asked: whether `events` is called at each deadline."""
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    now_ms = 20.0
    got: list[events.Event] = []
    for track, chunk, sequence, timestamp, step_ms, content in found:
        until_ms = now_ms + step_ms
        while is_asked and (deadline_ms := session.next_deadline_ms) is not None and deadline_ms <= until_ms:
            assert deadline_ms >= now_ms - 1e-6
            now_ms = deadline_ms
            got += session.events(now_ms)
        now_ms = until_ms
        text = carrier.media(bytes([content]) * 160, chunk, track=track, sequence=sequence, timestamp=timestamp)
        session.receive(text, now_ms)
        got += session.events(now_ms) if is_asked else []
    session.receive(carrier.STOP, now_ms)
    got += session.events(now_ms)
    statistics = session.statistics(now_ms)
    assert statistics.malformed == 0
    audio = carrier.audio_of(got)
    assert len(audio) + statistics.late_chunks + statistics.duplicate_chunks == len(found)
    gaps = [event for event in got if isinstance(event, events.Gap)]
    assert all(gap.lost_chunks >= 0 and gap.duration_ms >= 0 for gap in gaps)
    assert sum(gap.lost_chunks for gap in gaps) <= statistics.lost_chunks
    for track in ("inbound", "outbound"):
        places = [one.media_ms for one in audio if one.track == track]
        assert places == sorted(places)


@given(st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 500), min_size=300, max_size=300))
@settings(max_examples=20)
def test_memory_does_not_grow_with_the_numbers(numbers: list[int]) -> None:
    order = ChunkOrder()
    for at, number in enumerate(numbers):
        list(order.put("inbound", Media(at.to_bytes(2, "big") * 80, chunk=number), follows_directly=True))
    for window in order.tracks.values():
        assert len(window._contents) == REMEMBERED_CONTENTS
        assert len(window._skipped) <= REMEMBERED_SKIPPED
        assert window.waiting <= 4


def call_of(seed: int) -> tuple[dict[str, Any], bool]:
    """Return options of a simulated call with seeded faults, and whether numbers restart."""
    rng = random.Random(seed)
    holds = (
        Hold(from_ms=4000, to_ms=4000 + rng.choice([60, 500, 9000]), timestamps=rng.choice(["jump", "stand_still"])),
    )
    restarts = (Restart(at_ms=7000, announced=rng.random() < 0.5, renumbers=True),) if rng.random() < 0.4 else ()
    options = {
        "variations": Variations(
            chunk_ms=rng.choice([20, 20, 30, 60]),
            chunk_numbers=rng.choice(["per_track", "shared"]),
            timestamp_unit=rng.choice(["ms", "rtp_clock"]),
            counters=rng.choice(["string", "number"]),
            leave_out=rng.choice(
                [(), (), ("chunk",), ("timestamp",), ("sequence_number",), ("chunk", "sequence_number")]
            ),
            restarts=restarts,
        ),
        "faults": Faults(
            drop=rng.choice([0, 0.01, 0.03]), reorder=rng.choice([0, 0.05]), duplicate=rng.choice([0, 0.03])
        ),
        "timing": Timing(
            to_app=Link(
                delay_ms=30, jitter_ms=rng.choice([0, 50]), stalls_ms=((6000, 6000 + rng.choice([300, 2500])),)
            ),
            holds=holds if rng.random() < 0.6 else (),
            caller_clock_ppm=rng.choice([-200.0, 0.0, 200.0]),
        ),
        "dtmf": ((3000.0, "1"), (3100.0, "2"), (3500.0, "3")),
    }
    return options, bool(restarts)


@pytest.mark.parametrize("seed", range(40))
def test_counts_add_up_in_simulated_calls(seed: int) -> None:
    options, restarts = call_of(seed)
    stream = open_stream(ramp(8 * 10_000), seed=str(seed), settings={"tracks": "both_tracks"}, **options)
    session = carrier.started(StreamPlan(tracks="both_tracks"))
    got: list[events.Event] = []
    sent = 0
    now_ms = START_MS
    while True:
        for text in stream.outgoing(now_ms):
            sent += '"media":' in text
            session.receive(text, now_ms)
        got += session.events(now_ms)
        deadlines = [at_ms for at_ms in (stream.next_deadline_ms, session.next_deadline_ms) if at_ms is not None]
        if not deadlines:
            break
        now_ms = max(now_ms, min(deadlines))
    statistics = session.statistics(now_ms)
    audio = carrier.audio_of(got)
    assert statistics.malformed == 0
    assert len(audio) + statistics.late_chunks + statistics.duplicate_chunks == statistics.media_received == sent
    assert "".join(event.digit for event in got if isinstance(event, events.Dtmf)) == "123"
    report = stream.report()
    leave_out = options["variations"].leave_out
    if not restarts and leave_out != ("chunk", "sequence_number"):
        # No number shows a loss at the end, or before the first chunk.
        assert report.chunks_dropped - 6 <= statistics.lost_chunks - statistics.late_chunks <= report.chunks_dropped
        assert statistics.duplicate_chunks == report.chunks_duplicated
