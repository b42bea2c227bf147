"""Every end of a call or its stream, over real sockets."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.server import ServerConnection

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.sim import Carrier, Timing, Variations
from rtpcodec.sim.media import closing, stream
from tests.sim.apps import App, Message, command, listening, run, start
from tests.sim.streams import ramp

SPEECH = pcmu_decode(pcmu_encode(ramp(160 * 20)))
"""0.4 s that mu-law carries without loss."""


def test_hanging_up_sends_stop_and_closes() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(iter(lambda: SPEECH, None))
            await start(carrier, call, app.url)
            await app.saw("media")
            assert call.streaming
            assert call.stream_id == app.of("start")[0]["stream_id"]
            call.hang_up()
            call.hang_up()
            report = await call.finished()
            assert (await command(carrier, call, "streaming_stop")).json()["errors"][0]["code"] == "90018"
        assert report.end_reason == "hang_up"
        assert app.events[-1] == "stop"
        assert app.close_code == 1000

    run(main)


def test_streaming_stop_ends_the_stream_and_the_call_continues() -> None:
    said: list[bytes] = []
    enough = False

    def script() -> Iterator[bytes]:
        while not enough:
            said.append(ramp(160, len(said)))
            yield said[-1]

    async def main() -> None:
        nonlocal enough
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(script())
            await start(carrier, call, app.url)
            await app.saw("media", 3)
            refusal = await command(carrier, call, "streaming_start", stream_url=app.url)
            assert (refusal.status_code, refusal.json()["errors"][0]["code"]) == (422, "90045")
            refusal = await command(carrier, call, "streaming_stop", stream_id="other")
            assert refusal.json()["errors"][0]["code"] == "90048"
            assert call.stream_id is not None
            stop = await command(carrier, call, "streaming_stop", stream_id=call.stream_id.upper())
            assert stop.status_code == 200
            first = await call.finished()
            assert first.end_reason == "streaming_stop"
            assert app.events[-1] == "stop"
            assert not call.ended

            await start(carrier, call, app.url)
            await app.saw("media", first.media_sent + 3)
            enough = True
            second = await call.finished()
        assert second.end_reason == "speech_ended"
        assert second.stream_id != first.stream_id
        assert first.source_pcm + second.source_pcm == b"".join(said), "the caller continues where he was interrupted"
        assert [m["media"]["chunk"] for m in app.of("media")][first.media_sent] == "1"

    run(main)


def test_an_app_that_closes_first() -> None:
    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "media":
            await socket.close(4321, "enough")

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(iter(lambda: SPEECH, None))
            await start(carrier, call, app.url)
            report = await call.finished()
            assert (report.end_reason, report.close_code) == ("app_closed", 4321)
            assert "stop" not in app.events
            assert not call.ended
            refusal = await command(carrier, call, "streaming_stop")
            assert refusal.json()["errors"][0]["code"] == "90048"

    run(main)


def test_an_app_that_vanishes() -> None:
    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "media":
            socket.transport.abort()

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(iter(lambda: SPEECH, None))
            await start(carrier, call, app.url)
            report = await call.finished()
        assert (report.end_reason, report.close_code) == ("connection_lost", None)

    run(main)


@pytest.mark.parametrize(
    ("frames", "reason", "code"),
    [
        (b"\x83\x00", "protocol_error", 1002),  # opcode 3 is reserved
        (b"\x80\x00", "protocol_error", 1002),  # a continuation of nothing
        (b"\x01\x01a\x81\x01b", "protocol_error", 1002),  # a message inside a message
        (b"\x81\x7f" + struct.pack("!Q", 4_194_305), "message_too_big", 1009),
        (b"\x01\x7f" + struct.pack("!Q", 4_194_304) + bytes(4_194_304) + b"\x80\x01x", "message_too_big", 1009),
    ],
)
def test_an_app_that_breaks_websocket(frames: bytes, reason: str, code: int) -> None:
    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            socket.transport.write(frames)

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(iter(lambda: SPEECH, None))
            await start(carrier, call, app.url)
            report = await call.finished()
            await app.closed.wait()
        assert report.end_reason == reason
        assert app.close_code == code

    run(main)


def test_an_app_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_UNSENT_OCTETS", 500_000)
    done = asyncio.Event()

    async def answer(_socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            await done.wait()

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            variations = Variations(extra_members={"padding": "x" * 2_000_000})
            call = carrier.new_call(iter(lambda: SPEECH, None), variations=variations)
            await start(carrier, call, app.url)
            report = await call.finished()
            done.set()
        assert report.end_reason == "app_stalled"

    run(main)


def test_leaving_the_carrier_hangs_up_all_calls() -> None:
    async def main() -> None:
        async with listening(App()) as app:
            async with Carrier() as carrier:
                calls = [carrier.new_call(iter(lambda: SPEECH, None)) for _ in range(3)]
                idle = carrier.new_call(SPEECH)
                for call in calls:
                    await start(carrier, call, app.url)
                await app.saw("start", 3)
            for call in calls:
                assert (await call.finished()).end_reason == "carrier_closed"
            report = await idle.finished()
            assert (report.end_reason, report.stream_id, report.codec) == ("carrier_closed", "", "PCMU")
        assert app.events.count("stop") == 3

    run(main)


def test_leaving_does_not_wait_long_for_an_app_that_ignores_the_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "CLOSE_TIMEOUT_MS", 100.0)
    deaf: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            socket.transport.pause_reading()
            deaf.put_nowait(socket)

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(iter(lambda: SPEECH, None))
            await start(carrier, call, app.url)
            socket = await deaf.get()
            began_at = time.monotonic()
            call.hang_up()
            report = await call.finished()
            assert time.monotonic() - began_at < 30
            assert (report.end_reason, report.close_code) == ("hang_up", None)
            socket.transport.resume_reading()

    run(main)


def test_an_error_of_the_speech_is_raised_where_the_call_is_awaited() -> None:
    def script() -> Iterator[bytes]:
        yield SPEECH[:320]
        raise LookupError("no more lines")

    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(script())
            await start(carrier, call, app.url)
            with pytest.raises(LookupError, match=r"^no more lines$"):
                await call.finished()
            await app.closed.wait()
        assert app.events == ["connected", "start", "media", "stop"]

    run(main)


def test_keys_reach_the_app_and_digits_are_checked() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(iter(lambda: SPEECH, None))
            with pytest.raises(RuntimeError, match="keys can be pressed while the call is streaming"):
                call.press("1")
            await start(carrier, call, app.url)
            await app.saw("start")
            call.press("1#")
            assert [m["dtmf"]["digit"] for m in await app.saw("dtmf", 2)] == ["1", "#"]
            with pytest.raises(ValueError, match=r"^position 1 is not a DTMF key, allowed are 0123456789ABCD\*#$"):
                call.press("1x")
            call.hang_up()
            await call.finished()

    run(main)


def test_a_waiter_that_gives_up_does_not_disturb_the_call() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(SPEECH)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(call.finished(), 0.01)
            await start(carrier, call, app.url)
            reports = await asyncio.gather(call.finished(), call.finished())
            assert reports[0] is reports[1]
            assert json.dumps(app.events).count("media") == 20

    run(main)


def test_an_app_feels_a_carrier_that_does_not_read() -> None:
    sent_after_ms: list[float] = []
    text = json.dumps("x" * 1_000_000)  # answered with an error

    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            began_at = time.monotonic()
            for _ in range(24):  # more than the buffers of both sockets can hold
                await socket.send(text)
            sent_after_ms.append((time.monotonic() - began_at) * 1000)

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            timing = Timing(read_pauses_ms=((0.0, 600.0),))
            call = carrier.new_call(iter(lambda: SPEECH, None), timing=timing)
            await start(carrier, call, app.url)
            await app.saw("error", 24)
            call.hang_up()
            report = await call.finished()
        assert report.messages_received == 24
        assert sent_after_ms[0] > 400

    run(main)
