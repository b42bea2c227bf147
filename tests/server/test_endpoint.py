from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import LocalProtocolError
from rtpcodec.server import Call
from rtpcodec.stream.plan import StreamPlan
from tests.server.dialler import CHUNK, LOOPS, call, dial, run, until

pytestmark = pytest.mark.parametrize("loop", LOOPS)


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play(audio.pcm)


def echo_each(call: Call, audio: events.Audio) -> None:
    call.play(audio.pcm)


def echo_payload(call: Call, audio: events.Audio) -> None:
    call.play_payload(audio.payload)


@pytest.mark.parametrize(
    "form",
    [{"handler": echo}, {"on_audio": echo_each}, {"on_audio": echo_payload}],
    ids=["handler", "on_audio", "payload"],
)
def test_audio_is_echoed_and_a_stop_ends_the_call(loop: str, form: dict[str, object]) -> None:
    async def main() -> None:
        async with rtpcodec.serve(**form) as endpoint, call(endpoint.url) as carrier:  # type: ignore[arg-type]
            for shift in range(30):
                await carrier.media(CHUNK[shift:] + CHUNK[:shift])
            for shift in range(30):
                # PCMU has two zeros: 0x7F decodes to the same PCM as 0xFF, so it returns as 0xFF.
                assert (await carrier.payload()).replace(b"\x7f", b"\xff") == (CHUNK[shift:] + CHUNK[:shift]).replace(
                    b"\x7f", b"\xff"
                )
            await carrier.stop()
            assert await carrier.close_code() == 1000

    run(main, loop)


def test_calls_at_the_same_time_do_not_mix(loop: str) -> None:
    async def main() -> None:
        plan = StreamPlan(send_codec="L16", send_rate_hz=16000)
        async with rtpcodec.serve(echo, plan=plan) as endpoint, dial(endpoint.url) as one, dial(endpoint.url) as two:
            for carrier, octet in ((one, b"\x01"), (two, b"\x02")):
                await carrier.start("L16", 16000)
                await carrier.media(octet * 640)
            assert await one.payload() == b"\x01" * 640
            assert await two.payload() == b"\x02" * 640
            first, second = endpoint.calls
            assert first.id != second.id

    run(main, loop)


def test_the_properties_of_a_call(loop: str) -> None:
    async def main() -> None:
        calls: asyncio.Queue[Call] = asyncio.Queue()

        async def keep(call: Call) -> None:
            await calls.put(call)
            async for _ in call.events():
                pass

        async with rtpcodec.serve(keep, path="/media") as endpoint:
            secrets: dict[str, Any] = {"from": "+15551230000", "to": "+15559870000", "client_state": "c2VjcmV0"}
            async with dial(f"{endpoint.url}?key=secret", token="secret-token") as carrier:
                await carrier.start(**secrets)
                call = await calls.get()
                assert call.started.stream_id == "stream-1"
                assert call.started.from_number == "+15551230000"
                assert call.started.utc_ms is not None
                assert call.media_format.encoding == "PCMU"
                assert call.path == "/media?key=secret"
                assert call.headers["X-Telnyx-Streaming-Auth-Token"] == "secret-token"
                assert call.plan == StreamPlan()
                assert call.send_pcm_hz == 8000
                assert call.describe() == "receive PCMU 8000 Hz; send PCMU 8000 Hz"
                assert repr(call) == f"<Call {call.id} stream_id='stream-1' call_control_id='v3:control'>"
                assert endpoint.calls == (call,)
                assert not call.ended
            assert repr(endpoint) == f"<Endpoint {endpoint.url} with {len(endpoint.calls)} calls>"

    run(main, loop)


def test_events_are_all_from_started_to_stopped(loop: str) -> None:
    async def main() -> None:
        seen: list[events.Event] = []

        async def listen(call: Call) -> None:
            seen.extend([event async for event in call.events() if not isinstance(event, events.Stalled)])

        async with rtpcodec.serve(listen) as endpoint, call(endpoint.url) as carrier:
            await carrier.media()
            await carrier.send(event="dtmf", dtmf={"digit": "5"})
            await carrier.send(event="news", what=1)
            await carrier.socket.send("{")
            await carrier.stop()
            await carrier.close_code()
        kinds = [type(event).__name__ for event in seen]
        assert kinds == ["Started", "Audio", "Dtmf", "Unknown", "Malformed", "Stopped"]

    run(main, loop)


def test_audio_of_one_track(loop: str) -> None:
    async def main() -> None:
        heard: list[str] = []

        async def listen(call: Call) -> None:
            heard.extend([audio.track async for audio in call.audio("outbound")])

        plan = StreamPlan(tracks="both_tracks")
        async with rtpcodec.serve(listen, plan=plan) as endpoint, call(endpoint.url) as carrier:
            for track in ("inbound", "outbound", "outbound", "inbound"):
                await carrier.media(track=track)
            await carrier.stop()
            await carrier.close_code()
        assert heard == ["outbound", "outbound"]

    run(main, loop)


def test_a_second_task_on_one_reader_is_refused(loop: str) -> None:
    async def main() -> None:
        refusals: list[str] = []

        async def read_twice(call: Call) -> None:
            reader = call.audio()

            async def read() -> None:
                try:
                    async for _ in reader:
                        pass
                except LocalProtocolError as error:
                    refusals.append(str(error))

            await asyncio.gather(read(), read())

        async with rtpcodec.serve(read_twice) as endpoint, call(endpoint.url) as carrier:
            await until(lambda: refusals)
            await carrier.stop()
            assert await carrier.close_code() == 1000
        assert refusals == ["another task reads this reader, at most 1 is allowed; create one per task"]

    run(main, loop)


def test_the_counters_of_an_endpoint(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo) as endpoint:
            async with call(endpoint.url) as carrier:
                await carrier.media()
                await carrier.payload()
                now = endpoint.statistics()
                assert (now.calls_running, now.calls_taken, now.messages_received) == (1, 1, 3)
                assert now.messages_sent == 2, "an own mark follows the audio"
                await carrier.stop()
                await carrier.close_code()
            await endpoint.drain()
            after = endpoint.statistics()
            assert (after.calls_running, after.calls_taken, after.calls_failed) == (0, 1, 0)
            assert (after.messages_received, after.messages_sent, after.dropped_audio_ms) == (4, 2, 0.0)

    run(main, loop)


def test_an_endpoint_listens_on_ipv6(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo, host="::1") as endpoint, call(endpoint.url) as carrier:
            assert endpoint.url.startswith("ws://[::1]:")
            await carrier.media()
            await carrier.payload()

    run(main, loop)


def test_waiting_in_on_audio_is_refused(loop: str) -> None:
    async def main() -> None:
        refusals: list[str] = []

        def try_all(call: Call, _audio: events.Audio) -> None:
            for iterator in (call.audio, call.events):
                with pytest.raises(LocalProtocolError) as refusal:
                    iterator()
                refusals.append(str(refusal.value))

        async with rtpcodec.serve(on_audio=try_all) as endpoint, call(endpoint.url) as carrier:
            await carrier.media()
            await carrier.stop()
            assert await carrier.close_code() == 1000
        assert refusals[0] == "audio() waits, and on_audio cannot wait; pass a coroutine function as handler instead"
        assert len(refusals) == 2

    run(main, loop)


def test_a_port_in_use_is_an_endpoint_error(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo) as endpoint:
            with pytest.raises(
                rtpcodec.errors.EndpointError, match=rf"^cannot listen on 127.0.0.1 port {endpoint.port}: "
            ):
                async with rtpcodec.serve(echo, port=endpoint.port):
                    pass

    run(main, loop)


def test_without_picows_the_extra_is_named(loop: str) -> None:
    code = f"""
import asyncio, sys
sys.modules["picows"] = None
import rtpcodec
async def main():
    async with rtpcodec.serve(print):
        pass
try:
    asyncio.{"run" if loop == "asyncio" else "Runner().run"}(main())
except rtpcodec.errors.MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "serve needs picows: pip install 'rtpcodec[server]'\n"
