"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Codec = Annotated[str, typer.Option(help="Codec of the audio that we send.")]
Rate = Annotated[int, typer.Option(help="Rate of that codec in Hz, as the command names it. 0: the usual one.")]
Mode = Annotated[str, typer.Option(help="How we send audio: `rtp` (payloads of the codec) or `mp3` (whole files).")]
AmrWbPacking = Annotated[str, typer.Option(help="`bandwidth-efficient`, `octet-aligned`, or `auto`: as received.")]
SendOption = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="Option of the encoder, such as bitrate=24000; repeatable."),
]

LeadMs = Annotated[float, typer.Option(min=0, help="Audio in ms that waits at the carrier during a reply.")]
IdleLeadMs = Annotated[float, typer.Option(min=0, help="Audio in ms that waits at the carrier between replies.")]
ChunkMs = Annotated[float, typer.Option("--send-chunk-ms", help="Audio per message in ms: 20 to 200, in steps of 20.")]
PrebufferMs = Annotated[float, typer.Option(min=0, help="Audio in ms that must be queued before a reply begins.")]
KeepAlive = Annotated[
    str | None, typer.Option(help="What to send between replies: `silence` or `comfort_noise`. Default: nothing.")
]
WhenFull = Annotated[str, typer.Option(help="When the queue is full: `wait`, or `drop_oldest`.")]


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
