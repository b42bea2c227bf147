"""Options that the carrier's commands share, and the fields made from them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtpcodec.carriers.telnyx import commands, members

if TYPE_CHECKING:
    from rtpcodec.client import Command
    from rtpcodec.stream.plan import StreamPlan

BaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar=commands.BASE_URL_VARIABLE, help="Address of the carrier's HTTP API, such as that of a simulator."
    ),
]
CallId = Annotated[str, typer.Argument(metavar="CALL_CONTROL_ID", help="Id of the call, such as `v3:...`.")]
CommandId = Annotated[str | None, typer.Option(help="Id of the command: a repeat has no effect. Default: random.")]
State = Annotated[str | None, typer.Option(help="Text that later webhooks return; it is sent as base64.")]
Extra = Annotated[str | None, typer.Option(metavar="JSON", help="JSON object with further fields, sent unchecked.")]
Strict = Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the request without sending it; secrets are hidden.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Headers = Annotated[list[str] | None, typer.Option("--header", metavar="NAME=VALUE", help="SIP header; repeatable.")]
ReceiveCodec = Annotated[str, typer.Option(help="Codec that we would like to receive. `default`: the call's own.")]
Tracks = Annotated[str, typer.Option(help="`inbound_track`, `outbound_track` or `both_tracks`.")]
Legs = Annotated[str, typer.Option(help="The legs that hear us: `self`, `opposite` or `both`.")]
Token = Annotated[
    str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token that the carrier sends when it opens the URL.")
]
StreamUrl = Annotated[str | None, typer.Option(metavar="URL", help="Stream the call to this WebSocket address.")]
PreferredCodecs = Annotated[str | None, typer.Option(help="Codecs for the call, the best first: `G722,PCMU`.")]
EstablishFirst = Annotated[bool | None, typer.Option(help="Connect to the URL before the phone rings.")]
Seconds = Annotated[int | None, typer.Option(min=0, help="Limit in seconds.")]
Silence = Annotated[bool | None, typer.Option(help="Have the carrier send silence while nothing is played.")]
Dialogflow = Annotated[bool | None, typer.Option(help="Stream to a Dialogflow connection.")]
Sentiment = Annotated[bool | None, typer.Option(help="Dialogflow's analyze_sentiment.")]
PartialReply = Annotated[bool | None, typer.Option(help="Dialogflow's partial_automated_agent_reply.")]
WebhookUrl = Annotated[str | None, typer.Option(metavar="URL", help="URL for the webhooks of this call.")]


def plan_fields(codec: str, rate: int, receive_codec: str, mode: str, tracks: str, legs: str) -> dict[str, Any]:
    """Return the fields of a stream. PlanError: values that contradict each other."""
    return dict(_plan(codec, rate, receive_codec, mode, tracks, legs).command_fields())


def quiet_plan(codec: str, rate: int, receive_codec: str, mode: str, tracks: str, legs: str) -> StreamPlan:
    """Return the plan of a stream without its warnings: the doctor reports them as findings. PlanError as above."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _plan(codec, rate, receive_codec, mode, tracks, legs)


def _plan(codec: str, rate: int, receive_codec: str, mode: str, tracks: str, legs: str) -> StreamPlan:
    from rtpcodec.stream.plan import StreamPlan

    return StreamPlan(
        send_codec=codec,
        send_rate_hz=rate,
        receive_codec=receive_codec,
        mode=mode,  # type: ignore[arg-type]  # the plan checks the value and lists the known ones
        tracks=tracks,  # type: ignore[arg-type]
        target_legs=legs,  # type: ignore[arg-type]
    )


def call_fields(header: list[str] | None, preferred_codecs: str | None, silence: bool | None) -> dict[str, Any]:
    """Return the fields that `dial` and `answer` share, the stream aside."""
    return {
        "preferred_codecs": preferred_codecs,
        "send_silence_when_idle": silence,
        "custom_headers": pairs("--header", header),
    }


def dialogflow_fields(enable: bool | None, sentiment: bool | None, partial_reply: bool | None) -> dict[str, Any]:
    """Return the fields of a Dialogflow stream; None for those that are not given."""
    switches = {"analyze_sentiment": sentiment, "partial_automated_agent_reply": partial_reply}
    given = {name: value for name, value in switches.items() if value is not None}
    return {"enable_dialogflow": enable, "dialogflow_config": given or None}


def common_fields(client_state: str | None, command_id: str | None, extra: str | None, strict: bool) -> dict[str, Any]:
    """Return the fields of every command. ValueError: `extra` is not JSON."""
    import json

    try:
        extra_body = None if extra is None else json.loads(extra)
    except ValueError as error:
        raise ValueError(f"--extra-body is not JSON: {error}") from None
    return {
        members.CLIENT_STATE: None if client_state is None else client_state.encode(),
        commands.COMMAND_ID: command_id,
        "extra_body": extra_body,
        "strict": strict,
    }


def pairs(option: str, texts: list[str] | None) -> dict[str, str] | None:
    """Split texts into names and values. ValueError: a text without an equals sign; it is not shown."""
    if not texts:
        return None
    split = [text.partition("=") for text in texts]
    if not all(name and equals for name, equals, _ in split):
        raise ValueError(f"{option} needs the form NAME=VALUE")
    return {name: value for name, _, value in split}


def carry_out(said: str, command: Command[Any], base_url: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Send a command, or with `dry_run` show it, and print the result."""
    from rtpcodec.cli.control_output import send, show

    if dry_run:
        show(command, base_url, as_json=as_json)
    else:
        send(said, command, _api_key(), base_url, as_json=as_json)


def _api_key() -> str | None:
    """Ask for the key if TELNYX_API_KEY is not set. There is no option for it: other users can see a command line."""
    if not os.environ.get(commands.API_KEY_VARIABLE) and sys.stdin.isatty():
        return str(typer.prompt("API key", hide_input=True))
    return None
