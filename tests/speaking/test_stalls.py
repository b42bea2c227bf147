"""Stalls: a round trip that a busy machine made longer does not affect the next ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import rtpcodec
from rtpcodec import Call, events
from rtpcodec.server import Reply
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.speaking.round_trips import RoundTrips
from tests.adapters.contract import sentence
from tests.adapters.speaking_cases import same_octets
from tests.held_loop import hold, hold_at_random, run_held
from tests.lateness import without_silence
from tests.server.both_dialects import PCMU

MARKED_MS = 40
SENTENCE = sentence(8, 160)
MARKED = SENTENCE[: MARKED_MS * 16]


async def speak_to_the_mark(call: Call, stall_ms: float) -> Reply:
    """Play the sentence on a loop that is blocked once it was sent, and wait until its mark was heard."""
    reader = call.events()
    reply = call.reply("sentence")
    reply.play(MARKED)
    call.mark("heard")
    reply.play(SENTENCE[len(MARKED) :])
    reply.end()
    hold(stall_ms)
    async for event in reader:
        if isinstance(event, events.MarkPlayed):
            break
    return reply


def heard_by_caller(handler: Callable[[Call], Awaitable[object]], seed: int | None = None) -> bytes:
    """Run one call. With a seed, the loop is blocked repeatedly. Returns what the caller heard."""

    async def main() -> CallReport:
        async with Carrier() as carrier, rtpcodec.serve(handler, plan=PCMU) as endpoint:
            holding = None if seed is None else asyncio.create_task(hold_at_random(seed))
            call = carrier.new_call(bytes(16 * 20_000))
            call.stream_to(endpoint.url, PCMU)
            report = await call.finished()
            if holding is not None:
                holding.cancel()
            return report

    return without_silence(run_held(main()).heard_pcm)


@pytest.mark.parametrize("stall_ms", [0.0, 100.0, 150.0, 300.0, 600.0])
def test_a_pause_after_a_stall_loses_nothing(stall_ms: float) -> None:
    async def pause(call: Call) -> None:
        reply = await speak_to_the_mark(call, stall_ms)
        call.pause_playback(10, "discard").resume()
        await reply.played()

    heard = heard_by_caller(pause)
    assert same_octets(heard, SENTENCE) + same_octets(heard[::-1], SENTENCE[::-1]) >= len(SENTENCE)


@pytest.mark.parametrize("stall_ms", [0.0, 100.0, 150.0, 300.0, 600.0])
def test_an_interruption_after_a_stall_reports_what_was_heard(stall_ms: float) -> None:
    found: list[tuple[float, float]] = []

    async def interrupt(call: Call) -> None:
        reply = await speak_to_the_mark(call, stall_ms)
        assert reply.played_ms >= MARKED_MS
        cut = call.interrupt()
        found.append((cut.played_ms, cut.played_uncertainty_ms))
        await reply.settled()
        found.append((reply.played_ms, reply.played_uncertainty_ms))

    heard_ms = len(heard_by_caller(interrupt)) / 16
    assert len(found) == 2
    for played_ms, uncertainty_ms in found:
        assert played_ms >= MARKED_MS
        assert abs(played_ms - heard_ms) <= uncertainty_ms


@pytest.mark.parametrize("seed", [22, 107, 121, *range(8)])
def test_a_pause_on_a_busy_machine_loses_nothing(seed: int) -> None:
    async def pause(call: Call) -> None:
        reply = await speak_to_the_mark(call, 0.0)
        call.pause_playback(10, "discard").resume()
        await reply.played()

    heard = heard_by_caller(pause, seed)
    assert same_octets(heard, SENTENCE) + same_octets(heard[::-1], SENTENCE[::-1]) >= len(SENTENCE)


def test_overlapping_round_trips_count_as_one() -> None:
    trips = RoundTrips()
    trips.add(500.0, 500.0)
    trips.add(480.0, 501.0)
    assert not trips.sure
    trips.add(480.0, 981.0)
    assert trips.sure
