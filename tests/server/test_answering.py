"""Handlers that are slow, fail, or end early or late affect only their own call."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import StreamEnded
from rtpcodec.server import Call
from tests.server.dialler import CHUNK, call, dial, run, until
from tests.server.phone import STILL_UP, errors


def test_a_slow_handler_loses_the_oldest_audio_while_the_socket_is_still_read(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[events.Event] = []

    async def main() -> None:
        resume = asyncio.Event()

        async def sleepy(call: Call) -> None:
            stream = call.events()
            seen.append(await anext(stream))
            await resume.wait()
            async for event in stream:
                if not isinstance(event, events.Stalled):  # a busy machine
                    seen.append(event)  # noqa: PERF401 -- one by one, so that the test sees each arrive

        async with rtpcodec.serve(sleepy) as endpoint, call(endpoint.url) as carrier:
            for at in range(300):
                await carrier.media(at.to_bytes(2) * 80)
            await until(lambda: endpoint.statistics().messages_received == 302)
            assert endpoint.statistics().dropped_audio_ms == 1000
            resume.set()
            await until(lambda: len(seen) == 252)
            await carrier.media()
            await carrier.stop()
            assert await carrier.close_code() == 1000

    run(main)
    audio = [event for event in seen if isinstance(event, events.Audio)]
    assert [type(event).__name__ for event in seen[:3]] == ["Started", "Overrun", "Audio"]
    assert [event for event in seen if isinstance(event, events.Overrun)] == [events.Overrun(1000, 50)]
    assert [event.payload for event in audio] == [at.to_bytes(2) * 80 for at in range(50, 300)] + [CHUNK]
    assert [event.media_ms for event in audio] == [20.0 * at for at in range(50, 301)]
    assert "the handler read too slowly: 1000 ms of audio were dropped" in caplog.text


def test_a_handler_that_never_reads_uses_no_memory_and_causes_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        leave = asyncio.Event()

        async def deaf(_call: Call) -> None:
            await leave.wait()

        serving = rtpcodec.serve(deaf, max_frames_per_s=None, max_octets_per_s=None)
        async with serving as endpoint, call(endpoint.url) as carrier:
            for _ in range(600):
                await carrier.media()
            await until(lambda: endpoint.statistics().messages_received > 600)
            assert sum(runner.readers.octets for runner in endpoint._running) <= 500 * 1000
            assert endpoint.statistics().dropped_audio_ms == 0
            leave.set()
            assert await carrier.close_code() == 1000

    run(main)
    assert "faster" not in caplog.text


def test_a_failing_handler_ends_only_its_own_call(caplog: pytest.LogCaptureFixture) -> None:
    async def fail_on_two(call: Call) -> None:
        async for audio in call.audio():
            if audio.payload == b"\x02" * 160:
                raise RuntimeError("two is too much")
            await call.play(audio.pcm)

    async def main() -> None:
        async with rtpcodec.serve(fail_on_two) as endpoint:
            async with call(endpoint.url) as good, call(endpoint.url) as bad:
                await bad.media(b"\x02" * 160)
                assert await bad.close_code() == 1011
                await good.media(b"\x03" * 160)
                assert await good.payload() == b"\x03" * 160
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 1

    run(main)
    assert errors(caplog) == [f"the handler failed; {STILL_UP}"]
    record = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "two is too much"
    ids = {name: record.__dict__[name] for name in ("stream_id", "call_control_id")}
    assert ids == {"stream_id": "stream-1", "call_control_id": "v3:control"}
    assert record.getMessage().startswith(f"call {record.__dict__['call_id']} (stream_id stream-1, call_control_id v3:")


def test_a_failing_on_audio_ends_only_its_own_call_and_is_not_called_again(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[bytes] = []

    def fail_on_two(call: Call, audio: events.Audio) -> None:
        heard.append(audio.payload[:1])
        if audio.payload == b"\x02" * 160:
            raise RuntimeError("two is too much")
        call.play(audio.pcm)

    async def main() -> None:
        async with rtpcodec.serve(on_audio=fail_on_two) as endpoint:
            async with call(endpoint.url) as good, call(endpoint.url) as bad:
                await bad.media(b"\x02" * 160)
                await bad.media(b"\x04" * 160)
                assert await bad.close_code() == 1011
                await good.media(b"\x03" * 160)
                assert await good.payload() == b"\x03" * 160
                await good.stop()
                assert await good.close_code() == 1000
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 1

    run(main)
    assert errors(caplog) == [f"the handler failed; {STILL_UP}"]
    assert heard == [b"\x02", b"\x03"]


def test_logs_contain_nothing_private(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(call: Call) -> None:
        async for event in call.events():
            if isinstance(event, events.Dtmf):
                break
        raise RuntimeError

    async def main() -> None:
        async with rtpcodec.serve(fail) as endpoint, dial(endpoint.url) as carrier:
            private: dict[str, Any] = {
                "from": "+15551230000",
                "client_state": "c2VjcmV0",
                "custom_parameters": {"pin": "0815"},
            }
            await carrier.start(**private)
            await carrier.socket.send('{"event":"media","media":{"payload":"!private!"}}')
            await carrier.send(event="dtmf", dtmf={"digit": "7"}, occurred_at="digit-7")
            assert await carrier.close_code() == 1011

    caplog.set_level(logging.DEBUG, "rtpcodec.server")
    run(main)
    own = "\n".join(record.getMessage() for record in caplog.records if record.name == "rtpcodec.server")
    assert "the handler failed" in own
    assert not [word for word in ("+1555", "c2Vj", "0815", "digit-7", "private") if word in own]


def test_ids_from_the_wire_cannot_forge_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_call: Call) -> None:
        raise RuntimeError

    async def main() -> None:
        async with rtpcodec.serve(fail) as endpoint, dial(endpoint.url) as carrier:
            await carrier.start(call_control_id="v3:a\nroot: %s" + "x" * 300)
            assert await carrier.close_code() == 1011

    run(main)
    message = next(record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert "call_control_id v3:a?root:??s" in message
    assert "\n" not in message
    assert len(message) < 350


def test_stream_ended_raised_by_a_handler_after_the_end_is_not_an_error(caplog: pytest.LogCaptureFixture) -> None:
    raised: list[BaseException] = []

    async def talk_on(call: Call) -> None:
        async for _ in call.audio():
            pass
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(say(call))
                tasks.create_task(say(call))
        except BaseException as error:
            raised.append(error)
            raise

    async def say(call: Call) -> None:
        await call.play(bytes(320))

    async def main() -> None:
        async with rtpcodec.serve(talk_on) as endpoint:
            async with call(endpoint.url) as carrier:
                await carrier.stop()
                assert await carrier.close_code() == 1000
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 0

    run(main)
    assert isinstance(raised[0], BaseExceptionGroup)
    assert errors(caplog) == []


def test_everything_that_sends_raises_after_the_end() -> None:
    raised: list[str] = []

    async def try_all(call: Call) -> None:
        async for _ in call.events():
            pass
        assert call.ended
        for send in (
            lambda: call.play(bytes(320)),
            lambda: call.play_payload(bytes(160)),
            call.flush,
            call.mark,
            call.interrupt,
        ):
            with pytest.raises(StreamEnded) as ended:
                send()
            raised.append(str(ended.value))
        with pytest.raises(StreamEnded) as ended:
            await call.played()
        raised.append(str(ended.value))
        await call.close()

    async def main() -> None:
        async with rtpcodec.serve(try_all) as endpoint, call(endpoint.url) as carrier:
            await carrier.stop()
            assert await carrier.close_code() == 1000

    run(main)
    assert raised == ["the stream has stopped, nothing can be sent any more"] * 6


def test_audio_that_waited_for_a_lost_chunk_reaches_on_audio_after_the_stop(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[bytes] = []

    def echo(call: Call, audio: events.Audio) -> None:
        heard.append(audio.payload[:1])
        call.play(audio.pcm)

    async def main() -> None:
        async with rtpcodec.serve(on_audio=echo) as endpoint, call(endpoint.url) as carrier:
            await carrier.media(b"\x01" * 160, chunk=1)
            await carrier.media(b"\x03" * 160, chunk=3)
            await carrier.media(b"\x04" * 160, chunk=4)
            await carrier.stop()
            assert await carrier.close_code() == 1000

    run(main)
    assert heard == [b"\x01", b"\x03", b"\x04"]
    assert errors(caplog) == []


def test_a_handler_that_outlives_its_stream_has_its_grace_and_is_then_cancelled() -> None:
    ends: list[str] = []

    async def linger(call: Call) -> None:
        async for _ in call.audio():
            pass
        ends.append("stream")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def main() -> None:
        async with rtpcodec.serve(linger, handler_grace_s=1.0) as endpoint:
            async with call(endpoint.url) as carrier:
                await carrier.stop()
                assert await carrier.close_code() == 1000
                begun = asyncio.get_running_loop().time()
            assert len(endpoint.calls) == 1
            await until(lambda: not endpoint.calls)
            assert asyncio.get_running_loop().time() - begun > 0.05
            assert endpoint.statistics().calls_failed == 0

    run(main)
    assert ends == ["stream", "cancelled"]


def test_a_handler_that_is_cancelled_from_within_counts_as_failed(caplog: pytest.LogCaptureFixture) -> None:
    async def cancel(_call: Call) -> None:
        raise asyncio.CancelledError

    async def main() -> None:
        async with rtpcodec.serve(cancel) as endpoint, call(endpoint.url) as carrier:
            assert await carrier.close_code() == 1011

    run(main)
    assert errors(caplog) == [f"the handler was cancelled from within; {STILL_UP}"]


@pytest.mark.parametrize("code", [1000, 1008, 4000])
def test_a_handler_closes_its_call(code: int) -> None:
    seen: list[events.Event] = []

    async def close(call: Call) -> None:
        await call.play(bytes(16000))
        await call.close(code)
        seen.extend([event async for event in call.events()])

    async def main() -> None:
        async with rtpcodec.serve(close) as endpoint, call(endpoint.url) as carrier:
            assert await carrier.close_code() == code

    run(main)
    assert seen[-1] == events.Stopped("closed_here")


def test_on_audio_closes_its_call() -> None:
    def close(call: Call, _audio: events.Audio) -> None:
        call.close(4001)

    async def main() -> None:
        async with rtpcodec.serve(on_audio=close) as endpoint, call(endpoint.url) as carrier:
            await carrier.media()
            assert await carrier.close_code() == 4001

    run(main)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
def test_a_code_that_a_close_frame_cannot_carry_is_refused(code: int) -> None:
    refusals: list[str] = []

    async def close(call: Call) -> None:
        with pytest.raises(ValueError, match=r"^code is") as refusal:
            call.close(code)
        refusals.append(str(refusal.value))

    async def main() -> None:
        async with rtpcodec.serve(close) as endpoint, call(endpoint.url) as carrier:
            assert await carrier.close_code() == 1000

    run(main)
    assert refusals == [f"code is {code}, 1000 to 1014 (without 1004 to 1006) or 3000 to 4999 is needed"]


def test_a_base_exception_ends_the_call_as_well(caplog: pytest.LogCaptureFixture) -> None:
    class Alarm(BaseException):
        pass

    async def raise_it(_call: Call) -> None:
        raise Alarm

    async def main() -> None:
        async with rtpcodec.serve(raise_it) as endpoint, call(endpoint.url) as carrier:
            assert await carrier.close_code() == 1011

    run(main)
    assert errors(caplog) == [f"the handler raised Alarm; {STILL_UP}"]


def test_errors_from_the_carrier_become_events_and_are_logged_once_per_code(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[events.Event] = []

    async def listen(call: Call) -> None:
        seen.extend([event async for event in call.events() if not isinstance(event, events.Stalled)])

    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint, dial(endpoint.url) as carrier:
            await carrier.start("SPEEX", 8000)
            for code in (100002, 100002, 100005):
                await carrier.send(event="error", payload={"code": code, "title": "bad\nmedia", "detail": "secret"})
            await carrier.stop()
            assert await carrier.close_code() == 1000

    run(main)
    kinds = [type(event).__name__ for event in seen]
    assert kinds == ["Started", "UnsupportedCodec", *["CarrierError"] * 3, "Stopped"]
    warnings = [
        record.getMessage().partition("): ")[2] for record in caplog.records if record.levelno == logging.WARNING
    ]
    assert warnings[0].startswith("'SPEEX' cannot be decoded: request another codec by stream_codec")
    assert warnings[1:] == [f"the carrier reports error {code}: 'bad\\nmedia'" for code in (100002, 100005)]


def test_a_file_in_the_payloads_is_logged_for_handlers_that_read_audio_only(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[bytes] = []

    async def listen(call: Call) -> None:
        heard.extend([audio.payload async for audio in call.audio()])

    wav = b"RIFF\x24\x01\x00\x00WAVEfmt " + bytes(144)

    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint, dial(endpoint.url) as carrier:
            await carrier.start("PCMU", 8000)
            await carrier.media(wav)
            await carrier.media(wav)
            await carrier.stop()
            assert await carrier.close_code() == 1000

    run(main)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "begins with the header of a WAV file (RIFF): have the sender send encoded samples" in warnings[0]
    assert heard == [wav, wav]
