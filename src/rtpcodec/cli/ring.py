"""The command `rtpcodec ring`: an incoming call for an app that takes webhooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rtpcodec.carriers.telnyx.commands import API_KEY_VARIABLE
from rtpcodec.cli.demo.speech import SPEECH


def ring(
    webhook_url: Annotated[
        str, typer.Argument(metavar="URL", help="Webhook URL of the app: `http://127.0.0.1:8000/webhook`")
    ],
    audio: Annotated[Path, typer.Option(help="16-bit mono WAV that the caller says.", exists=True)] = SPEECH,
    codec: Annotated[str, typer.Option(help="Codec of the call.")] = "PCMU",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port for commands. 0: any free port.")] = 8090,
    wait_s: Annotated[float, typer.Option(min=0, help="Limit in seconds until the app starts the stream.")] = 10,
    heard: Annotated[
        Path | None, typer.Option(metavar="FILE", help="WAV file to write: what the caller heard.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the key that signs the webhooks.")] = 0,
) -> None:
    """Call an app that takes webhooks, as a carrier would.

    The simulated carrier sends webhooks to the app, executes its commands, streams to it, and plays its audio to the
    caller. It prints first which settings the app needs; they are the same each time.
    """
    from rtpcodec.cli.simulated_calls import answered_call, print_report

    api_key = os.environ.get(API_KEY_VARIABLE)
    report = answered_call(webhook_url, audio, api_key=api_key, codec=codec, port=port, wait_s=wait_s, seed=seed)
    print_report(report, heard)
