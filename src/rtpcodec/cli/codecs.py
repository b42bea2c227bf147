"""The command `rtpcodec codecs`."""

from __future__ import annotations

from typing import Annotated

import typer


def codecs(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list with all that is known.")] = False,
) -> None:
    """List the codecs and their libraries.

    Kind, sample rates, RTP clock, payload type; where each library was found, or what to install.
    """
    from rtpcodec.cli.codec_table import print_json, print_table, rows

    (print_json if as_json else print_table)(rows())
