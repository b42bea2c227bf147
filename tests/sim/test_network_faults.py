"""Pings, outages and standstills, seen by independent apps: in memory, and on the library websockets on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory_socket import RECEIVE_BUFFER_OCTETS
from rtpcodec.sim import CallReport, Carrier, Link, SimulatedCall, Timing
from tests.sim.apps import App, Message, listening, run, start
from tests.sim.memory_app import MemoryApp, streamed
from tests.sim.streams import START_MS, mark, media, open_stream, ramp, sent
from tests.sim.streams import run as run_stream

SOUND = pcmu_encode(ramp(160, 3))
"""20 ms."""

Steps = dict[float, Callable[[MemoryApp], object]]


def carried(steps: Steps, timing: Timing, **options: Any) -> tuple[MemoryApp, CallReport]:
    return run_virtual(streamed(steps, timing=timing, **options))


def ping(payload: bytes) -> Callable[[MemoryApp], object]:
    return lambda app: app.socket.ping(payload)


# Pings


def test_a_ping_takes_both_ways() -> None:
    app, _ = carried({10: ping(b"a")}, Timing(from_app=Link(delay_ms=20.0), to_app=Link(delay_ms=120.0)))
    assert app.pong_times == [(150.0, b"a")]


def test_a_ping_is_answered_at_once_without_delays() -> None:
    app, _ = carried({10: ping(b"a")}, Timing())
    assert app.pong_times == [(10.0, b"a")]


@pytest.mark.parametrize(
    ("timing", "pong_ms"),
    [
        (Timing(from_app=Link(stalls_ms=((5.0, 300.0),))), 300.0),
        (Timing(to_app=Link(stalls_ms=((5.0, 300.0),))), 300.0),
        (Timing(from_app=Link(outages_ms=((5.0, 300.0),))), 300.0),
        (Timing(to_app=Link(outages_ms=((5.0, 300.0),))), 300.0),
        (Timing(read_pauses_ms=((5.0, 300.0),)), 300.0),
        (Timing(standstills_ms=((5.0, 300.0),)), 300.0),
        (Timing(standstills_ms=((5.0, 300.0),), to_app=Link(stalls_ms=((290.0, 400.0),))), 400.0),
        (Timing(read_octets_per_s=1000.0), 10 + len(media(SOUND)) + 4),
    ],
    ids=["stall up", "stall down", "outage up", "outage down", "read pause", "standstill", "both", "slow reader"],
)
def test_a_ping_waits_wherever_a_text_waits(timing: Timing, pong_ms: float) -> None:
    """The pong proves that the text before it was read: it is never earlier than the mark that returns at once."""

    def send(app: MemoryApp) -> None:
        app.play(SOUND)
        app.socket.ping(b"1234")

    app, _ = carried({10: send}, timing)
    ((at_ms, payload),) = app.pong_times
    assert at_ms == pytest.approx(pong_ms, abs=1.0)
    assert payload == b"1234"


def test_pings_with_jitter_keep_the_order_of_marks() -> None:
    """Marks of a carrier that plays nothing return at once, so that pongs and marks come in the order of sending."""
    timing = Timing(from_app=Link(delay_ms=10.0, jitter_ms=40.0), to_app=Link(delay_ms=10.0, jitter_ms=40.0))
    steps: Steps = {}
    for number in range(100):
        steps[10.0 * number] = lambda app, number=number: (app.mark(str(number)), app.socket.ping(b"%d" % number))  # type: ignore[misc]
    app, _ = carried(steps, timing)
    marks = {name: at for at, name in app.marks()}
    assert [payload for _, payload in app.pong_times] == [b"%d" % number for number in range(100)]
    trips = [at - 10 * number for number, (at, _) in enumerate(app.pong_times)]
    assert 20 <= min(trips) < max(trips) <= 101, "delays without jitter, and with all of it"
    assert all(at >= marks[payload.decode()] for at, payload in app.pong_times)


def test_pings_behind_the_end_are_answered() -> None:
    stream = open_stream(ramp(160))
    stream.end("hang_up", START_MS + 10)
    stream.answer_ping(b"late", START_MS + 11)
    sent(stream, 11)
    assert stream.pongs == [b"late"]


async def measured(socket: ServerConnection) -> float:
    """Return the latency of a ping, by the library."""
    return await (await socket.ping(b"measure"))


async def found_in(call: SimulatedCall, latencies: list[asyncio.Task[float]]) -> CallReport:
    """Wait for the end of a call in which a ping was answered."""
    report = await call.finished()
    assert len(latencies) == 1
    assert await latencies[0] >= 0
    return report


def test_another_library_measures_the_delays_by_its_ping() -> None:
    found: list[asyncio.Task[float]] = []

    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            found.append(asyncio.create_task(measured(socket)))

    async def main() -> None:
        timing = Timing(from_app=Link(delay_ms=60.0), to_app=Link(delay_ms=90.0))
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(bytes(16 * 400), timing=timing)
            await start(carrier, call, app.url)
            await found_in(call, found)

    run(main)
    assert 0.15 <= found[0].result() < 30


@pytest.mark.parametrize(
    "timing",
    [
        Timing(from_app=Link(outages_ms=((0.0, 250.0),))),
        Timing(standstills_ms=((1.0, 250.0),)),
        Timing(read_pauses_ms=((0.0, 250.0),)),
    ],
    ids=["outage", "standstill", "read pause"],
)
def test_on_a_real_socket_everything_arrives_afterwards_in_order(timing: Timing) -> None:
    pongs: list[asyncio.Task[float]] = []

    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            for number in range(50):
                await socket.send(json.dumps({"event": "mark", "mark": {"name": str(number)}}))
            pongs.append(asyncio.create_task(measured(socket)))

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(bytes(16 * 500), timing=timing)
            await start(carrier, call, app.url)
            report = await found_in(call, pongs)
            assert report.marks_returned == 50
            await app.closed.wait()
        assert [message["mark"]["name"] for message in app.of("mark")] == [str(number) for number in range(50)]
        # 250 ms after the socket was opened, and the app received `start` shortly after that, or after a standstill.
        first = app.events.index("mark")
        assert app.events[:first].count("media") >= 11 or timing.standstills_ms

    run(main)


# Outages


def test_nothing_passes_an_outage_and_nothing_is_lost() -> None:
    timing = Timing(from_app=Link(delay_ms=30.0, outages_ms=((100.0, 400.0),)))
    stream = open_stream(ramp(160 * 40), timing=timing)
    for at_ms in (60.0, 80.0, 120.0, 399.0, 400.0):
        stream.receive(mark(f"sent at {at_ms:.0f}"), START_MS + at_ms)
    marks = [(at, m["mark"]["name"]) for at, m in run_stream(stream) if m["event"] == "mark"]
    assert marks == [
        (90, "sent at 60"),
        (400, "sent at 80"),  # it would have arrived within
        (430, "sent at 120"),
        (430, "sent at 399"),
        (430, "sent at 400"),
    ]


def unacknowledged_of(timing: Timing, chunks: int = 20) -> tuple[list[int], CallReport, MemoryApp]:
    """Return the unacknowledged octets before each message, one per 20 ms from 110 ms on, and 20 ms after the last."""
    found: list[int] = []

    def send(app: MemoryApp) -> None:
        found.append(app.socket.unacknowledged_octets)
        app.play(SOUND)

    steps: Steps = {110.0 + 20 * number: send for number in range(chunks)}
    steps[110.0 + 20 * chunks] = lambda app: found.append(app.socket.unacknowledged_octets)
    app, report = carried(steps, timing)
    return found, report, app


OCTETS = len(media(SOUND))


@pytest.mark.parametrize("direction", ["from_app", "to_app"])
def test_messages_in_an_outage_are_not_acknowledged(direction: str) -> None:
    """Acknowledgements of the app's messages return on the link to it, so an outage of either direction holds them."""
    outage = Link(outages_ms=((100.0, 400.0),))
    timing = Timing(from_app=outage) if direction == "from_app" else Timing(to_app=outage)
    found, report, app = unacknowledged_of(timing)
    assert found == [OCTETS * number for number in range(15)] + [0] * 6
    assert report.media_received == 20
    heard = report.heard_pcm.find(pcmu_decode(SOUND)[:200])
    assert heard // 16 == (400 if direction == "from_app" else 110)
    within = [at for at, message in app.messages if message["event"] == "media" and 100 < at < 400]
    assert len(within) == (14 if direction == "from_app" else 0)


@pytest.mark.parametrize(
    "timing",
    [
        Timing(from_app=Link(stalls_ms=((100.0, 400.0),))),
        Timing(read_pauses_ms=((100.0, 400.0),)),
        Timing(standstills_ms=((100.0, 400.0),)),
    ],
    ids=["a proxy that waits", "a slow reader", "a process that stands still"],
)
def test_elsewhere_the_other_system_acknowledges_up_to_its_buffer(timing: Timing) -> None:
    found, report, _ = unacknowledged_of(timing)
    assert found == [0] * 21
    assert report.media_received == 20


def test_beyond_the_buffer_of_a_reader_that_stands_still_it_grows() -> None:
    found: list[int] = []

    def send(app: MemoryApp) -> None:
        for _ in range(RECEIVE_BUFFER_OCTETS // OCTETS + 10):
            app.play(SOUND)
        found.append(app.socket.unacknowledged_octets)

    carried({110.0: send}, Timing(standstills_ms=((100.0, 400.0),)))
    assert found[0] == (RECEIVE_BUFFER_OCTETS // OCTETS + 10) * OCTETS - RECEIVE_BUFFER_OCTETS


def test_a_call_that_ends_in_an_outage_ends() -> None:
    timing = Timing(from_app=Link(outages_ms=((50.0, 1e7),)), to_app=Link(outages_ms=((50.0, 900.0),)))
    _, report = carried({}, timing, speech_ms=300)
    assert report.end_reason == "speech_ended"


# Standstills


def test_a_carrier_that_stands_still_sends_reads_and_returns_nothing_and_the_phone_plays_on() -> None:
    def speak(app: MemoryApp) -> None:
        for number in range(1, 11):  # 200 ms, with a mark after each 20 ms
            app.play(SOUND)
            app.mark(str(number))

    app, report = carried({10: speak, 150: lambda app: app.mark("within")}, Timing(standstills_ms=((100.0, 400.0),)))
    played = [(10.0 + 20 * number, str(number)) for number in range(1, 5)]
    assert app.marks() == [*played, *[(400.0, str(number)) for number in range(5, 11)], (400.0, "within")]
    heard = pcmu_decode(SOUND) * 10
    assert report.heard_pcm[160:][: len(heard)] == heard, "10 ms after the begin, without a gap"
    chunks = [at for at, message in app.messages if message["event"] == "media"]
    assert chunks[:4] == [20.0, 40.0, 60.0, 80.0]
    assert chunks[4:20] == [400.0] * 16, "those of 100 to 400 ms at once"
    assert chunks[20] == 420.0


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Link(outages_ms=((5.0, 5.0),)), "outages_ms is 5.0 to 5.0, an end after a begin"),
        (lambda: Timing(standstills_ms=((-1.0, 5.0),)), "standstills_ms is -1.0 to 5.0, an end after a begin"),
    ],
)
def test_impossible_intervals_are_refused(make: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        make()


def test_a_stream_with_outages_asks_to_be_woken_at_their_edges() -> None:
    timing = Timing(from_app=Link(outages_ms=((33.0, 47.0),)), to_app=Link(outages_ms=((61.0, 65.0),)))
    stream = open_stream(bytes(16 * 100), timing=timing)
    seen: list[tuple[float, bool, bool]] = []
    while (deadline_ms := stream.next_deadline_ms) is not None and deadline_ms < START_MS + 70:
        stream.outgoing(deadline_ms)
        now = (stream.reading_paused(deadline_ms), stream.acknowledges(deadline_ms))
        if not seen or seen[-1][1:] != now:
            seen.append((deadline_ms - START_MS, *now))
    assert seen == [(0, False, True), (33, True, False), (47, False, True), (61, False, False), (65, False, True)]
