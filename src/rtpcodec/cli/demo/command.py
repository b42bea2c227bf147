"""The command `rtpcodec demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the table as JSON as well.", dir_okay=False)
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the WAV files and the picture go.")
    ] = Path("demo-output"),
    loss: Annotated[float, typer.Option(min=0, max=50, metavar="PERCENT", help="Chunks that never come.")] = 0.0,
    reorder: Annotated[float, typer.Option(min=0, max=50, metavar="PERCENT", help="Chunks overtaken by others.")] = 0.0,
) -> None:
    """Stream speech through a simulated carrier and back.

    One call per codec and one in mode mp3, all at the same time, over real HTTP and WebSocket on loopback: the carrier
    streams speech, an endpoint on this machine records it and echoes it. Chunks that --loss drops are concealed. Needs
    no account and no network. A codec without its library has no row, and its error says what to install. Exit code 1:
    a message was refused, or lost without --loss.
    """
    from rtpcodec.cli.demo.show import show

    if not show(json_file, output, loss, reorder):
        raise typer.Exit(1)
