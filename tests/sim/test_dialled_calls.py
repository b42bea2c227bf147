"""Calls that are answered or dialled with streaming: when the socket opens, which codec it has, and heard audio."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec import AsyncCallControl, StreamPlan, pcmu_decode, pcmu_encode
from rtpcodec.sim import Carrier, Restart, Variations
from tests.lateness import heard_whole
from tests.server.dialler import until
from tests.sim.apps import App, command, echo, listening, run
from tests.sim.streams import payloads, ramp
from tests.sim.test_states import NEVER_MS, dial, dialled

SPEECH = pcmu_decode(pcmu_encode(ramp(160 * 10)))
STREAM: dict[str, Any] = {"stream_bidirectional_mode": "rtp", "stream_bidirectional_target_legs": "self"}


def test_an_answer_with_streaming() -> None:
    async def main() -> None:
        async with listening(App(echo)) as app, Carrier() as carrier:
            call = carrier.incoming_call(SPEECH, tail_ms=1000, playout_delay_ms=300)
            body = {"stream_url": app.url, "client_state": "bWluZQ=="} | STREAM
            answer = await command(carrier, call, "answer", **body)
            assert answer.json() == {"data": {"result": "ok"}}
            report = await call.finished()
            assert report.end_reason == "speech_ended"
            assert heard_whole(report, SPEECH)
            (start,) = app.of("start")
            assert start["start"]["client_state"] == "bWluZQ=="
            assert call.state == "ended"

    run(main)


def test_an_answer_has_neither_rate_nor_token_for_its_stream() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.incoming_call(b"", codec="L16", sample_rate_hz=16000)
            body = {
                "stream_url": app.url,
                "stream_bidirectional_codec": "L16",
                "stream_bidirectional_sampling_rate": 16000,
                "stream_auth_token": "token",
                "custom_parameters": [{"name": "a", "value": "1"}],
            }
            await command(carrier, call, "answer", **(STREAM | body))
            report = await call.finished()
            assert (report.return_codec, report.heard_hz) == ("L16", 8000)
            assert "x-telnyx-streaming-auth-token" not in app.headers[0]
            assert app.of("start")[0]["start"].get("custom_parameters") in (None, {})

    run(main)


@pytest.mark.parametrize(
    ("preferred", "codec"),
    [
        ("PCMA", "PCMA"),
        ("G729, VP8,PCMA,PCMU", "PCMA"),
        ("PCMU,PCMA", "PCMU"),
        ("G729", "PCMU"),
        ("", "PCMU"),
        ("L16", "L16"),
    ],
)
@pytest.mark.parametrize("way", ["answer", "dial"])
def test_preferred_codecs_decide_the_codec_of_the_call(way: str, preferred: str, codec: str) -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            if way == "answer":
                call = carrier.incoming_call(SPEECH)
                await command(carrier, call, "answer", preferred_codecs=preferred, stream_url=app.url)
            else:
                carrier.phone("+15550100009", SPEECH)
                await dial(carrier, "+15550100009", preferred_codecs=preferred, stream_url=app.url)
                (call,) = carrier.calls
            report = await call.finished()
            assert report.codec == codec
            assert app.of("start")[0]["start"]["media_format"]["encoding"] == codec

    run(main)


def test_the_answer_to_a_dial_command() -> None:
    async def main() -> None:
        async with Carrier(seed=3) as carrier:
            body = {"command_id": "one", "client_state": "bWluZQ=="}
            first, second = [await dial(carrier, "+15550100009", **body) for _ in range(2)]
            other = await dial(carrier, "+15550100009", command_id="two")
            assert first.status_code == second.status_code == other.status_code == 200
            assert first.json() == second.json() != other.json()
            data = first.json()["data"]
            assert set(data) == {
                "call_control_id",
                "call_leg_id",
                "call_session_id",
                "client_state",
                "is_alive",
                "record_type",
            }
            assert (data["is_alive"], data["record_type"], data["client_state"]) == (False, "call", "bWluZQ==")
            assert "client_state" not in other.json()["data"]
            assert [call.call_control_id for call in carrier.calls] == [
                one.json()["data"]["call_control_id"] for one in (first, other)
            ]
            assert carrier.calls[0].state == "ringing"
            assert carrier.calls[0].commands[0][0] == "dial"

    run(main)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"to": None}, [("10004", "/to")]),
        ({"from": None, "connection_id": None}, [("10004", "/from"), ("10004", "/connection_id")]),
        ({"to": ["+1"]}, [("10026", "/to")]),
        ({"connection_id": 17}, [("10026", "/connection_id")]),
        ({"timeout_secs": "30"}, [("10026", "/timeout_secs")]),
        ({"stream_establish_before_call_originate": 1}, [("10026", "/stream_establish_before_call_originate")]),
        ({"stream_url": "ftp://h/"}, [("10003", "/stream_url")]),
        ({"stream_auth_token": "t" * 4001}, [("10025", "/stream_auth_token")]),
        ({"stream_bidirectional_sampling_rate": 44100}, [("10032", "/stream_bidirectional_sampling_rate")]),
        ({"enable_dialogflow": True}, [("100001", "/enable_dialogflow")]),
        ({"client_state": "?"}, [("90017", "/client_state")]),
    ],
)
def test_a_dial_command_that_is_wrong_makes_no_call(body: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            answer = await dial(carrier, "+15550100009", **body)
            assert answer.status_code == 422
            errors = answer.json()["errors"]
            assert [(error["code"], error["source"]["pointer"]) for error in errors] == expected
            assert carrier.calls == ()

    run(main)


def test_a_stream_that_cannot_begin_is_refused_before_the_phone_rings() -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            # The restart is possible for the phone's codec, but not for the one that the app requests.
            restarts = (Restart(at_ms=20.0, sample_rate_hz=8000),)
            carrier.phone(
                "+15550100009", b"", codec="L16", sample_rate_hz=16000, variations=Variations(restarts=restarts)
            )
            wishes = {"stream_url": "ws://127.0.0.1:9/", "stream_codec": "G722", "command_id": "one"} | STREAM
            for _ in range(2):
                answer = await dial(carrier, "+15550100009", **wishes)
                assert [error["code"] for error in answer.json()["errors"]] == ["90046"]
            assert carrier.calls == ()

    run(main)


def test_streaming_begins_when_the_phone_is_answered() -> None:
    async def main() -> None:
        async with listening(App(echo)) as app, Carrier() as carrier:
            carrier.phone("+15550100009", SPEECH, answers_after_s=0.7, tail_ms=600)
            body = {"stream_url": app.url, "stream_auth_token": "tok", "client_state": "bWluZQ=="} | STREAM
            await dial(carrier, "+15550100009", **body)
            (call,) = carrier.calls
            assert (call.state, call.streaming, app.headers) == ("ringing", False, [])
            report = await call.finished()
            assert report.end_reason == "speech_ended"
            assert report.media_received > 5
            assert app.headers[0]["x-telnyx-streaming-auth-token"] == "tok"
            assert app.of("start")[0]["start"]["to"] == "+15550100009"
            assert app.of("start")[0]["start"]["client_state"] == "bWluZQ=="

    run(main)


def test_the_socket_can_open_before_the_phone_rings() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            carrier.phone("+15550100009", SPEECH, answers_after_s=0.7)
            await dial(carrier, "+15550100009", stream_url=app.url, stream_establish_before_call_originate=True)
            (call,) = carrier.calls
            await app.saw("media", 2)
            assert (call.state, call.streaming) == ("ringing", True)
            report = await call.finished()
            said = pcmu_decode(payloads(app.of("media")))
            assert said.index(SPEECH) > 0, "silence while it rang, and nothing of the speech is lost"
            assert not any(said[: said.index(SPEECH)])
            assert report.end_reason == "speech_ended"

    run(main)


def test_without_the_socket_the_phone_rings_nevertheless() -> None:
    async def main() -> None:
        async with Carrier(connect_timeout_s=0.1) as carrier:
            carrier.phone("+15550100009", SPEECH)
            wishes = {"stream_url": "ws://127.0.0.1:9/", "stream_establish_before_call_originate": True}
            await dial(carrier, "+15550100009", **wishes)
            (call,) = carrier.calls
            assert (await call.finished()).end_reason == "connection_failed"
            await until(lambda: call.state == "answered")

    run(main)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("number", ["+15550100009", "+15550100000"])
def test_a_phone_that_nobody_answers(number: str, *, first: bool) -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            carrier.phone("+15550100009", SPEECH, answers_after_s=None)
            wishes = {"stream_url": app.url, "stream_establish_before_call_originate": first, "timeout_secs": 1}
            await dial(carrier, number, **wishes)
            (call,) = carrier.calls
            report = await call.finished()
            assert (report.end_reason, call.state) == ("hang_up", "ended")
            assert (call.leg.hangup_cause, call.leg.hangup_source) == ("timeout", "callee")
            assert app.events.count("start") == first
            assert not report.source_pcm.strip(b"\0")

    run(main)


def test_a_ringing_call_can_be_cancelled() -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            call = await dialled(carrier, answers_after_s=None)
            await command(carrier, call, "hangup")
            assert (await call.finished()).end_reason == "hang_up"
            assert (call.leg.hangup_cause, call.leg.hangup_source) == ("normal_clearing", "caller")

    run(main)


def test_hanging_up_ends_the_stream() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.incoming_call(b"", tail_ms=NEVER_MS)
            await command(carrier, call, "answer", stream_url=app.url)
            await app.saw("media")
            await command(carrier, call, "hangup")
            report = await call.finished()
            assert (report.end_reason, app.events[-1]) == ("hang_up", "stop")
            await asyncio.wait_for(app.closed.wait(), 30)

    run(main)


def test_every_call_to_a_phone_has_its_speech() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            carrier.phone("+15550100009", SPEECH)
            for _ in range(2):
                await dial(carrier, "+15550100009", stream_url=app.url)
            for call in carrier.calls:
                assert (await call.finished()).source_pcm == SPEECH
            with pytest.raises(ValueError, match="position 0 is not a DTMF key"):
                carrier.phone("+1", SPEECH, dtmf=[(0, "x")])

    run(main)


def test_a_call_that_ends_while_it_rings_is_not_answered() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            carrier.phone("+15550100009", SPEECH, answers_after_s=0.6, max_call_s=0.05)
            await dial(carrier, "+15550100009", stream_url=app.url, stream_establish_before_call_originate=True)
            (call,) = carrier.calls
            assert (await call.finished()).end_reason == "time_limit"
            await asyncio.sleep(0.65)
            assert (call.state, call.leg.hangup_cause) == ("ended", "time_limit")

    run(main)


def test_dialogflow_gets_the_stream_of_a_dialled_call() -> None:
    async def main() -> None:
        async with listening(App()) as agent, Carrier(dialogflow_url=agent.url) as carrier:
            options = {"analyze_sentiment": True, "partial_automated_agent_reply": False}
            carrier.phone("+15550100009", SPEECH)
            await dial(carrier, "+15550100009", enable_dialogflow=True, dialogflow_config=options)
            (call,) = carrier.calls
            assert (await call.finished()).source_pcm == SPEECH
            assert len(agent.of("media")) == 10
            assert call.commands[0][1]["dialogflow_config"] == options

    run(main)


def test_dial_and_answer_can_request_silence_and_streaming_start_cannot() -> None:
    """The fields of one plan pass the strict checks of the client and those of the simulated carrier."""
    plan = StreamPlan(send_silence_when_idle=True)

    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            ringing, answered = carrier.incoming_call(b"", tail_ms=NEVER_MS), carrier.new_call(b"", tail_ms=NEVER_MS)
            carrier.phone("+15550100009", b"", tail_ms=NEVER_MS)
            url: dict[str, Any] = {"stream_url": app.url, "strict": True}
            async with AsyncCallControl(carrier.api_key, base_url=carrier.base_url) as control:
                await control.answer(ringing.call_control_id, **url, **plan.command_fields("answer"))
                await control.dial(
                    to="+15550100009", from_="+15550100002", connection_id="17", **url, **plan.command_fields("dial")
                )
                await control.start_streaming(answered.call_control_id, **url, **plan.command_fields("start_streaming"))
            asked = {name: body.get("send_silence_when_idle") for call in carrier.calls for name, body in call.commands}
            assert asked == {"answer": True, "dial": True, "streaming_start": None}

    run(main)
