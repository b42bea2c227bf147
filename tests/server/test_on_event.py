"""`on_event` beside `on_audio`: a plain function for all events but Audio."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

import rtpcodec.server
from rtpcodec import events
from rtpcodec.errors import EndpointError, LocalProtocolError
from rtpcodec.server import Call
from tests.listening.timed_messages import media, received
from tests.server.dialler import call, run


async def wait_for(*_arguments: object) -> None:
    pass


def key(at_ms: float, digit: str) -> tuple[float, dict[str, Any]]:
    return at_ms, {"event": "dtmf", "dtmf": {"digit": digit}}


@pytest.mark.parametrize("alone", [False, True])
def test_it_gets_all_events_and_on_audio_the_audio(alone: bool) -> None:
    seen: list[events.Event] = []
    heard: list[events.Audio] = []
    options: dict[str, Any] = {} if alone else {"on_audio": lambda _call, audio: heard.append(audio)}

    def take(call: Call, event: events.Event) -> None:
        assert isinstance(call, Call)
        seen.append(event)

    received(
        None, [media(20, 1, bytes(160)), key(30, "1"), media(40, 2, bytes(160))], end_ms=400, on_event=take, **options
    )
    assert [type(event).__name__ for event in seen if not isinstance(event, events.Stalled)] == [
        "Started",
        "Dtmf",
        "Stopped",
    ]
    assert len(heard) == (0 if alone else 2)


@pytest.mark.parametrize("at", [events.Started, events.Dtmf, events.Stopped])
def test_an_error_ends_its_call_and_it_is_not_called_again(at: type, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[events.Event] = []
    calls: list[Call] = []
    heard: list[events.Audio] = []

    def fail(call: Call, event: events.Event) -> None:
        calls.append(call)
        seen.append(event)
        if type(event) is at:
            raise ValueError("a fault of on_event")

    messages = [media(20, 1, bytes(160)), key(30, "1"), media(400, 2, bytes(160)), key(410, "2")]
    received(None, messages, end_ms=1000, on_event=fail, on_audio=lambda _call, audio: heard.append(audio))
    assert isinstance(seen[-1], at)
    assert "the handler failed" in caplog.text
    assert calls[0].ended
    assert calls[0].end_reason == ("carrier_stop" if at is events.Stopped else "handler_failed")
    assert len(heard) == {events.Started: 0, events.Dtmf: 1, events.Stopped: 2}[at]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"handler": wait_for},
            "handler and on_event are given, at most 1 is allowed; a handler reads call.events() instead",
        ),
        ({"on_event": "f"}, "on_event is of type str, a function is needed"),
        ({"on_event": wait_for}, "on_event is a coroutine function, a plain one is needed; pass it as handler instead"),
    ],
)
def test_wrong_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EndpointError, match=f"^{re.escape(message)}$"):
        rtpcodec.server.EndpointSettings(**{"on_event": print} | options)


def test_the_close_code_is_that_of_an_error() -> None:
    def fail(_call: Call, event: events.Event) -> None:
        if type(event) is events.Dtmf:
            raise ValueError("a fault of on_event")

    async def main() -> None:
        async with rtpcodec.serve(on_event=fail) as endpoint, call(endpoint.url) as carrier:
            await carrier.send(event="dtmf", dtmf={"digit": "1"})
            assert await carrier.close_code() == 1011
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 1

    run(main)


def test_what_waits_is_refused_in_it() -> None:
    refusals: list[str] = []

    def take(call: Call, event: events.Event) -> None:
        if isinstance(event, events.Started):
            for read in (call.audio, call.events, call.dtmf):
                with pytest.raises(LocalProtocolError, match="waits") as error:
                    read()
                refusals.append(str(error.value))
            call.play(bytes(320))

    received(None, [], end_ms=100, on_event=take)
    assert refusals[0] == "audio() waits, and on_audio cannot wait; pass a coroutine function as handler instead"


def test_nothing_is_kept_for_readers() -> None:
    async def main() -> None:
        async with rtpcodec.serve(on_event=lambda _call, _event: None) as endpoint, call(endpoint.url) as carrier:
            for _ in range(10):
                await carrier.media()
            await carrier.stop()
            await carrier.close_code()
            assert sum(runner.readers.octets for runner in endpoint._running) == 0
            await asyncio.sleep(0)

    run(main)
