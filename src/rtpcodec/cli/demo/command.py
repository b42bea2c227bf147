"""The command `rtpcodec demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the table as JSON.", dir_okay=False)
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the WAV files and the chart.")
    ] = Path("demo-output"),
    loss: Annotated[float, typer.Option(min=0, max=50, metavar="PERCENT", help="Share of chunks that are lost.")] = 0.0,
    reorder: Annotated[
        float, typer.Option(min=0, max=50, metavar="PERCENT", help="Share of chunks that arrive late.")
    ] = 0.0,
) -> None:
    """Stream speech through a simulated carrier and back.

    There is one call per codec and one in mode mp3. All run at the same time, over real HTTP and WebSocket on loopback:
    the carrier streams speech, and an endpoint on this machine records it and echoes it. Chunks that --loss drops are
    concealed. The demo needs no account and no network. A codec without its library has no row; an error says what to
    install. Exit code 1: a message was refused, or lost without --loss.
    """
    from rtpcodec.cli.demo.show import show

    if not show(json_file, output, loss, reorder):
        raise typer.Exit(1)
