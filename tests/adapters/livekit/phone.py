"""A simulated call with an audio output or a whole session of livekit-agents on it, and what its caller heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

import rtpcodec
from rtpcodec.adapters.livekit import CallAudioOutput
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, Carrier, SimulatedCall

PLAN = rtpcodec.StreamPlan(send_codec="PCMU")
NEAR_HZ = 40
"""Two pitches of tests are further apart than this."""


def carried(
    handler: Callable[[rtpcodec.Call], Awaitable[object]],
    speech: bytes,
    *,
    run: Callable[[Coroutine[Any, Any, CallReport]], CallReport] = run_virtual,
    plan: rtpcodec.StreamPlan = PLAN,
    seed: int = 0,
    dialect: Literal["telnyx", "twilio"] = "telnyx",
    act: Callable[[SimulatedCall], Awaitable[object]] | None = None,
    phone: dict[str, Any] | None = None,
    **options: Any,
) -> CallReport:
    """Run one call, and return the report of its last stream; raise the handler's error.

    speech: what the caller says, at 8000 Hz; then he hangs up.
    run: asyncio.run for a real socket in real time.
    dialect: whose wire the carrier speaks.
    act: what happens to the call meanwhile, at the carrier.
    phone: options of Carrier.new_call.
    options: keywords of `serve`.
    """

    async def main() -> CallReport:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        async with (
            Carrier("KEY", seed=seed, dialect=dialect) as carrier,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(_watched(handler, over), plan=plan, **options) as endpoint,
        ):
            call = carrier.new_call(speech, speech_hz=8000, logs_playout=True, **phone or {})
            if dialect == "twilio":
                call.stream_to(endpoint.url)
            else:
                await endpoint.stream(control, call.call_control_id)
            if act is not None:
                await act(call)
            await call.finished()
            await over
            return call.reports[-1]

    return run(main())


def _watched(
    handler: Callable[[rtpcodec.Call], Awaitable[object]], over: asyncio.Future[None]
) -> Callable[[rtpcodec.Call], Awaitable[object]]:
    """Return the handler; its end or error is that of a future as well."""

    async def handle(call: rtpcodec.Call) -> None:
        try:
            await handler(call)
        except BaseException as error:
            over.set_exception(error)
            raise
        over.set_result(None)

    return handle


@dataclass
class Ends:
    """What an output reports, and when."""

    output: io.AudioOutput
    starts_s: list[float] = field(default_factory=list)
    ends: list[io.PlaybackFinishedEvent] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.output.on("playback_started", self._started)
        self.output.on("playback_finished", self._finished)

    def _started(self, _event: io.PlaybackStartedEvent) -> None:
        self.starts_s.append(asyncio.get_running_loop().time())

    def _finished(self, event: io.PlaybackFinishedEvent) -> None:
        self.ends.append(event)
        self.ends_s.append(asyncio.get_running_loop().time())

    @property
    def positions_ms(self) -> list[float]:
        """The position of each end."""
        return [round(event.playback_position * 1000, 3) for event in self.ends]

    @property
    def interrupted(self) -> list[bool]:
        """The flag of each end."""
        return [event.interrupted for event in self.ends]


async def capture(output: CallAudioOutput, pcm: bytes, rate_hz: int, frame_ms: float = 200) -> None:
    """Capture PCM as a voice does that is faster than speech."""
    octets = 2 * int(rate_hz * frame_ms / 1000)
    for at in range(0, len(pcm), octets):
        part = pcm[at : at + octets]
        await output.capture_frame(rtc.AudioFrame(part, rate_hz, 1, len(part) // 2))


def heard_ms(report: CallReport, pitch_hz: float, from_ms: float = 0.0) -> float:
    """Return how long the caller heard a tone, from a time on, in steps of 20 ms."""
    frames = _frames(report, from_ms)
    waves = np.exp(-2j * np.pi * pitch_hz * np.arange(frames.shape[1]) / report.heard_hz)
    levels = np.abs(frames @ waves) / frames.shape[1]
    return float(np.count_nonzero(levels > 500)) * 20


def all_heard_ms(report: CallReport) -> float:
    """Return how long the caller heard anything, in steps of 20 ms."""
    return float(np.count_nonzero(np.abs(_frames(report)).max(axis=1) > 500)) * 20


def _frames(report: CallReport, from_ms: float = 0.0) -> Any:
    samples = np.frombuffer(report.heard_pcm, np.int16)[int(from_ms * report.heard_hz / 1000) :].astype(float)
    frame_samples = report.heard_hz // 50
    return samples[: len(samples) // frame_samples * frame_samples].reshape(-1, frame_samples)


def cuts_ms(report: CallReport) -> list[float]:
    """Return where each clear cut the audio that had come, in ms of it."""
    assert report.playout_log is not None
    return [clear.sent_position * 1000 / report.heard_hz for clear in report.playout_log.clears]
