"""The command `rtpcodec ring`: an incoming call for an app that takes webhooks."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rtpcodec.audio.files import WavWriter
from rtpcodec.cli.demo.scenario import PLAYOUT_DELAY_MS, SPEECH, TAIL_MS
from rtpcodec.cli.simulate import report_table
from rtpcodec.sim import CallReport, Carrier, SimulatedCall, Webhooks

TEST_KEY = "KEY_SIM"
"""The API key of the carrier unless TELNYX_API_KEY says another."""
LOOK_S = 0.05
"""Between two looks whether the app streams: nobody who watches a phone ring notices so little."""


def ring(
    webhook_url: Annotated[str, typer.Argument(metavar="URL", help="The app: `http://127.0.0.1:8000/webhook`")],
    audio: Annotated[Path, typer.Option(help="16-bit mono WAV that the caller says.", exists=True)] = SPEECH,
    codec: Annotated[str, typer.Option(help="Codec of the call.")] = "PCMU",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where commands are taken. 0: any free port.")] = 8090,
    wait_s: Annotated[float, typer.Option(min=0, help="How long the app may take until it streams.")] = 10,
    heard: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what the caller heard as WAV.")] = None,
    seed: Annotated[int, typer.Option(help="Decides the key that webhooks are signed with.")] = 0,
) -> None:
    """Call an app as a carrier would: tell its webhook, take its commands, stream to it, and play what it answers.

    The app needs the settings that are printed first; they are the same each time.
    """
    carrier = Carrier(os.environ.get("TELNYX_API_KEY") or TEST_KEY, seed, port=port)
    report = asyncio.run(_call(carrier, webhook_url, audio, codec, wait_s))
    Console().print(report_table(report))
    if heard is not None:
        with WavWriter(heard, report.heard_hz) as wav:
            wav.write(report.heard_pcm)


async def _call(carrier: Carrier, webhook_url: str, audio: Path, codec: str, wait_s: float) -> CallReport:
    webhooks = Webhooks(url=webhook_url)
    async with carrier:
        print(f"TELNYX_BASE_URL={carrier.base_url}\nTELNYX_PUBLIC_KEY={carrier.public_key}")
        if carrier.api_key == TEST_KEY:
            print(f"TELNYX_API_KEY={TEST_KEY}")
        carrier.send_webhooks(webhooks)
        call = carrier.incoming_call(audio, codec=codec, tail_ms=TAIL_MS, playout_delay_ms=PLAYOUT_DELAY_MS)
        await _streamed(carrier, call, wait_s)
        report = await call.finished()
        if call.failure is not None:
            raise ConnectionError(f"the app's WebSocket was not reached: {call.failure}")
        return report


async def _streamed(carrier: Carrier, call: SimulatedCall, wait_s: float) -> None:
    """Wait for the stream. ConnectionError: it does not come; with what the app did instead."""
    try:
        async with asyncio.timeout(wait_s):
            while not (call.streaming or call.ended or call.stream_id):  # noqa: ASYNC110 -- no event tells of it
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        answers = ", ".join(str(one.status or "no answer") for one in carrier.deliveries) or "no answer"
        actions = ", ".join(action for action, _ in call.commands) or "none"
        raise ConnectionError(
            f"the app did not have the call streamed within {wait_s:g} s; webhook: {answers}; commands: {actions}"
        ) from None
