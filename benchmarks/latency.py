"""The delays of a turn that this package causes: `python -m benchmarks.latency`.

The first two tables are calls of the simulated carrier on the virtual clock, so they are the same on every machine. A
caller speaks for TURN_SPEECH_MS and is answered as soon as voice activity reports the end, by a model that needs no
time; or a caller speaks into a prompt, which stops as soon as voice activity reports the beginning. The last line is
real: the time from each chunk of a caller to its echo, over a WebSocket on loopback. docs/latency.md has the figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, Carrier, Link, PlayoutLog, Timing

RATE_HZ: Final = 8000
QUIET_MS: Final = 3000
TURN_SPEECH_MS: Final = 1500
REST_MS: Final = 6000
TTS_HZ: Final = 24_000
AUDIBLE: Final = 500
"""Of a sample; the prompt and the answer are tones well above it, silence is 0 after every codec but G722."""

Handler = Callable[[rtpcodec.Call], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call, by what differs from the defaults."""

    name: str
    network_ms: float = 0.0
    hold_ms: float = 0.0
    voice: rtpcodec.VoiceSettings = field(default_factory=rtpcodec.VoiceSettings)
    send_codec: str = "PCMU"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Moments:
    """What the handler notes, in ms since the carrier opened the WebSocket."""

    reported_ms: float = 0.0


def tone(duration_ms: int, sample_rate_hz: int) -> bytes:
    """Make a tone that no codec changes much."""
    at = np.arange(duration_ms * sample_rate_hz // 1000)
    return (8000 * np.sin(2 * np.pi * 500 * at / sample_rate_hz)).astype(np.int16).tobytes()


def caller() -> bytes:
    """Make the PCM of the caller: quiet, speech, quiet."""
    noise = np.random.default_rng(1).normal(0, 3000, TURN_SPEECH_MS * RATE_HZ // 1000).astype(np.int16)
    return bytes(2 * RATE_HZ * QUIET_MS // 1000) + noise.tobytes() + bytes(2 * RATE_HZ * REST_MS // 1000)


def call_of(row: Row, handler: Handler) -> CallReport:
    """Run a call on the virtual clock."""

    async def main() -> CallReport:
        link = Link(delay_ms=row.network_ms)
        plan = rtpcodec.StreamPlan(send_codec=row.send_codec)
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.serve(handler, plan=plan, **row.options) as endpoint,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
        ):
            phone = carrier.new_call(
                caller(),
                codec="PCMU",
                playout_delay_ms=row.hold_ms,
                timing=Timing(to_app=link, from_app=link),
                logs_playout=True,
            )
            await endpoint.stream(control, phone.call_control_id)
            return await phone.finished()

    return run_virtual(main())


def log_of(report: CallReport) -> PlayoutLog:
    """Return the log of the play-out, which these calls have."""
    if report.playout_log is None:
        raise ValueError("the call was made without logs_playout")
    return report.playout_log


def audible_ms(report: CallReport) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the times of all audible samples that the caller heard."""
    samples = np.frombuffer(report.heard_pcm, np.int16)
    return np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE) * 1000 / report.heard_hz


def line(row: Row, steps: tuple[float, ...]) -> str:
    """Return a line of a table."""
    return f"{row.name:38}" + "".join(f"{abs(round(step)):10}" for step in steps)


def turn(row: Row) -> str:
    """Measure one turn: speech ended, reported, answered at the carrier, heard."""
    noted = Moments()

    async def answer(call: rtpcodec.Call) -> None:
        loop = asyncio.get_running_loop()
        opened_s = loop.time() - row.network_ms / 1000
        call.voice(row.voice)
        async for event in call.events():
            if isinstance(event, rtpcodec.events.SpeechEnded):
                noted.reported_ms = (loop.time() - opened_s) * 1000
                await call.say([tone(1000, TTS_HZ)], TTS_HZ)

    report = call_of(row, answer)
    ended_ms = QUIET_MS + TURN_SPEECH_MS
    arrived_ms = next(one.at_ms for one in log_of(report).arrivals if one.at_ms >= noted.reported_ms)
    heard = audible_ms(report)
    heard_ms = float(heard[heard > ended_ms][0])
    steps = (noted.reported_ms - ended_ms, arrived_ms - noted.reported_ms, heard_ms - arrived_ms, heard_ms - ended_ms)
    return line(row, steps)


def barge_in(row: Row) -> str:
    """Measure one interruption: from the first word of the caller to the silence in the caller's ear."""
    noted = Moments()

    async def answer(call: rtpcodec.Call) -> None:
        loop = asyncio.get_running_loop()
        opened_s = loop.time() - row.network_ms / 1000
        call.voice(row.voice)
        call.play(tone(20_000, TTS_HZ), TTS_HZ)
        async for event in call.events():
            if isinstance(event, rtpcodec.events.SpeechStarted):
                noted.reported_ms = (loop.time() - opened_s) * 1000
                call.interrupt()

    report = call_of(row, answer)
    (clear,) = log_of(report).clears
    silent_ms = float(audible_ms(report)[-1])
    steps = (noted.reported_ms - QUIET_MS, clear.at_ms - noted.reported_ms, silent_ms - clear.at_ms)
    return line(row, (*steps, silent_ms - QUIET_MS))


def echo_line() -> str:
    """Measure the echo of a call over a real WebSocket."""

    async def echo(call: rtpcodec.Call) -> None:
        async for audio in call.audio():
            await call.play(audio)

    async def main() -> CallReport:
        async with Carrier("KEY") as carrier, rtpcodec.serve(echo) as endpoint:
            call = carrier.new_call(tone(4000, RATE_HZ), codec="PCMU")
            call.stream_to(endpoint.url)
            return await call.finished()

    latencies = np.array(asyncio.run(main()).latencies_ms)
    median, late = np.percentile(latencies, [50, 99])
    return f"echo of {len(latencies)} chunks over loopback: median {median:.1f} ms, p99 {late:.1f} ms"


TURNS: Final = (
    Row(name="defaults"),
    Row(name="hangover_ms=200", voice=rtpcodec.VoiceSettings(hangover_ms=200)),
    Row(name="network 40 ms each way", network_ms=40),
    Row(name="carrier holds 60 ms", hold_ms=60),
    Row(name="send_codec G722", send_codec="G722"),
    Row(name="send_codec OPUS", send_codec="OPUS"),
    Row(name="keep_alive='silence'", options={"keep_alive": "silence"}),
    Row(name="keep_alive='silence', idle_lead_ms=20", options={"keep_alive": "silence", "idle_lead_ms": 20}),
)
BARGE_INS: Final = (
    Row(name="defaults"),
    Row(name="onset_while_playing_ms=80", voice=rtpcodec.VoiceSettings(onset_while_playing_ms=80)),
    Row(name="network 40 ms each way", network_ms=40),
    Row(name="carrier holds 60 ms", hold_ms=60),
)


def tables() -> list[str]:
    """Return the lines of both tables."""
    head = f"{'turn, ms':38}{'reported':>10}{'sent':>10}{'heard':>10}{'sum':>10}"
    second = f"{'barge-in, ms':38}{'reported':>10}{'cleared':>10}{'silent':>10}{'sum':>10}"
    return [head, *map(turn, TURNS), second, *map(barge_in, BARGE_INS)]


def main() -> None:
    """Print all figures."""
    print("\n".join(tables()))
    print(echo_line())


if __name__ == "__main__":
    main()
