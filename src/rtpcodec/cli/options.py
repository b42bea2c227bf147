"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Codec = Annotated[str, typer.Option(help="Codec of the audio that we send.")]
Rate = Annotated[int, typer.Option(help="Its rate in Hz as the command names it. 0: the usual one.")]
Mode = Annotated[str, typer.Option(help="How audio goes back: `rtp`, payloads of the codec, or `mp3`, whole files.")]
AmrWbPacking = Annotated[str, typer.Option(help="`bandwidth-efficient`, `octet-aligned`, or `auto`: as it comes.")]
SendOption = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="For the encoder, such as bitrate=24000; repeatable."),
]

LeadMs = Annotated[float, typer.Option(min=0, help="Audio to hold at the carrier while a reply speaks.")]
IdleLeadMs = Annotated[float, typer.Option(min=0, help="The same between replies.")]
ChunkMs = Annotated[float, typer.Option("--send-chunk-ms", help="Audio of one message: 20 to 200, in steps of 20.")]
PrebufferMs = Annotated[float, typer.Option(min=0, help="Audio that must wait before a reply begins.")]
KeepAlive = Annotated[
    str | None, typer.Option(help="`silence` or `comfort_noise`, sent while nothing else is. Default: nothing.")
]
WhenFull = Annotated[str, typer.Option(help="A full queue: `wait`, or `drop_oldest`.")]


def send_options(pairs: list[str] | None) -> dict[str, Any]:
    """Read the options of an encoder; a value is JSON where it parses, else text. ValueError: not NAME=VALUE."""
    import msgspec

    options = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise ValueError("--option needs the form NAME=VALUE")
        try:
            options[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            options[name] = value
    return options
