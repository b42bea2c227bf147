"""StreamSerializer in pipecat's own FastAPI transport and pipeline, called by the simulated carrier."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import numpy as np
import pytest
from fastapi import WebSocket
from pipecat.frames import frames
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.transports.websocket.server import SingleClientWebsocketServerParams, SingleClientWebsocketServerTransport
from pipecat.workers.runner import WorkerRunner

from rtpcodec.adapters.pipecat import StreamSerializer
from rtpcodec.client import AsyncCallControl
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.events import InterruptionSettled, MarkCleared, MarkPlayed
from rtpcodec.stream.plan import StreamPlan
from tests.adapters.pipecat.phones import Agent, app_of, called, phones, run_pipeline
from tests.examples.tones import LEGS, SPEECH_HZ, TONE_HZ, pitch_hz, tone

PLANS = {
    "PCMU": StreamPlan(),
    "PCMA": StreamPlan(send_codec="PCMA"),
    "G722": StreamPlan(send_codec="G722"),
    "L16 at 16 kHz": StreamPlan(send_codec="L16", send_rate_hz=16000),
    "OPUS at 16 kHz": StreamPlan(send_codec="OPUS", send_rate_hz=16000),
    "AMR-WB": StreamPlan(send_codec="AMR-WB"),
}


async def say(agent: Agent, duration_s: float) -> None:
    """Say a tone, in the pieces of a synthesis."""
    speech = tone(duration_s)
    for at in range(0, len(speech), 640):
        await agent.push_frame(frames.TTSAudioRawFrame(speech[at : at + 640], SPEECH_HZ, 1))


async def echo(agent: Agent, frame: Any) -> None:
    """Repeat the caller's audio."""
    if isinstance(frame, frames.InputAudioRawFrame):
        await agent.push_frame(frames.OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels))


def sounding_ms(report: CallReport) -> float:
    """How long the caller heard any audio."""
    heard = np.frombuffer(report.heard_pcm, np.int16)
    frame = report.heard_hz // 100
    loud = [np.abs(heard[at : at + frame]).max() > 1000 for at in range(0, len(heard) - frame, frame)]
    return 10.0 * loud.count(True)


@pytest.mark.usefixtures("opus", "amrwb")
def test_an_echo_has_the_callers_pitch_in_every_codec() -> None:
    """All calls at the same time, since pipecat paces in real time."""

    async def one(leg: str, pipeline_hz: int) -> None:
        plan = PLANS[leg]

        async def bot(websocket: WebSocket) -> None:
            serializer = StreamSerializer(websocket.send_text, plan=plan)
            await serializer.read_start(websocket.receive_text)
            await run_pipeline(websocket, serializer, Agent(echo), pipeline_hz)

        async with phones(app_of(bot)) as at:
            options = {"speech_hz": SPEECH_HZ, "tail_ms": 2000, "playout_delay_ms": 200, **LEGS[leg]}
            report = await called(at, tone(1.0), plan, **options)
        assert report.errors_sent == 0, leg
        assert pitch_hz(report) == pytest.approx(TONE_HZ, rel=0.02), leg

    async def main() -> None:
        await asyncio.gather(*(one(leg, 24000 if leg == "G722" else 16000) for leg in PLANS))

    asyncio.run(main())


def mark(name: str) -> Any:
    """Ask for a mark, as a bot does it."""
    return frames.OutputTransportMessageFrame({"event": "mark", "mark": {"name": name}})


def test_keys_marks_and_an_interruption_pass_a_whole_call() -> None:
    """Key 1: say 2 s with a mark behind; key 2: interrupt; key 3: say 0.2 s with a mark behind; key 4: end the call."""
    agents: list[Agent] = []

    async def heard(agent: Agent, frame: Any) -> None:
        match getattr(frame, "button", None):
            case "1":
                await say(agent, 2.0)
                await agent.push_frame(mark("cut"))
            case "2":
                await agent.broadcast_interruption()
            case "3":
                await say(agent, 0.2)
                await agent.push_frame(mark("whole"))
            case "4":
                await agent.push_frame(frames.EndFrame())

    async def main() -> float:
        async def bot(websocket: WebSocket) -> None:
            serializer = StreamSerializer(websocket.send_text, control)
            agents.append(Agent(heard))
            await run_pipeline(websocket, serializer, agents[-1], SPEECH_HZ)

        async with phones(app_of(bot)) as at:
            control = at[2]
            keys = [(100.0, "1"), (700.0, "2"), (900.0, "3"), (1500.0, "4")]
            report = await called(at, bytes(320_000), StreamPlan(), speech_hz=SPEECH_HZ, dtmf=keys)
        # By the command of the EndFrame, behind the 2 s of silence with which pipecat ends.
        assert report.end_reason == "hang_up"
        assert report.clears_received == 1
        assert report.errors_sent == 0
        return sounding_ms(report)

    # 0.6 s of the first 2 s, and 0.2 s; a busy machine interrupts later, and pipecat sends no faster than in real time.
    assert asyncio.run(main()) < 1600
    (agent,) = agents
    assert "".join(one.button for one in agent.frames if isinstance(one, frames.InputDTMFFrame)) == "1234"
    messages = [one.message for one in agent.frames if isinstance(one, frames.InputTransportMessageFrame)]
    events = [event for message in messages for event in message["events"]]
    marks = [one for one in events if isinstance(one, MarkPlayed | MarkCleared)]
    assert marks == [MarkPlayed("whole")]
    (settled,) = [one for one in events if isinstance(one, InterruptionSettled)]
    assert 300 < settled.played_ms < 1400
    assert not settled.estimated


@pytest.mark.parametrize("plays_out_ms", [0, 400])
def test_the_last_words_are_heard_before_the_bot_hangs_up(plays_out_ms: int) -> None:
    """Without pipecat's own silence at the end; the carrier holds audio before it plays it."""

    async def heard(agent: Agent, frame: Any) -> None:
        if isinstance(frame, frames.InputDTMFFrame):
            await say(agent, 0.6)
            await agent.push_frame(frames.TTSStoppedFrame())
            await agent.push_frame(frames.EndFrame())

    async def main() -> CallReport:
        async def bot(websocket: WebSocket) -> None:
            serializer = StreamSerializer(websocket.send_text, control)
            await run_pipeline(websocket, serializer, Agent(heard), SPEECH_HZ, audio_out_end_silence_secs=0)

        async with phones(app_of(bot)) as at:
            control = at[2]
            options: dict[str, Any] = {"speech_hz": SPEECH_HZ, "dtmf": [(100.0, "1")], "playout_delay_ms": plays_out_ms}
            return await called(at, bytes(320_000), StreamPlan(), **options)

    report = asyncio.run(main())
    assert report.end_reason == "hang_up"
    assert sounding_ms(report) == pytest.approx(600, abs=40)


def test_pipecats_own_websocket_server_works_as_well() -> None:
    """Its WebSocket is known only when the caller connects."""

    async def main() -> CallReport:
        sockets: list[Any] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]

        async def send_text(text: str) -> None:
            await sockets[0].send(text)

        serializer = StreamSerializer(send_text)
        params = SingleClientWebsocketServerParams(audio_in_enabled=True, audio_out_enabled=True, serializer=serializer)
        transport = SingleClientWebsocketServerTransport(params, host="127.0.0.1", port=port)
        rates = PipelineParams(audio_in_sample_rate=SPEECH_HZ, audio_out_sample_rate=SPEECH_HZ)
        pipeline = Pipeline([transport.input(), Agent(echo), transport.output()])
        worker = PipelineWorker(pipeline, params=rates, enable_rtvi=False, idle_timeout_secs=None)
        ready = asyncio.Event()

        @transport.event_handler("on_websocket_ready")  # type: ignore[untyped-decorator]
        async def on_websocket_ready(_transport: object) -> None:
            ready.set()

        @transport.event_handler("on_client_connected")  # type: ignore[untyped-decorator]
        async def on_client_connected(_transport: object, websocket: Any) -> None:
            sockets.append(websocket)

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        await ready.wait()
        async with Carrier("KEY") as carrier, AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            at = (f"ws://127.0.0.1:{port}/", carrier, control)
            report = await called(at, tone(0.8), StreamPlan(), speech_hz=SPEECH_HZ, tail_ms=1500, playout_delay_ms=200)
        await worker.cancel()
        await running
        return report

    report = asyncio.run(main())
    assert report.errors_sent == 0
    assert pitch_hz(report) == pytest.approx(TONE_HZ, rel=0.02)
