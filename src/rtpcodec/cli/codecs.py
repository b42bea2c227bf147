"""The command `rtpcodec codecs`."""

from __future__ import annotations

from typing import Annotated

import typer


def codecs(
    as_json: Annotated[bool, typer.Option("--json", help="Print all facts as a JSON list.")] = False,
) -> None:
    """List the codecs and their libraries.

    Prints kind, sample rates, RTP clock and payload type of each codec, and where its library was found, or what to
    install.
    """
    from rtpcodec.cli.codec_table import print_json, print_table, rows

    (print_json if as_json else print_table)(rows())
