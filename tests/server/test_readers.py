"""Several readers of one call at the same time: each has all that it reads, and a bound of its own."""

from __future__ import annotations

import asyncio
import gc

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import Carrier
from rtpcodec.stream.event_queue import MAX_AUDIO_MS
from tests.server.conversation import converse
from tests.server.dialler import Dialler
from tests.server.virtual_call import carried


async def ended(carrier: Dialler) -> None:
    await carrier.stop()
    assert await carrier.close_code() == 1000


async def dtmf(carrier: Dialler, digit: str) -> None:
    await carrier.send(event="dtmf", dtmf={"digit": digit})


def test_who_reads_audio_loses_neither_digits_nor_the_end() -> None:
    heard: list[int] = []
    keys: list[str] = []
    seen: list[events.Event] = []

    async def handle(call: Call) -> None:
        async def read_keys() -> None:
            keys.extend([key.digit async for key in call.dtmf()])

        async def read_events() -> None:
            seen.extend([event async for event in call.events()])

        async with asyncio.TaskGroup() as group:
            group.create_task(read_keys())
            group.create_task(read_events())
            heard.extend([audio.chunk or 0 async for audio in call.audio()])

    async def carry(carrier: Dialler) -> None:
        for digit in "1234567890":
            await carrier.media()
            await dtmf(carrier, digit)
        await ended(carrier)

    converse(handle, carry)
    assert heard == list(range(1, 11))
    assert "".join(keys) == "1234567890"
    assert isinstance(seen[0], events.Started)
    assert isinstance(seen[-1], events.Stopped)
    assert [event.chunk for event in seen if isinstance(event, events.Audio)] == heard
    assert "".join(event.digit for event in seen if isinstance(event, events.Dtmf)) == "1234567890"


def test_audio_is_the_caller_and_other_tracks_are_asked_for() -> None:
    heard: dict[str | None, list[str]] = {}

    async def handle(call: Call) -> None:
        async def read(key: str | None, reader: object) -> None:
            heard[key] = [audio.track async for audio in reader]  # type: ignore[attr-defined]

        await asyncio.gather(
            read("default", call.audio()), read("outbound", call.audio("outbound")), read(None, call.audio(None))
        )

    async def carry(carrier: Dialler) -> None:
        for track in ("inbound", "outbound", "inbound"):
            await carrier.media(track=track)
        await ended(carrier)

    converse(handle, carry)
    assert heard["default"] == ["inbound", "inbound"]
    assert heard["outbound"] == ["outbound"]
    assert heard[None] == ["inbound", "outbound", "inbound"]


def at_ms(read_after_s: float, count: int = 1, speech_ms: int = 8000) -> list[float]:
    """Make readers some time after `start`, and return the media time of each one's first chunk."""
    first_ms: list[float] = []

    async def handle(call: Call) -> None:
        await asyncio.sleep(read_after_s)
        first_ms.extend([(await anext(call.audio())).media_ms for _ in range(count)])

    carried(handle, speech_ms=speech_ms)
    return first_ms


def test_the_first_reader_begins_with_the_call_and_the_second_one_now() -> None:
    assert at_ms(0.0) == [0.0]
    assert at_ms(4.9) == [0.0]
    first_ms = at_ms(1.01, count=2)
    assert first_ms == [0.0, 1000.0]


def test_a_reader_that_is_made_late_begins_now() -> None:
    assert at_ms(6.01) == [6000.0]


def octets_in_time(handle: object, moments_s: tuple[float, ...], speech_ms: int = 20_000) -> list[int]:
    """What the readers of a call hold at some moments."""
    found: list[int] = []

    async def main() -> None:
        plan = rtpcodec.StreamPlan(send_codec="PCMU")
        async with Carrier("KEY") as carrier, rtpcodec.serve(handle, plan=plan) as endpoint:  # type: ignore[arg-type]
            call = carrier.new_call(bytes(16 * speech_ms))
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **plan.command_fields())
            begun_s = asyncio.get_running_loop().time()
            for moment_s in moments_s:
                await asyncio.sleep(begun_s + moment_s - asyncio.get_running_loop().time())
                found.append(sum(runner.readers.octets for runner in endpoint._running))
            await call.finished()
            await endpoint.drain()

    run_virtual(main())
    return found


def test_after_the_end_a_reader_finds_what_was_kept_and_ends() -> None:
    found: list[list[events.Event]] = []

    async def handle(call: Call) -> None:
        await asyncio.sleep(8)
        found.append([event async for event in call.events()])
        found.append([event async for event in call.events()])

    octets_in_time(handle, (), speech_ms=1000)
    assert isinstance(found[0][0], events.Started)
    assert isinstance(found[0][-1], events.Stopped)
    assert sum(isinstance(event, events.Audio) for event in found[0]) == 50
    assert found[1] == []


def test_without_a_reader_nothing_is_kept_after_the_opening() -> None:
    async def deaf(_call: Call) -> None:
        await asyncio.sleep(21)

    early, late = octets_in_time(deaf, (4.0, 6.0))
    assert early > 200 * 400
    assert late == 0


def test_on_audio_keeps_nothing() -> None:
    def take(call: Call, _audio: events.Audio) -> None:
        held.append(call._parts.readers.octets)

    held: list[int] = []
    carried(None, on_audio=take, speech_ms=1000)
    assert held
    assert not any(held)


def test_a_reader_that_nobody_reads_is_bounded() -> None:
    async def handle(call: Call) -> None:
        unread = call.audio(), call.events(), call.dtmf()
        await asyncio.sleep(21)
        del unread

    first, second = octets_in_time(handle, (12.0, 19.0))
    assert first == pytest.approx(second, rel=0.01)
    assert second < 2 * MAX_AUDIO_MS / 20 * 1000


def test_a_reader_without_references_costs_nothing() -> None:
    async def handle(call: Call) -> None:
        for _ in range(20):
            async for _ in call.audio():
                break
            await anext(call.events())
        assert call._parts.readers._inboxes == ()
        stopped = call.audio()
        stopped.stop()
        stopped.stop()
        assert [audio async for audio in stopped] == []
        assert call._parts.readers._inboxes == ()

    carried(handle, speech_ms=8000)


def test_references_to_parts_do_not_add_up() -> None:
    async def handle(call: Call) -> None:
        account = call._parts.readers.account
        assert account is not None
        for _ in range(100):
            call.events()
        assert len(account._parts) < 10

    carried(handle)


def test_each_reader_reports_its_own_overrun() -> None:
    chunks: list[events.Audio] = []
    seen: list[events.Event] = []
    quick: list[events.Audio] = []

    async def handle(call: Call) -> None:
        async def read_quickly() -> None:
            quick.extend([audio async for audio in call.audio()])

        reading = asyncio.create_task(read_quickly())
        await asyncio.sleep(0)
        slow_audio, slow_events = call.audio(None), call.events()
        chunks.append(await anext(slow_audio))
        await asyncio.sleep(8)
        chunks.extend([audio async for audio in slow_audio])
        seen.extend([event async for event in slow_events])
        await reading

    carried(handle, speech_ms=10_000)
    assert len(quick) == 500
    assert not any(audio.dropped_before_ms for audio in quick)
    late = [audio for audio in chunks if audio.dropped_before_ms]
    assert len(late) == 1
    before = chunks[chunks.index(late[0]) - 1]
    assert late[0].dropped_before_ms == late[0].media_ms - before.media_ms - before.duration_ms > 2000
    overruns = [event for event in seen if isinstance(event, events.Overrun)]
    assert len(overruns) == 1
    assert overruns[0].dropped_ms > 2000
    assert isinstance(seen[-1], events.Stopped)


def test_the_last_reference_may_be_dropped_by_another_thread() -> None:
    left: list[int] = []

    async def handle(call: Call) -> None:
        readers = [call.audio()]
        await asyncio.to_thread(readers.clear)
        await anext(call.audio(None))
        gc.collect()
        left.append(len(call._parts.readers._inboxes))

    async def carry(carrier: Dialler) -> None:
        await carrier.media()
        assert await carrier.close_code() == 1000

    converse(handle, carry)
    assert left == [0]
