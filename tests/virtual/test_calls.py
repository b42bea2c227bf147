"""Whole calls on the virtual clock: endpoint, handler, simulator, commands and webhooks, without sockets."""

from __future__ import annotations

import asyncio

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import CommandRefused, EndpointError
from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.sim import CallReport, Carrier, SimulatedCall, Webhooks
from rtpcodec.stream.plan import StreamPlan

PLAN = StreamPlan(send_codec="PCMU")
SECOND = pcmu_decode(pcmu_encode(bytes(range(256)) * 62 + bytes(128)))


async def start(carrier: Carrier, call: SimulatedCall, url: str, plan: StreamPlan = PLAN, **fields: str) -> None:
    async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
        await control.start_streaming(
            call.call_control_id,
            stream_url=url,
            **plan.command_fields(),
            **fields,  # type: ignore[arg-type]
        )


async def echo(call: rtpcodec.Call) -> None:
    async for audio in call.audio():
        call.play(audio.pcm)


def carried(
    speech: bytes, *, tail_ms: float = 0.0, keeps_audio: bool = True, max_call_s: float = 3600.0
) -> tuple[CallReport, float]:
    """Return the report of one call to an echo, and its duration on the loop's clock."""

    async def main() -> tuple[CallReport, float]:
        async with Carrier("KEY") as carrier, rtpcodec.serve(echo, plan=PLAN) as endpoint:
            call = carrier.new_call(speech, tail_ms=tail_ms, keeps_audio=keeps_audio, max_call_s=max_call_s)
            await start(carrier, call, endpoint.url)
            return await call.finished(), asyncio.get_running_loop().time()

    return run_virtual(main())


def test_an_echo_is_exact_and_on_time() -> None:
    report, ended_s = carried(SECOND, tail_ms=100.0)
    assert report.end_reason == "speech_ended"
    assert (report.media_sent, report.late_ticks, report.dry_count, report.errors_sent) == (55, 0, 0, 0)
    assert SECOND in report.heard_pcm
    assert ended_s == pytest.approx(1.12, abs=0.03)


def test_the_same_program_takes_the_same_steps() -> None:
    first, second = carried(SECOND, tail_ms=60.0), carried(SECOND, tail_ms=60.0)
    assert first[1] == second[1]
    assert first[0].latencies_ms == second[0].latencies_ms
    assert first[0].heard_pcm == second[0].heard_pcm


@pytest.mark.long
def test_an_hour_of_call() -> None:
    report, ended_s = carried(bytes(2 * 8000 * 3600), keeps_audio=False, max_call_s=3700.0)
    assert report.end_reason == "speech_ended"
    assert ended_s == pytest.approx(3600, abs=0.1)
    assert (report.media_sent, report.media_received) == (180_000, 180_000)
    assert (report.late_ticks, report.dry_count, report.errors_sent) == (0, 0, 0)


def test_a_minute_of_call() -> None:
    report, ended_s = carried(bytes(2 * 8000 * 60), keeps_audio=False)
    assert ended_s == pytest.approx(60, abs=0.1)
    assert (report.media_sent, report.media_received, report.late_ticks, report.dry_count) == (3000, 3000, 0, 0)


def test_a_wrong_token_is_refused_and_the_webhook_says_so() -> None:
    async def main() -> None:
        posted: list[str] = []

        async def webhook(request: MemoryRequest) -> MemoryAnswer:
            event = rtpcodec.verify_webhook(
                request.body, request.headers, carrier.public_key, now=float(request.headers["telnyx-timestamp"])
            )
            posted.append(event.event_type)
            return MemoryAnswer(200)

        async with Carrier("KEY") as carrier, rtpcodec.serve(echo, plan=PLAN, authorize="right") as endpoint:
            app = asyncio.get_running_loop().network.serve_http("http://127.0.0.1:0", webhook)  # type: ignore[attr-defined]
            carrier.send_webhooks(Webhooks(url=f"http://127.0.0.1:{app.port}/"))
            call = carrier.new_call(SECOND)
            await start(carrier, call, endpoint.url, stream_auth_token="wrong")
            assert (await call.finished()).end_reason == "connection_failed"
            await start(carrier, call, endpoint.url, stream_auth_token="right")
            assert (await call.finished()).end_reason == "speech_ended"
            await asyncio.sleep(1)
        assert posted[:3] == ["streaming.failed", "streaming.started", "streaming.stopped"]
        assert posted[3:] == ["call.hangup"]

    run_virtual(main())


def test_commands_are_refused_as_on_real_sockets() -> None:
    async def main() -> None:
        async with Carrier("KEY") as carrier, rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            call = carrier.new_call(b"")
            with pytest.raises(CommandRefused, match="90048"):
                await control.stop_streaming(call.call_control_id)
            await control.hangup(call.call_control_id)
            assert call.state == "ended"

    run_virtual(main())


def test_a_lost_answer_is_retried_after_virtual_seconds() -> None:
    async def main() -> None:
        async with Carrier("KEY") as carrier, rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            call = carrier.incoming_call(b"")
            carrier.disturb(rtpcodec.sim.CommandFault(delay_s=60), None)
            begun_s = asyncio.get_running_loop().time()
            await control.answer(call.call_control_id)
            passed_s = asyncio.get_running_loop().time() - begun_s
            assert 10.0 < passed_s < 12.0, "one attempt of 10 s, and a short wait"
            assert call.state == "answered"

    run_virtual(main())


def test_silence_ends_a_call_after_the_idle_limit() -> None:
    async def main() -> None:
        ended: list[tuple[float, str]] = []

        async def listen(call: rtpcodec.Call) -> None:
            *_, last = [event async for event in call.events()]
            assert isinstance(last, events.Stopped)
            ended.append((asyncio.get_running_loop().time(), last.reason))

        async with Carrier("KEY") as carrier, rtpcodec.serve(listen, plan=PLAN, idle_timeout_s=30.0) as endpoint:
            timing = rtpcodec.sim.Timing(to_app=rtpcodec.sim.Link(stalls_ms=((100.0, 60_000.0),)))
            call = carrier.new_call(bytes(2 * 8000 * 90), timing=timing, keeps_audio=False)
            await start(carrier, call, endpoint.url)
            assert (await call.finished()).end_reason == "app_closed"
        assert [reason for _, reason in ended] == ["closed_here"]
        assert ended[0][0] == pytest.approx(30.1, abs=0.1)

    run_virtual(main())


def test_two_endpoints_cannot_have_one_port() -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo) as endpoint:
            with pytest.raises(EndpointError, match=f"^cannot listen on 127.0.0.1 port {endpoint.port}"):
                await rtpcodec.serve(echo, port=endpoint.port).__aenter__()

    run_virtual(main())


def test_many_calls_at_once() -> None:
    async def main() -> None:
        async with Carrier("KEY") as carrier, rtpcodec.serve(echo, plan=PLAN) as endpoint:
            calls = [carrier.new_call(SECOND, tail_ms=100.0) for _ in range(20)]
            await asyncio.gather(*(start(carrier, call, endpoint.url) for call in calls))
            reports = await asyncio.gather(*(call.finished() for call in calls))
            assert all(SECOND in report.heard_pcm for report in reports)
            assert endpoint.statistics().calls_taken == 20

    run_virtual(main())
