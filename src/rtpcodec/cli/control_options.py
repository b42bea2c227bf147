"""Options that the carrier's commands share, and what is made of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from rtpcodec.client import Access, CallControl, Command, CommandResult, DialedCall
from rtpcodec.stream.plan import StreamPlan

BaseUrl = Annotated[
    str | None, typer.Option(envvar="TELNYX_BASE_URL", help="Another address of the carrier, such as a simulator's.")
]
CallId = Annotated[str, typer.Argument(metavar="CALL_CONTROL_ID", help="The call: `v3:` and so on.")]
CommandId = Annotated[str | None, typer.Option(help="A repeat with the same id has no effect. Made up by default.")]
State = Annotated[str | None, typer.Option(help="Comes back in later webhooks. Plain text, encoded here.")]
Extra = Annotated[str | None, typer.Option(metavar="JSON", help="An object of further fields, sent unchecked.")]
Strict = Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the request without sending it; secrets are hidden.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Headers = Annotated[list[str] | None, typer.Option("--header", metavar="NAME=VALUE", help="SIP header; repeatable.")]
ReceiveCodec = Annotated[str, typer.Option(help="Codec that we would like to get. default: the call's.")]
Tracks = Annotated[str, typer.Option(help="`inbound_track`, `outbound_track` or `both_tracks`.")]
Legs = Annotated[str, typer.Option(help="Who hears us: `self`, `opposite` or `both`.")]
Token = Annotated[
    str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token that the carrier presents at the URL.")
]
StreamUrl = Annotated[str | None, typer.Option(metavar="URL", help="Stream the call to this WebSocket address.")]
PreferredCodecs = Annotated[str | None, typer.Option(help="Codecs of the call, in order: `G722,PCMU`.")]
EstablishFirst = Annotated[bool | None, typer.Option(help="Connect to the URL before the phone rings.")]
Seconds = Annotated[int | None, typer.Option(min=0, help="Limit in seconds.")]
Silence = Annotated[bool | None, typer.Option(help="Have the carrier send silence when idle.")]
Dialogflow = Annotated[bool | None, typer.Option(help="Stream to a Dialogflow connection.")]
Sentiment = Annotated[bool | None, typer.Option(help="Dialogflow's analyze_sentiment.")]
PartialReply = Annotated[bool | None, typer.Option(help="Dialogflow's partial_automated_agent_reply.")]
WebhookUrl = Annotated[str | None, typer.Option(metavar="URL", help="Where this call's webhooks go.")]


def plan_fields(codec: str, rate: int, receive_codec: str, mode: str, tracks: str, legs: str) -> dict[str, Any]:
    """The fields of a stream. PlanError: values that do not go together."""
    plan = StreamPlan(
        send_codec=codec,
        send_rate_hz=rate,
        receive_codec=receive_codec,
        mode=mode,  # type: ignore[arg-type]  # the plan checks the value and names those that there are
        tracks=tracks,  # type: ignore[arg-type]
        target_legs=legs,  # type: ignore[arg-type]
    )
    return dict(plan.command_fields())


def call_fields(header: list[str] | None, preferred_codecs: str | None, silence: bool | None) -> dict[str, Any]:
    """The fields that `dial` and `answer` share, the stream aside."""
    return {
        "preferred_codecs": preferred_codecs,
        "send_silence_when_idle": silence,
        "custom_headers": pairs("--header", header),
    }


def dialogflow_fields(enable: bool | None, sentiment: bool | None, partial_reply: bool | None) -> dict[str, Any]:
    """The fields of a Dialogflow stream; None where nothing is asked for."""
    switches = {"analyze_sentiment": sentiment, "partial_automated_agent_reply": partial_reply}
    given = {name: value for name, value in switches.items() if value is not None}
    return {"enable_dialogflow": enable, "dialogflow_config": given or None}


def common_fields(client_state: str | None, command_id: str | None, extra: str | None, strict: bool) -> dict[str, Any]:
    """The fields of every command. ValueError: `extra` is not a JSON object."""
    try:
        extra_body = None if extra is None else json.loads(extra)
    except ValueError as error:
        raise ValueError(f"--extra-body is not JSON: {error}") from None
    return {
        "client_state": None if client_state is None else client_state.encode(),
        "command_id": command_id,
        "extra_body": extra_body,
        "strict": strict,
    }


def pairs(option: str, texts: list[str] | None) -> dict[str, str] | None:
    """Names and values. ValueError: a text without an equals sign; it is not shown."""
    if not texts:
        return None
    split = [text.partition("=") for text in texts]
    if not all(name and equals for name, equals, _ in split):
        raise ValueError(f"{option} needs the form NAME=VALUE")
    return {name: value for name, _, value in split}


def carry_out(said: str, order: Command[Any], base_url: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Send a command, or with `dry_run` show it, and print what came of it."""
    if dry_run:
        _show(order, base_url, as_json=as_json)
        return
    with CallControl(_api_key(), base_url=base_url) as control:
        outcome: CommandResult | DialedCall = control.send(order)
    if as_json:
        print(json.dumps({"command": order.name, "command_id": outcome.command_id, **_told(outcome)}))
    else:
        words = ", ".join(str(value) for value in _told(outcome).values() if value is not None)
        print(f"{said}: {words} (command_id {outcome.command_id})")


def _told(outcome: CommandResult | DialedCall) -> dict[str, str | None]:
    if isinstance(outcome, CommandResult):
        return {"result": outcome.result}
    names = ("call_control_id", "call_leg_id", "call_session_id")
    return {name: getattr(outcome, name) for name in names}


def _show(order: Command[Any], base_url: str | None, *, as_json: bool) -> None:
    """The request as it would go out, without key and secrets; none is needed for it."""
    request = Access.of("none", base_url).request(order)
    headers = {**request.headers, "Authorization": "Bearer ***"}
    body = _masked(order.body, frozenset(order.secrets))
    if as_json:
        print(json.dumps({"method": request.method, "url": request.url, "headers": headers, "body": body}))
        return
    print(f"{request.method} {request.url}")
    for name, value in headers.items():
        print(f"{name}: {value}")
    print()
    print(json.dumps(body, indent=2, ensure_ascii=False))


def _masked(value: object, secrets: frozenset[str]) -> object:
    """A JSON value with every secret text struck out; of an address its host stays."""
    if isinstance(value, str) and value in secrets:
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.hostname}/***" if parts.scheme in ("ws", "wss") else "***"
    if isinstance(value, Mapping):
        return {name: _masked(member, secrets) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(member, secrets) for member in value]
    return value


def _api_key() -> str | None:
    """None, for TELNYX_API_KEY, or the key typed where somebody can type; everybody can see a command line."""
    if not os.environ.get("TELNYX_API_KEY") and sys.stdin.isatty():
        return str(typer.prompt("API key", hide_input=True))
    return None
