"""Calls and endpoints from another thread: refused in our own words, and nothing has changed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec.audio import mp3
from rtpcodec.client import webhook_events
from rtpcodec.errors import EndpointError, LocalProtocolError
from rtpcodec.server import Call, Endpoint
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import tone
from tests.server.dialler import LOOPS, call, run, until
from tests.server.phone_webhooks import phone_event

CHANGES: dict[str, Callable[[Call], Any]] = {
    "play": lambda call: call.play(tone(0, 800)),
    "play_payload": lambda call: call.play_payload(bytes(800)),
    "play_mp3": lambda call: call.play_mp3(mp3.encode(tone(0, 1600), 16000)),
    "flush": lambda call: call.flush(),
    "mark": lambda call: call.mark("turn"),
    "played": lambda call: call.played(),
    "interrupt": lambda call: call.interrupt(),
    "reply": lambda call: call.reply(),
    "say": lambda call: call.say([tone(0, 800)]),
    "pause_playback": lambda call: call.pause_playback(),
    "background": lambda call: call.background(tone(0, 8000), pcm_hz=8000),
    "close": lambda call: call.close(),
    "hangup": lambda call: call.hangup(),
    "transfer": lambda call: call.transfer("+15550100"),
    "verdict": lambda call: call.verdict(),
    "webhook": lambda call: call.webhook(phone_event("call.hold", "v3:another")),
    "send_dtmf": lambda call: call.send_dtmf("1"),
    "audio": lambda call: call.audio(),
    "dtmf": lambda call: call.dtmf(),
    "events": lambda call: call.events(),
    "collect_dtmf": lambda call: call.collect_dtmf(),
    "private": lambda call: call.private("card"),
    "record": lambda call: call.record("never.wav"),
    "capture": lambda call: call.capture("never.jsonl"),
    "tap": lambda call: call.tap("mixed", "never.wav"),
    "voice": lambda call: call.voice(),
    "tones": lambda call: call.tones(),
    "caller_silent": lambda call: call.caller_silent(1.0),
    "reference": lambda call: call.reference(0.0),
    "reconnect": lambda call: call.reconnect(),
}


def test_the_list_of_methods_that_change_something_is_whole() -> None:
    methods = {name for name in dir(Call) if callable(getattr(Call, name)) and not name.startswith("_")}
    assert methods == {*CHANGES, "statistics", "describe", "play_threadsafe", "say_threadsafe"}


def in_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def plainly(change: Callable[[Call], Any], call: Call) -> None:
    """Call a method in this thread; a coroutine is run to its first wait."""
    made = change(call)
    if asyncio.iscoroutine(made):
        made.send(None)


def in_a_loop(change: Callable[[Call], Any], call: Call) -> None:
    """Call a method in this thread's own event loop."""

    async def main() -> None:
        made = change(call)
        if asyncio.iscoroutine(made):
            await made

    asyncio.run(main())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("way", [plainly, in_a_loop])
@pytest.mark.parametrize("mode", ["rtp", "mp3"])
def test_every_method_that_changes_something_is_refused(
    loop: str, way: Callable[[Callable[[Call], Any], Call], None], mode: Any
) -> None:
    refusals: dict[str, str] = {}
    calls: list[Call] = []

    def state(call: Call) -> tuple[Any, ...]:
        session = call._pump.machine.session
        return call.statistics(), call.queued_ms, session.position_ms, session.next_deadline_ms, call.ended

    async def answer(call: Call) -> None:
        calls.append(call)
        await call.play(tone(0, 24_000))
        # The clock moves on meanwhile, so nothing that is due later may count.
        sent = call.statistics().media_sent, call.queued_ms
        for name, change in CHANGES.items():

            def attempt(name: str = name, change: Callable[[Call], Any] = change) -> None:
                with pytest.raises(LocalProtocolError) as refused:
                    way(change, call)
                refusals[name] = str(refused.value)

            before = state(call)
            in_thread(attempt)
            after = state(call)
            assert after[0].media_sent == before[0].media_sent
            assert after[1:3] == before[1:3]
            assert after[4] is False
        assert (call.statistics().media_sent, call.queued_ms) == sent
        await call.close()

    async def main() -> None:
        async with (
            rtpcodec.serve(answer, plan=StreamPlan(mode=mode)) as endpoint,
            call(endpoint.url) as carrier,
        ):
            await carrier.close_code()
            await until(lambda: len(refusals) == len(CHANGES))

    run(main, loop)
    for name, text in refusals.items():
        assert text.startswith(
            f"{name}() was called outside the event loop's thread and has changed nothing; use loop."
        )
        assert f"call.{name}, ..." in text


@pytest.mark.parametrize("loop", LOOPS)
def test_coroutine_methods_run_from_another_thread(loop: str) -> None:
    """docs/session.md, "Which threads may I use": plain methods and coroutine methods, and properties."""
    seen: list[Any] = []

    async def answer(call: Call) -> None:
        running = asyncio.get_running_loop()
        reply = await call.say([tone(0, 8000)])

        def work() -> None:
            seen.append((reply.state, call.ended, call.statistics().media_sent > 0))
            running.call_soon_threadsafe(call.interrupt)
            seen.append(asyncio.run_coroutine_threadsafe(reply.played(), running).result(10))
            saying = call.say([tone(0, 160)], id="again")
            seen.append(asyncio.run_coroutine_threadsafe(saying, running).result(10).id)
            running.call_soon_threadsafe(call.interrupt)

        await asyncio.to_thread(work)

    async def main() -> None:
        async with rtpcodec.serve(answer) as endpoint, call(endpoint.url) as carrier:
            await carrier.close_code()

    run(main, loop)
    assert seen == [("speaking", False, True), False, "again"], "the first reply was interrupted"


@pytest.mark.parametrize("loop", LOOPS)
def test_the_way_that_the_refusal_names_works(loop: str) -> None:
    async def answer(call: Call) -> None:
        running = asyncio.get_running_loop()

        async def speak() -> bool:
            await call.play(tone(0, 800))
            return await call.played()

        def work() -> None:
            running.call_soon_threadsafe(call.play, tone(0, 800))
            assert asyncio.run_coroutine_threadsafe(speak(), running).result(10)

        await asyncio.to_thread(work)
        assert call.statistics().media_sent == 10

    async def main() -> None:
        async with rtpcodec.serve(answer) as endpoint, call(endpoint.url) as carrier:
            await carrier.echo_mark(await carrier.own_mark())
            assert await carrier.close_code() == 1000
            assert endpoint.statistics().calls_failed == 0

    run(main, loop)


def test_a_reader_is_refused_in_another_event_loop() -> None:
    refusals: list[str] = []

    async def answer(call: Call) -> None:
        reader = call.audio()

        async def read() -> None:
            async for _ in reader:
                pass

        def work() -> None:
            with pytest.raises(LocalProtocolError) as refused:
                asyncio.run(read())
            refusals.append(str(refused.value))

        in_thread(work)

    async def main() -> None:
        async with rtpcodec.serve(answer) as endpoint, call(endpoint.url) as carrier:
            assert await carrier.close_code() == 1000

    run(main)
    assert refusals == ["the events of a call can only be read in its own event loop"]


@pytest.mark.parametrize("name", ["stream", "webhook", "drain"])
def test_an_endpoint_is_used_from_its_loops_thread(name: str) -> None:
    event = webhook_events.read(b'{"data":{"event_type":"call.hangup","payload":{"call_control_id":"v3:a"}}}')
    uses: dict[str, Callable[[Endpoint], Any]] = {
        "stream": lambda endpoint: asyncio.run(endpoint.stream(None, "v3:a")),  # type: ignore[arg-type]  # not reached
        "webhook": lambda endpoint: endpoint.webhook(event),
        "drain": lambda endpoint: asyncio.run(endpoint.drain()),
    }
    refusals: list[str] = []

    async def main() -> None:
        async with rtpcodec.serve() as endpoint:

            def work() -> None:
                with pytest.raises(EndpointError) as refused:
                    uses[name](endpoint)
                refusals.append(str(refused.value))

            in_thread(work)
            assert not endpoint._gate.draining

    run(main)
    assert refusals[0].startswith(f"{name}() was called outside the event loop's thread and has changed nothing; use ")


def test_a_session_belongs_to_no_thread_and_may_change_it_between_two_calls() -> None:
    session = rtpcodec.MediaSession(lead_ms=None)
    session.receive('{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}', now_ms=0)
    texts: list[str] = []
    in_thread(lambda: session.play(tone(0, 320)))
    in_thread(lambda: texts.extend(session.outgoing(now_ms=0)))
    assert len(texts) == 4  # an own mark follows the first message, and the last one
    assert session.statistics(now_ms=0).media_sent == 2
