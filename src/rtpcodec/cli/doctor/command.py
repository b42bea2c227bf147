"""The command `rtpcodec doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtpcodec.cli.control_options import AsJson, BaseUrl, Legs, ReceiveCodec, Tracks
from rtpcodec.cli.options import Codec, Mode, Rate

StreamUrl = Annotated[str | None, typer.Option("--url", metavar="URL", help="The public URL that the carrier dials.")]
WebhookUrl = Annotated[str | None, typer.Option(metavar="URL", help="The public URL that webhooks are posted to.")]
Token = Annotated[str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token of the running endpoint.")]
WebhookPort = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port on which your app takes webhooks, behind --webhook-url.")
]
PemFile = Annotated[Path | None, typer.Option(help="PEM file, if the endpoint serves wss itself.", dir_okay=False)]


def doctor(
    url: StreamUrl = None,
    webhook_url: WebhookUrl = None,
    host: Annotated[str, typer.Option(help="Address on which your endpoint listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Its port.")] = 8080,
    webhook_port: WebhookPort = None,
    token: Token = None,
    base_url: BaseUrl = None,
    codec: Codec = "PCMU",
    rate: Rate = 0,
    receive_codec: ReceiveCodec = "default",
    mode: Mode = "rtp",
    tracks: Tracks = "inbound_track",
    legs: Legs = "self",
    certificate: PemFile = None,
    key: PemFile = None,
    limit_s: Annotated[float, typer.Option(min=0.1, help="Limit on each step of a check.")] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Look for what prevents calls: key, URLs, DNS, TLS, token, webhooks, codecs and ports.

    Prints each check with what was seen and what to do. The key is that of TELNYX_API_KEY. While --port is free, the
    doctor listens there and opens --url, so that it sees whether the URL leads to this machine. Exit code 1: a check
    failed.
    """
    from rtpcodec.cli.control_options import quiet_plan
    from rtpcodec.cli.doctor.show import examined
    from rtpcodec.doctor.settings import DoctorSettings

    settings = DoctorSettings(
        base_url=base_url,
        stream_url=url,
        webhook_url=webhook_url,
        host=host,
        port=port,
        webhook_port=webhook_port,
        token=token,
        plan=quiet_plan(codec, rate, receive_codec, mode, tracks, legs),
        certificate=certificate,
        key_file=key,
        limit_s=limit_s,
    )
    code = examined(settings, as_json=as_json)
    if code:
        raise typer.Exit(code)
