"""The calls of the demo: a simulated carrier and an endpoint for each codec, on loopback, all at the same time.

The row MP3 is a call in mode mp3: the caller speaks, presses a key, and hears one file with the whole speech. The audio
to the endpoint is L16, which is lossless, so the heard audio shows the quality of MP3 alone.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from rtpcodec.audio import mp3
from rtpcodec.audio.files import WavWriter, read_wav
from rtpcodec.cli.demo.measure import MAX_LAG_MS, Fidelity, fidelity, percentile
from rtpcodec.cli.demo.speech import PLAYOUT_DELAY_MS, SPEECH, TAIL_MS
from rtpcodec.client import AsyncCallControl
from rtpcodec.codecs import codec, codec_names
from rtpcodec.errors import MissingExtra
from rtpcodec.server import Call, serve
from rtpcodec.sim import CallReport, Carrier, Faults, Variations
from rtpcodec.stream.events import Audio, Dtmf
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.statistics import Statistics

MAX_LOST_MS: Final = 300
"""Allowed shortage of a recording: chunks lost before the carrier's numbering is learnt leave no gap."""
AS_DOCUMENTED = Variations()
NO_FAULTS = Faults()
MP3: Final = "MP3"
"""The row of mode mp3."""
MP3_SPEECH_MS = 4000
"""Duration of the caller's speech in mode mp3: the answer begins at its end."""
ROWS: Final = (*codec_names(), MP3)


class CallEnd(NamedTuple):
    """Results of a handler of the demo."""

    statistics: Statistics
    concealed_chunks: int


@dataclass(frozen=True, kw_only=True)
class CallResult:
    """The result of one call."""

    codec: str
    sample_rate_hz: int
    source_pcm: bytes
    judged_pcm: bytes
    """The endpoint's recording; in mode mp3, the audio that the caller heard."""
    endpoint: Statistics
    carrier: CallReport
    concealed_chunks: int
    """Chunks that the endpoint recorded and echoed to conceal a loss."""
    files: tuple[Path, ...]

    @property
    def is_coded(self) -> bool:
        """Whether spectra are compared, not waveforms: because of the codec, or after a loss."""
        return self.lost > 0 or self.codec == MP3 or codec(self.codec).kind == "frame"

    @cached_property
    def fidelity(self) -> Fidelity:
        """The judged audio, aligned to the sent speech."""
        max_lag_ms = 2 * MP3_SPEECH_MS if self.codec == MP3 else MAX_LOST_MS if self.lost else MAX_LAG_MS
        return fidelity(self.source_pcm, self.judged_pcm, self.sample_rate_hz, max_lag_ms)

    @cached_property
    def quality(self) -> dict[str, float | bool | None]:
        """The meaningful figures for this codec: SNR, or log-spectral distance and intelligibility."""
        if self.is_coded:
            return {"snr_db": None, "exact": False, "lsd_db": self.fidelity.lsd_db, "stoi": self.fidelity.stoi}
        snr_db = self.fidelity.snr_db
        return {"snr_db": snr_db, "exact": snr_db is None, "lsd_db": None, "stoi": None}

    @property
    def snr_text(self) -> str:
        """The signal-to-noise ratio in dB, as text."""
        return "exact" if self.quality["exact"] else figure(self.quality["snr_db"])

    @property
    def quality_text(self) -> str:
        """The quality in one line."""
        if self.is_coded:
            return f"LSD {figure(self.quality['lsd_db'])} dB, STOI {figure(self.quality['stoi'], 3)}"
        return self.snr_text if self.quality["exact"] else f"SNR {self.snr_text} dB"

    @property
    def lost(self) -> int:
        """Messages that either side missed, could not read or refused."""
        return self.endpoint.lost_chunks + self.refused

    @property
    def refused(self) -> int:
        """Messages that either side could not read or refused."""
        return self.endpoint.malformed + self.carrier.errors_sent

    def latency_ms(self, percent: float) -> float | None:
        """Time from speech sent to its echo received, in ms; None if nothing came back."""
        return percentile(self.carrier.latencies_ms, percent)

    @property
    def latency_text(self) -> str:
        """The median latency, as text."""
        median_ms = self.latency_ms(50)
        return "no echo" if median_ms is None else f"{median_ms:.1f} ms"

    def as_row(self) -> dict[str, str | float | None]:
        """Return the row of the machine-readable table."""
        return {
            "codec": self.codec,
            "messages_received": self.endpoint.messages_received,
            "messages_sent": self.endpoint.messages_sent,
            "messages_lost": self.lost,
            "chunks_concealed": self.concealed_chunks,
            **{name: value if isinstance(value, bool) else _rounded(value) for name, value in self.quality.items()},
            "jitter_ms": _rounded(self.endpoint.jitter_ms),
            "stalls": self.endpoint.stalls,
            "round_trip_ms": _rounded(self.endpoint.round_trip_ms),
            "latency_ms_p50": _rounded(self.latency_ms(50)),
            "latency_ms_p99": _rounded(self.latency_ms(99)),
        }


def figure(value: float | None, digits: int = 1) -> str:
    """Write a number for people; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def missing(row: str) -> list[str]:
    """Return one error per library that a row needs and that is missing; it says what to install."""
    if row == MP3:
        try:
            mp3.soundfile()
        except MissingExtra as error:
            return [str(error)]
        return []
    return [status.error for library in codec(row).libraries if (status := library.status()).error]


async def run_calls(
    rows: Sequence[str], folder: Path, on_end: Callable[[str], None], faults: Faults = NO_FAULTS
) -> list[CallResult]:
    """Make one call per row, at the same time, over a network with faults; on_end gets the row of each ended call."""
    api_key = secrets.token_urlsafe()
    async with (
        Carrier(api_key, faults=faults) as carrier,
        AsyncCallControl(api_key, base_url=carrier.base_url) as control,
    ):
        return await asyncio.gather(*(run_call(carrier, control, name, folder, on_end) for name in rows))


async def run_call(
    carrier: Carrier,
    control: AsyncCallControl,
    name: str,
    folder: Path,
    on_end: Callable[[str], None],
    variations: Variations = AS_DOCUMENTED,
) -> CallResult:
    """Make the call of one row, by a carrier with these variations."""
    plan, speech, handler = _mp3_call() if name == MP3 else _rtp_call(name)
    recording = folder / f"{name}-endpoint.wav"
    ends: list[CallEnd] = []
    token = secrets.token_urlsafe()
    async with serve(
        partial(handler, recording=recording, ends=ends), plan=plan, authorize=token, conceal=True
    ) as endpoint:
        call = carrier.new_call(
            codec=plan.receive_codec,
            sample_rate_hz=plan.send_sample_rate_hz,
            playout_delay_ms=PLAYOUT_DELAY_MS,
            variations=variations,
            **speech,
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
    said_octets = 2 * rate_hz * MP3_SPEECH_MS // 1000 if name == MP3 else len(report.source_pcm)
    return CallResult(
        codec=name,
        sample_rate_hz=rate_hz,
        source_pcm=report.source_pcm[:said_octets],
        judged_pcm=report.heard_pcm if name == MP3 else recorded_pcm,
        endpoint=ends[0].statistics,
        carrier=report,
        concealed_chunks=ends[0].concealed_chunks,
        files=(recording, heard),
    )


_CallOfRow = tuple[StreamPlan, dict[str, Any], Callable[..., Awaitable[None]]]


def _rtp_call(name: str) -> _CallOfRow:
    return StreamPlan(send_codec=name, receive_codec=name), {"speech": SPEECH, "tail_ms": TAIL_MS}, _record_and_echo


def _mp3_call() -> _CallOfRow:
    plan = StreamPlan(mode="mp3", receive_codec="L16")
    pcm, rate_hz = read_wav(SPEECH)
    speech = {
        "speech": pcm[: 2 * rate_hz * MP3_SPEECH_MS // 1000],
        "speech_hz": rate_hz,
        "dtmf": [(MP3_SPEECH_MS + 10, "#")],  # after the last chunk
        "tail_ms": MP3_SPEECH_MS + TAIL_MS,
    }
    return plan, speech, _record_and_answer


async def _record_and_echo(call: Call, *, recording: Path, ends: list[CallEnd]) -> None:
    """Handle a call of the demo: these lines are the whole application."""
    concealed = 0
    with WavWriter(recording, call.plan.send_sample_rate_hz) as wav:
        async for audio in call.audio():
            wav.write(audio.pcm)
            concealed += audio.concealed
            if not call.ended:
                await call.play(audio.pcm)
    ends.append(CallEnd(call.statistics(), concealed))


async def _record_and_answer(call: Call, *, recording: Path, ends: list[CallEnd]) -> None:
    """Handle a call in mode mp3: play the speech up to the pressed key as one file."""
    concealed = 0
    with WavWriter(recording, call.plan.send_sample_rate_hz) as wav:
        listening = True
        async for event in call.events():
            if isinstance(event, Audio):
                wav.write(event.pcm)
                concealed += event.concealed
                if listening:
                    await call.play(event.pcm)
            elif isinstance(event, Dtmf):
                listening = False
                call.flush()
    ends.append(CallEnd(call.statistics(), concealed))
