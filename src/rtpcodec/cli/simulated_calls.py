"""The calls of `rtpcodec simulate` and `rtpcodec ring`, and the table of their figures."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rtpcodec.audio.files import WavWriter
from rtpcodec.cli.demo.measure import percentile
from rtpcodec.cli.demo.speech import PLAYOUT_DELAY_MS, TAIL_MS
from rtpcodec.client import AsyncCallControl
from rtpcodec.sim import CallReport, Carrier, Faults, SimulatedCall, Variations, Webhooks
from rtpcodec.stream.plan import INBOUND_TRACK, StreamPlan

TEST_KEY = "KEY_SIM"
"""The API key of the ringing carrier unless TELNYX_API_KEY is set."""
POLL_S = 0.05
"""Interval at which the state of the stream is read: much shorter than the time in which people answer a phone."""


def faults_of(drop: float, duplicate: float, reorder: float, stall_ms: float, stall_every_s: float) -> Faults:
    """Make faults from percentages of chunks, and stalls."""
    return Faults(
        drop=drop / 100,
        duplicate=duplicate / 100,
        reorder=reorder / 100,
        stall_ms=stall_ms,
        stall_every_s=stall_every_s,
    )


def streamed_call(
    stream_url: str,
    audio: Path,
    *,
    codec: str,
    rate_hz: int,
    mode: Any,
    tracks: Any,
    chunk_ms: int,
    amrwb_packing: Any,
    dialect: Any,
    token: str | None,
    faults: Faults,
    seed: int,
) -> CallReport:
    """Stream a WAV file to an endpoint. ConnectionError: it was not reached. The plan checks mode, tracks, packing."""
    call_plan = StreamPlan(send_codec=codec, send_rate_hz=rate_hz, tracks=tracks)
    command_plan = call_plan if mode == "rtp" else StreamPlan(mode=mode, tracks=tracks)
    new_call = partial(
        Carrier.new_call,
        speech=audio,
        codec=codec,
        sample_rate_hz=call_plan.send_sample_rate_hz,
        tail_ms=TAIL_MS,
        playout_delay_ms=PLAYOUT_DELAY_MS,
        variations=Variations(chunk_ms=chunk_ms, amrwb_packing=amrwb_packing),
    )
    carrier = Carrier(secrets.token_urlsafe(), seed, faults, dialect=dialect)
    return asyncio.run(_stream(carrier, new_call, command_plan, stream_url, token))


async def _stream(
    carrier: Carrier,
    new_call: Callable[[Carrier], SimulatedCall],
    plan: StreamPlan,
    stream_url: str,
    token: str | None,
) -> CallReport:
    async with carrier:
        call = new_call(carrier)
        if carrier.dialect == "twilio":
            call.stream_to(stream_url, plan, auth_token=token, one_way=plan.tracks != INBOUND_TRACK)
        else:
            async with AsyncCallControl(carrier.api_key, base_url=carrier.base_url) as control:
                await control.start_streaming(
                    call.call_control_id, stream_url=stream_url, stream_auth_token=token, **plan.command_fields()
                )
        report = await call.finished()
        if call.failure is not None:
            raise ConnectionError(_why_not(f"the endpoint at {stream_url}", call.failure, report))
        return report


def _why_not(what: str, failure: str, report: CallReport) -> str:
    """Return why no WebSocket was opened."""
    if report.refused_with is None:
        return f"{what} was not reached: {failure}"
    return f"{what} refused the stream with HTTP status {report.refused_with}: {failure}"


def answered_call(
    webhook_url: str, audio: Path, *, api_key: str | None, codec: str, port: int, wait_s: float, seed: int
) -> CallReport:
    """Ring an app by its webhook and wait for its stream. ConnectionError: no stream started, or not in time."""
    carrier = Carrier(api_key or TEST_KEY, seed, port=port)
    return asyncio.run(_ring(carrier, webhook_url, audio, codec, wait_s))


async def _ring(carrier: Carrier, webhook_url: str, audio: Path, codec: str, wait_s: float) -> CallReport:
    webhooks = Webhooks(url=webhook_url)
    async with carrier:
        print(f"TELNYX_BASE_URL={carrier.base_url}\nTELNYX_PUBLIC_KEY={carrier.public_key}")
        if carrier.api_key == TEST_KEY:
            print(f"TELNYX_API_KEY={TEST_KEY}")
        carrier.send_webhooks(webhooks)
        call = carrier.incoming_call(audio, codec=codec, tail_ms=TAIL_MS, playout_delay_ms=PLAYOUT_DELAY_MS)
        await _stream_started(carrier, call, wait_s)
        report = await call.finished()
        if call.failure is not None:
            raise ConnectionError(_why_not("the app's WebSocket", call.failure, report))
        return report


async def _stream_started(carrier: Carrier, call: SimulatedCall, wait_s: float) -> None:
    """Wait for the stream. ConnectionError: it does not start; the error says what the app did."""
    try:
        async with asyncio.timeout(wait_s):
            while not (call.streaming or call.ended or call.stream_id):  # noqa: ASYNC110 -- no event reports it
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        answers = ", ".join(str(one.status or "no answer") for one in carrier.deliveries) or "no answer"
        actions = ", ".join(action for action, _ in call.commands) or "none"
        raise ConnectionError(
            f"the app did not start a stream within {wait_s:g} s; webhook: {answers}; commands: {actions}"
        ) from None


def print_report(report: CallReport, heard: Path | None) -> None:
    """Print the figures of a call, and write what the caller heard as WAV where a file is given."""
    Console().print(_table(report))
    if heard is not None:
        with WavWriter(heard, report.heard_hz) as wav:
            wav.write(report.heard_pcm)


def _table(report: CallReport) -> Table:
    grid = Table(show_header=False)
    median_ms = percentile(report.latencies_ms, 50)
    for name, value in (
        ("media messages sent", report.media_sent),
        ("media messages received", report.media_received),
        ("marks returned", report.marks_returned),
        ("messages refused", report.errors_sent),
        ("warnings noted", ", ".join(str(warning.code) for warning in report.warnings) or "none"),
        (
            "chunks dropped, duplicated, reordered",
            f"{report.chunks_dropped}, {report.chunks_duplicated}, {report.chunks_reordered}",
        ),
        ("own ticks that were late", report.late_ticks),
        ("play-out ran dry", f"{report.dry_count} times, {report.dry_ms:.0f} ms"),
        ("echo after, median", "-" if median_ms is None else f"{median_ms:.1f} ms"),
        ("end", report.end_reason),
    ):
        grid.add_row(name, str(value))
    return grid
