"""The commands `rtpcodec start` and `rtpcodec stop`: the carrier's HTTP interface from a shell."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from rtpcodec.cli.options import Codec, Mode, Rate
from rtpcodec.client import CallControl, CommandResult
from rtpcodec.stream.plan import StreamPlan

ApiKey = Annotated[
    str | None, typer.Option(envvar="TELNYX_API_KEY", help="Key of the carrier's account; asked for if not given.")
]
BaseUrl = Annotated[
    str | None, typer.Option(envvar="TELNYX_BASE_URL", help="Another address of the carrier, such as a simulator's.")
]
CallId = Annotated[str, typer.Argument(metavar="CALL_CONTROL_ID", help="The live call: `v3:` and so on.")]
CommandId = Annotated[str | None, typer.Option(help="A repeat with the same id has no effect. Made up by default.")]
State = Annotated[str | None, typer.Option(help="Comes back in later webhooks. Plain text, encoded here.")]


def start(
    call_control_id: CallId,
    stream_url: Annotated[str, typer.Argument(metavar="URL", help="Where the carrier connects to: `wss://...`")],
    api_key: ApiKey = None,
    base_url: BaseUrl = None,
    codec: Codec = "PCMU",
    rate: Rate = 0,
    receive_codec: Annotated[
        str, typer.Option(help="Codec that we would like to get. default: the call's.")
    ] = "default",
    mode: Mode = "rtp",
    tracks: Annotated[str, typer.Option(help="`inbound_track`, `outbound_track` or `both_tracks`.")] = "inbound_track",
    legs: Annotated[str, typer.Option(help="Who hears us: `self`, `opposite` or `both`.")] = "self",
    token: Annotated[
        str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token that the carrier presents at the URL.")
    ] = None,
    parameter: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="For `start`; repeatable.")] = None,
    client_state: State = None,
    command_id: CommandId = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")] = False,
) -> None:
    """Have the carrier stream a live call to a WebSocket address."""
    plan = StreamPlan(
        send_codec=codec,
        send_rate_hz=rate,
        receive_codec=receive_codec,
        mode=mode,  # type: ignore[arg-type]  # the plan checks the value and names those that there are
        tracks=tracks,  # type: ignore[arg-type]
        target_legs=legs,  # type: ignore[arg-type]
    )
    with CallControl(_asked_for(api_key), base_url=base_url) as control:
        _say(
            "stream asked for",
            control.start_streaming(
                call_control_id,
                strict=strict,
                stream_url=stream_url,
                stream_auth_token=token,
                custom_parameters=dict(_pair(text) for text in parameter) if parameter else None,
                client_state=None if client_state is None else client_state.encode(),
                command_id=command_id,
                **plan.command_fields(),
            ),
        )


def stop(
    call_control_id: CallId,
    api_key: ApiKey = None,
    base_url: BaseUrl = None,
    stream_id: Annotated[str | None, typer.Option(help="The stream to stop; by default all of the call.")] = None,
    client_state: State = None,
    command_id: CommandId = None,
) -> None:
    """Have the carrier stop streaming a call."""
    with CallControl(_asked_for(api_key), base_url=base_url) as control:
        _say(
            "stop asked for",
            control.stop_streaming(
                call_control_id,
                stream_id=stream_id,
                client_state=None if client_state is None else client_state.encode(),
                command_id=command_id,
            ),
        )


def _asked_for(api_key: str | None) -> str | None:
    """The key, typed where somebody can type."""
    if api_key is None and sys.stdin.isatty():
        return str(typer.prompt("API key", hide_input=True))
    return api_key


def _say(what: str, result: CommandResult) -> None:
    print(f"{what}: {result.result} (command_id {result.command_id})")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError("--parameter needs the form NAME=VALUE")
    return name, value
