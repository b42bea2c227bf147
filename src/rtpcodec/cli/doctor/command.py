"""The command `rtpcodec doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtpcodec.carriers.telnyx import commands
from rtpcodec.cli.control_options import AsJson, BaseUrl, Legs, ReceiveCodec, Tracks
from rtpcodec.cli.options import Codec, Mode, Rate

StreamUrl = Annotated[str | None, typer.Option("--url", metavar="URL", help="Public URL that the carrier connects to.")]
WebhookUrl = Annotated[str | None, typer.Option(metavar="URL", help="Public URL that webhooks are posted to.")]
Token = Annotated[str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token of the running endpoint.")]
WebhookPort = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port of your app for webhooks, behind --webhook-url.")
]
PemFile = Annotated[Path | None, typer.Option(help="PEM file, if the endpoint serves wss itself.", dir_okay=False)]
Number = Annotated[
    str | None, typer.Option("--call", metavar="NUMBER", help="Call this number and measure how the carrier behaves.")
]
CallsFrom = Annotated[str | None, typer.Option("--from", help="For --call: the number that the callee sees.")]
ConnectionId = Annotated[str | None, typer.Option(help="For --call: id of the call-control application.")]
Yes = Annotated[bool, typer.Option("--yes", help="For --call: dial without asking.")]
Simulate = Annotated[bool, typer.Option("--simulate", help="For --call: dial the simulator's phone, not NUMBER.")]
LegType = Annotated[str | None, typer.Option(help="For --call: kind of the leg, for the file: `mobile`.")]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="For --call: JSON file for the readings.", dir_okay=False)
]


def doctor(
    url: StreamUrl = None,
    webhook_url: WebhookUrl = None,
    host: Annotated[str, typer.Option(help="Address on which your endpoint listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of your endpoint.")] = 8080,
    webhook_port: WebhookPort = None,
    token: Token = None,
    base_url: BaseUrl = None,
    codec: Codec = "PCMU",
    rate: Rate = 0,
    receive_codec: ReceiveCodec = "default",
    mode: Mode = "rtp",
    tracks: Tracks = commands.INBOUND_TRACK,
    legs: Legs = "self",
    certificate: PemFile = None,
    key: PemFile = None,
    limit_s: Annotated[float, typer.Option(min=0.1, help="Limit of each step of a check, in seconds.")] = 10.0,
    call: Number = None,
    from_: CallsFrom = None,
    connection_id: ConnectionId = None,
    yes: Yes = False,
    simulate: Simulate = False,
    leg_type: LegType = None,
    output: Output = Path("doctor-call.json"),
    as_json: AsJson = False,
) -> None:
    """Find what prevents calls, or measure the carrier by one call.

    Checks key, URLs, DNS, TLS, token, webhooks, plan, codecs and ports. Each row of the table has what was seen, and
    what to do. The key is that of TELNYX_API_KEY. While --port is free, the doctor listens there and opens --url to see
    whether the URL leads to this machine. Exit code 1: a check failed.

    With --call it then makes one call of a minute, which plays tones, and writes what the call shows of the carrier to
    a JSON file. Exit code 1: a check failed, or the call was not made or not answered.
    """
    from rtpcodec.cli.control_options import quiet_plan
    from rtpcodec.cli.doctor import show

    wanted = show.CallOptions(call, from_, connection_id, yes, simulate, leg_type, output)
    wanted.require_consent()
    plan = quiet_plan(codec, rate, receive_codec, mode, tracks, legs)
    place = show.Place(url, webhook_url, host, port, webhook_port, base_url)
    code = show.examine_or_call(
        show.settings_of(place, plan, token, (certificate, key), limit_s), wanted, as_json=as_json
    )
    if code:
        raise typer.Exit(code)
