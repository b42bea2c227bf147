"""Delays, jitter, stalls, clock skew, holds and slow reading; the clock is an argument."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.media.timing import Hold, Link, Timing
from rtpcodec.sim.media.variations import Variations
from tests.sim.streams import CLEAR, START_MS, mark, media, open_stream, payloads, ramp, run, sent


def silence() -> Iterator[bytes]:
    while True:
        yield bytes(320)


def moments(gone: list[tuple[float, dict[str, Any]]], event: str = "media") -> list[float]:
    return [at for at, message in gone if message["event"] == event]


# Delay and jitter


def test_a_delay_to_the_app_moves_every_message_by_the_same_time() -> None:
    gone = run(open_stream(ramp(160 * 3), timing=Timing(to_app=Link(delay_ms=35.0))))
    assert [(at, message["event"]) for at, message in gone] == [
        (35, "connected"),
        (35, "start"),
        (55, "media"),
        (75, "media"),
        (95, "media"),
        (115, "stop"),
    ]


def test_a_delay_from_the_app_moves_what_is_heard_and_the_marks() -> None:
    stream = open_stream(ramp(160 * 10), timing=Timing(from_app=Link(delay_ms=30.0)))
    answer = pcmu_encode(ramp(160, 3))
    sent(stream, 0)
    stream.receive(media(answer), START_MS)
    stream.receive(mark("end"), START_MS)
    assert stream.next_deadline_ms == START_MS + 20, "the message is still on its way"
    gone = run(stream)
    assert moments(gone, "mark") == [50]
    assert stream.report().heard_pcm == bytes(30 * 16) + pcmu_decode(answer) + bytes(170 * 16)


def test_a_message_in_flight_at_the_end_has_no_effect() -> None:
    stream = open_stream(ramp(160 * 2), timing=Timing(from_app=Link(delay_ms=100.0)))
    stream.receive(mark("too late"), START_MS + 20)
    assert moments(run(stream), "mark") == []
    assert stream.report().messages_received == 0


def test_errors_take_both_ways() -> None:
    stream = open_stream(ramp(160 * 10), timing=Timing(to_app=Link(delay_ms=10.0), from_app=Link(delay_ms=15.0)))
    stream.receive("no json", START_MS)
    stream.reject("binary", "message is a binary frame", START_MS + 1)
    gone = run(stream)
    assert [at for at, message in gone if message["event"] == "error"] == [25, 26]


def test_an_echo_is_late_by_both_delays_and_the_app() -> None:
    stream = open_stream(ramp(160 * 10), timing=Timing(to_app=Link(delay_ms=40.0), from_app=Link(delay_ms=25.0)))
    for number in range(1, 11):
        (chunk,) = [m for m in sent(stream, 20 * number + 40) if m["event"] == "media"]
        stream.receive(media(payloads([chunk])), START_MS + 20 * number + 40 + 5)
        if number == 7:
            break
    stream.end("hang_up", START_MS + 400)
    assert stream.report().latencies_ms == pytest.approx((70.0,) * 7)


def test_jitter_is_drawn_from_the_seed_and_keeps_the_order() -> None:
    def arrivals(seed: str) -> list[float]:
        stream = open_stream(ramp(160 * 200), timing=Timing(to_app=Link(delay_ms=20.0, jitter_ms=60.0)), seed=seed)
        gone = run(stream)
        assert [int(m["media"]["chunk"]) for _, m in gone if m["event"] == "media"] == list(range(1, 201))
        return moments(gone)

    found = arrivals("1/0")
    assert found == arrivals("1/0") != arrivals("2/0")
    delays = [at - 20 * number for number, at in enumerate(found, 1)]
    assert 20 <= min(delays) < 30
    assert 70 < max(delays) <= 80


def test_jitter_from_the_app_keeps_the_order() -> None:
    stream = open_stream(ramp(160 * 100), timing=Timing(from_app=Link(jitter_ms=50.0)))
    for number in range(40):
        stream.receive(mark(str(number)), START_MS + 5 * number)
    marks = [(at, m["mark"]["name"]) for at, m in run(stream) if m["event"] == "mark"]
    assert [name for _, name in marks] == [str(number) for number in range(40)]
    late = [at - 5 * number for number, (at, _) in enumerate(marks)]
    assert min(late) >= 0
    assert 30 < max(late) <= 50


# Stalls


def test_a_downlink_stall_is_a_burst_afterwards() -> None:
    gone = run(open_stream(ramp(160 * 10), timing=Timing(to_app=Link(stalls_ms=((50.0, 130.0), (170.0, 180.0))))))
    assert moments(gone) == [20, 40, 130, 130, 130, 130, 140, 160, 180, 200]


def test_an_uplink_stall_brings_everything_at_once_afterwards() -> None:
    stream = open_stream(ramp(160 * 20), timing=Timing(from_app=Link(delay_ms=10.0, stalls_ms=((40.0, 200.0),))))
    answer = pcmu_encode(ramp(160, 3))
    for at_ms in (20.0, 40.0, 60.0):
        stream.receive(media(answer), START_MS + at_ms)
        stream.receive(mark(f"sent at {at_ms:.0f}"), START_MS + at_ms)
    assert not stream.reading_paused(START_MS + 60), "the socket is read, the network stands"
    marks = [(at, m["mark"]["name"]) for at, m in run(stream) if m["event"] == "mark"]
    assert marks == [(50, "sent at 20"), (220, "sent at 40"), (240, "sent at 60")]


def test_a_stall_and_the_faults_of_chunks_go_together() -> None:
    timing = Timing(to_app=Link(delay_ms=5.0))
    gone = run(open_stream(ramp(160 * 20), faults=Faults(stall_ms=100, stall_every_s=0.2), timing=timing))
    assert moments(gone)[9:15] == [305.0] * 6


def test_a_carrier_that_closes_waits_for_no_delay() -> None:
    stream = open_stream(ramp(160 * 20), timing=Timing(to_app=Link(delay_ms=1000.0, stalls_ms=((0.0, 5000.0),))))
    assert sent(stream, 50) == []
    stream.end("carrier_closed", START_MS + 60)
    assert [m["event"] for m in sent(stream, 60)] == ["connected", "start", "media", "media", "media", "stop"]


# Clocks


@pytest.mark.parametrize("ppm", [100.0, -100.0, 50_000.0])
def test_the_callers_clock_makes_chunks_earlier_or_later(ppm: float) -> None:
    timing = Timing(caller_clock_ppm=ppm)
    stream = open_stream(silence(), variations=Variations(chunk_ms=1000), max_call_ms=600_500, timing=timing)
    gone = run(stream)
    chunks = [(at, int(m["media"]["timestamp"])) for at, m in gone if m["event"] == "media"]
    assert [timestamp for _, timestamp in chunks] == [1000 * n for n in range(len(chunks))]
    assert chunks[599][0] == pytest.approx(600_000 / (1 + ppm * 1e-6), abs=0.01)


def test_the_playout_clock_decides_when_audio_ends() -> None:
    stream = open_stream(silence(), timing=Timing(playout_clock_ppm=100_000.0))
    stream.receive(media(pcmu_encode(ramp(8800))), START_MS)  # 1.1 s
    stream.receive(mark("end"), START_MS)
    assert moments(run(stream, 1500), "mark") == [1000], "the clock runs a tenth faster"
    assert len(stream.heard(START_MS + 1500)) == 2 * 1650 * 8


def test_the_outbound_track_slips_a_sample_where_the_clocks_differ() -> None:
    settings = {"tracks": "outbound_track"}
    timing = Timing(playout_clock_ppm=-1000.0)
    stream = open_stream(silence(), settings=settings, timing=timing)
    stream.receive(media(pcmu_encode(ramp(8000))), START_MS)
    heard = payloads((m for _, m in run(stream, 1000)), "outbound")
    played = pcmu_encode(ramp(8000))
    assert len(heard) == 8000, "the carrier's clock makes 50 chunks"
    # The play-out is 8 samples behind after a second: each of the first 6 or 7 chunks repeats at most one sample.
    assert heard[-160:] == played[7992 - 160 : 7992]


# Hold


@pytest.mark.parametrize(("timestamps", "expected"), [("jump", [0, 20, 100, 120]), ("stand_still", [0, 20, 40, 60])])
def test_on_hold_no_media_is_sent_and_the_speech_waits(timestamps: Any, expected: list[int]) -> None:
    hold = Hold(from_ms=40.0, to_ms=100.0, timestamps=timestamps)
    stream = open_stream(ramp(160 * 4), settings={"tracks": "both_tracks"}, timing=Timing(holds=(hold,)))
    answer = pcmu_encode(ramp(480, 3))
    stream.receive(media(answer), START_MS + 40)
    stream.receive(mark("played on hold"), START_MS + 40)
    gone = run(stream)
    inbound = [(at, m["media"]) for at, m in gone if m["event"] == "media" and m["media"]["track"] == "inbound"]
    assert [(at, int(m["chunk"])) for at, m in inbound] == [(20, 1), (40, 2), (120, 3), (140, 4)]
    assert [int(m["timestamp"]) for _, m in inbound] == expected
    assert payloads(m for _, m in gone) == pcmu_encode(ramp(160 * 4))
    assert moments(gone, "mark") == [100], "the caller still hears the app"
    assert payloads((m for _, m in gone), "outbound") == b"\xff" * 640, "which was over before the hold was"
    numbers = [int(m["sequence_number"]) for _, m in gone if "sequence_number" in m]
    assert numbers == list(range(1, len(numbers) + 1))
    assert stream.report().ticks == 4


# Slow reading


def test_a_slow_reader_takes_messages_at_its_rate_and_pauses_the_socket() -> None:
    stream = open_stream(ramp(160 * 50), timing=Timing(read_octets_per_s=len(mark("0")) * 10.0))
    sent(stream, 0)
    for number in range(5):
        stream.receive(mark(str(number)), START_MS)
    assert stream.reading_paused(START_MS)
    assert stream.reading_paused(START_MS + 499)
    assert not stream.reading_paused(START_MS + 500)
    marks = [(at, m["mark"]["name"]) for at, m in run(stream) if m["event"] == "mark"]
    assert marks == [(100, "0"), (200, "1"), (300, "2"), (400, "3"), (500, "4")]


def test_the_deadlines_name_the_moments_when_reading_stops_and_begins() -> None:
    stream = open_stream(silence(), variations=Variations(chunk_ms=1000), timing=Timing(read_pauses_ms=((50.0, 90.0),)))
    seen = []
    for _ in range(3):
        deadline_ms = stream.next_deadline_ms
        assert deadline_ms is not None
        stream.outgoing(deadline_ms)
        seen.append((deadline_ms - START_MS, stream.reading_paused(deadline_ms)))
    assert seen == [(0, False), (50, True), (90, False)]
    assert stream.next_deadline_ms == START_MS + 1000


def test_messages_of_a_reading_pause_are_applied_after_it() -> None:
    stream = open_stream(ramp(160 * 20), timing=Timing(read_pauses_ms=((50.0, 150.0),), from_app=Link(delay_ms=5.0)))
    for at_ms in (40.0, 60.0):
        stream.receive(mark(f"sent at {at_ms:.0f}"), START_MS + at_ms)
    stream.receive(media(pcmu_encode(ramp(1600))), START_MS + 61)
    stream.receive(CLEAR, START_MS + 160)
    marks = [(at, m["mark"]["name"]) for at, m in run(stream) if m["event"] == "mark"]
    assert marks == [(45, "sent at 40"), (150, "sent at 60")]
    heard = stream.report().heard_pcm
    assert heard[: 300 * 16] == bytes(150 * 16) + pcmu_decode(pcmu_encode(ramp(1600)))[: 15 * 16] + bytes(135 * 16)


def test_a_stream_that_has_ended_is_read() -> None:
    stream = open_stream(ramp(160), timing=Timing(read_pauses_ms=((0.0, 1e6),)))
    assert stream.reading_paused(START_MS)
    stream.end("hang_up", START_MS + 10)
    assert not stream.reading_paused(START_MS + 10), "the answer to the close frame must be read"


def test_all_faults_are_off_by_default() -> None:
    def quiet(stream: CarrierStream) -> list[tuple[float, dict[str, Any]]]:
        stream.receive(media(b"\xff" * 160), START_MS)
        stream.receive(mark("m"), START_MS)
        return run(stream)

    assert quiet(open_stream(ramp(800))) == quiet(open_stream(ramp(800), timing=Timing(), seed="other"))


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Link(delay_ms=-1.0), "delay_ms is -1.0, at least 0 is needed"),
        (lambda: Link(jitter_ms=float("inf")), "jitter_ms is inf, at least 0 is needed"),
        (
            lambda: Link(stalls_ms=((5.0, 5.0),)),
            "stalls_ms is 5.0 to 5.0, an end after a begin of at least 0",
        ),
        (lambda: Hold(from_ms=-1.0, to_ms=2.0), "from_ms, to_ms is -1.0 to 2.0, an end after a begin"),
        (lambda: Timing(read_octets_per_s=0.0), "read_octets_per_s is 0.0, more than 0 is needed"),
        (lambda: Timing(read_pauses_ms=((2.0, 1.0),)), "read_pauses_ms is 2.0 to 1.0, an end after a begin"),
        (lambda: Timing(caller_clock_ppm=1e6), "caller_clock_ppm is 1000000.0, at most 100000 either way is allowed"),
        (lambda: Timing(playout_clock_ppm=float("nan")), "playout_clock_ppm is nan, at most 100000 either way"),
    ],
)
def test_impossible_timing_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(ValueError, match="^" + rule.replace(".", r"\.")):
        make()
