"""The calls of the demo: a simulated carrier and an endpoint for each codec, on loopback, all at the same time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rtpcodec.audio.files import WavWriter, read_wav
from rtpcodec.cli.demo.measure import Fidelity, fidelity, percentile
from rtpcodec.client import AsyncCallControl
from rtpcodec.codecs import codec_names
from rtpcodec.server import Call, serve
from rtpcodec.sim import CallReport, Carrier, Variations
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.statistics import Statistics

SPEECH = Path(__file__).with_name("speech.wav")
PLAYOUT_DELAY_MS = 60
"""What a phone's jitter buffer holds, so that a chunk a little late makes no gap."""
AS_DOCUMENTED = Variations()
TAIL_MS = 500
"""The caller listens for the end of the echo before the call is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """What became of one call."""

    codec: str
    sample_rate_hz: int
    source_pcm: bytes
    recorded_pcm: bytes
    endpoint: Statistics
    carrier: CallReport
    files: tuple[Path, ...]

    @property
    def fidelity(self) -> Fidelity:
        """The recording beside the speech that was sent."""
        return fidelity(self.source_pcm, self.recorded_pcm, self.sample_rate_hz)

    @property
    def snr_text(self) -> str:
        """The signal-to-noise ratio in dB as people write it."""
        snr_db = self.fidelity.snr_db
        return "exact" if snr_db is None else f"{snr_db:.1f}"

    def latency_ms(self, percent: float) -> float | None:
        """Time from speech sent to its echo received, in ms; None when nothing came back."""
        return percentile(self.carrier.latencies_ms, percent)

    @property
    def latency_text(self) -> str:
        """The usual latency as people write it."""
        median_ms = self.latency_ms(50)
        return "no echo" if median_ms is None else f"{median_ms:.1f} ms"

    def as_row(self) -> dict[str, str | int | float | None]:
        """The row of the machine-readable table."""
        return {
            "codec": self.codec,
            "messages_received": self.endpoint.messages_received,
            "messages_sent": self.endpoint.messages_sent,
            "messages_lost": self.endpoint.lost_chunks,
            "snr_db": _rounded(self.fidelity.snr_db),
            "latency_ms_p50": _rounded(self.latency_ms(50)),
            "latency_ms_p99": _rounded(self.latency_ms(99)),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


async def run_calls(folder: Path, on_end: Callable[[str], None]) -> list[CallResult]:
    """One call a codec, at the same time. on_end hears the codec of each call that is over."""
    api_key = secrets.token_urlsafe()
    async with Carrier(api_key) as carrier, AsyncCallControl(api_key, base_url=carrier.base_url) as control:
        return await asyncio.gather(*(run_call(carrier, control, name, folder, on_end) for name in codec_names()))


async def run_call(
    carrier: Carrier,
    control: AsyncCallControl,
    name: str,
    folder: Path,
    on_end: Callable[[str], None],
    variations: Variations = AS_DOCUMENTED,
) -> CallResult:
    """A call in a codec, by a carrier with these variations."""
    plan = StreamPlan(send_codec=name, receive_codec=name)
    recording = folder / f"{name}-endpoint.wav"
    statistics: list[Statistics] = []
    token = secrets.token_urlsafe()
    handler = partial(_record_and_echo, recording=recording, statistics=statistics)
    async with serve(handler, plan=plan, authorize=token) as endpoint:
        call = carrier.new_call(
            SPEECH,
            codec=name,
            sample_rate_hz=plan.send_sample_rate_hz,
            tail_ms=TAIL_MS,
            playout_delay_ms=PLAYOUT_DELAY_MS,
            variations=variations,
        )
        await control.start_streaming(
            call.call_control_id, stream_url=endpoint.url, stream_auth_token=token, **plan.command_fields()
        )
        report = await call.finished()
        await endpoint.drain()
    on_end(name)
    heard = folder / f"{name}-caller.wav"
    with WavWriter(heard, report.heard_hz) as wav:
        wav.write(report.heard_pcm)
    recorded_pcm, rate_hz = read_wav(recording)
    return CallResult(
        codec=name,
        sample_rate_hz=rate_hz,
        source_pcm=report.source_pcm,
        recorded_pcm=recorded_pcm,
        endpoint=statistics[0],
        carrier=report,
        files=(recording, heard),
    )


async def _record_and_echo(call: Call, *, recording: Path, statistics: list[Statistics]) -> None:
    """The handler of the demo: these lines are the whole application."""
    with WavWriter(recording, call.plan.send_sample_rate_hz) as wav:
        async for audio in call.audio():
            wav.write(audio.pcm)
            if not call.ended:
                await call.play(audio.pcm)
    statistics.append(call.statistics())
