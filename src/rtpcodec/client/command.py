"""Commands as values: what may be asked for, checked before anything is sent (spec 2.2, 2.4 and 2.11)."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict, Unpack, get_args
from urllib.parse import quote

import msgspec

from rtpcodec.client import checks
from rtpcodec.client.checks import Check, Findings

KnownTrack = Literal["inbound_track", "outbound_track", "both_tracks"]
KnownSendCodec = Literal["PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16"]
KnownReceiveCodec = Literal[KnownSendCodec, "default"]
KnownMode = Literal["mp3", "rtp"]
KnownLegs = Literal["both", "self", "opposite"]


class CustomParameter(TypedDict):
    """One pair for the `start` message, as the wire and the official SDK spell it."""

    name: str
    value: str


class DialogflowConfig(TypedDict, total=False):
    """The switches of a Dialogflow stream."""

    analyze_sentiment: bool
    partial_automated_agent_reply: bool


class StartFields(TypedDict, total=False):
    """What `streaming_start` takes; a field that is None or left out is not sent, and the carrier's default holds."""

    stream_url: str | None
    """The `ws` or `wss` URL that the carrier connects to; at most 2000 characters."""
    stream_track: KnownTrack | str | None
    """Which tracks the carrier sends; its default is `inbound_track`."""
    stream_codec: KnownReceiveCodec | str | None
    """The codec that we would like to receive; `default`, the default, is the call's own."""
    stream_bidirectional_mode: KnownMode | str | None
    """How we send audio back; the carrier's default `mp3` takes whole files, `rtp` takes payloads."""
    stream_bidirectional_codec: KnownSendCodec | str | None
    """The codec of what we send in mode `rtp`; the carrier's default is PCMU."""
    stream_bidirectional_sampling_rate: int | None
    """Its sampling rate in Hz: 8000, 16000, 22050, 24000 or 48000; the default is disputed, so name it for L16."""
    stream_bidirectional_target_legs: KnownLegs | str | None
    """Who hears it: the leg of the command (`self`), its bridged peer (`opposite`, the carrier's default) or `both`."""
    stream_auth_token: str | None
    """A token that the carrier presents on the WebSocket; at most 4000 characters."""
    custom_parameters: Mapping[str, str] | Iterable[CustomParameter] | None
    """Names and values that come back in the `start` message."""
    enable_dialogflow: bool | None
    """Stream to a Dialogflow connection."""
    dialogflow_config: DialogflowConfig | None
    """Its switches."""
    client_state: str | bytes | None
    """Comes back in `start` and in every later webhook: bytes are base64-encoded here, a str must be base64."""
    command_id: str | None
    """The carrier ignores a second command of the same id for the same call; made here if not given."""
    extra_body: Mapping[str, object] | None
    """Further fields of the body, sent unchecked."""


class StopFields(TypedDict, total=False):
    """What `streaming_stop` takes; a field that is None or left out is not sent."""

    stream_id: str | None
    """The stream to stop; without it all streams of the call stop."""
    client_state: str | bytes | None
    """Comes back in every later webhook: bytes are base64-encoded here, a str must be base64."""
    command_id: str | None
    """The carrier ignores a second command of the same id for the same call; made here if not given."""
    extra_body: Mapping[str, object] | None
    """Further fields of the body, sent unchecked."""


_COMMON_CHECKS: Final[Mapping[str, Check]] = {"client_state": checks.client_state, "command_id": checks.text}
_START_CHECKS: Final[Mapping[str, Check]] = {
    "stream_url": checks.websocket_url,
    "stream_track": checks.one_of(*get_args(KnownTrack)),
    "stream_codec": checks.one_of(*get_args(KnownReceiveCodec)),
    "stream_bidirectional_mode": checks.one_of(*get_args(KnownMode)),
    "stream_bidirectional_codec": checks.one_of(*get_args(KnownSendCodec)),
    "stream_bidirectional_sampling_rate": checks.sampling_rate_hz,
    "stream_bidirectional_target_legs": checks.one_of(*get_args(KnownLegs)),
    "stream_auth_token": checks.secret_text,
    "custom_parameters": checks.custom_parameters,
    "enable_dialogflow": checks.boolean,
    "dialogflow_config": checks.dialogflow_config,
    **_COMMON_CHECKS,
}
_STOP_CHECKS: Final[Mapping[str, Check]] = {"stream_id": checks.text, **_COMMON_CHECKS}


@dataclass(frozen=True, slots=True)
class Command:
    """One checked command: `path` below the base URL, `body` as it goes on the wire."""

    name: str
    path: str
    command_id: str
    body: Mapping[str, object] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """The values that no message may show."""


def start_streaming(call_control_id: str, *, strict: bool = False, **fields: Unpack[StartFields]) -> Command:
    """Ask the carrier to connect to `stream_url` and to stream this call.

    What is merely doubtful is a CommandWarning, with `strict` an error. InvalidCommand lists everything wrong.
    """
    findings = Findings("streaming_start")
    body = _body(findings, "start_streaming", fields, _START_CHECKS)
    _doubt_combinations(findings, body)
    return _action(findings, call_control_id, body, strict=strict)


def stop_streaming(call_control_id: str, *, strict: bool = False, **fields: Unpack[StopFields]) -> Command:
    """Ask the carrier to stop one stream of this call, or all of them. InvalidCommand lists everything wrong."""
    findings = Findings("streaming_stop")
    body = _body(findings, "stop_streaming", fields, _STOP_CHECKS)
    return _action(findings, call_control_id, body, strict=strict)


def _body(
    findings: Findings, function: str, fields: Mapping[str, object], field_checks: Mapping[str, Check]
) -> dict[str, object]:
    """The body in the order of the specification, with a command_id."""
    for name in fields:
        if name not in field_checks and name != "extra_body":
            near = difflib.get_close_matches(name, field_checks, 1)
            hint = f"; {near[0]!r} is one" if near else "; extra_body carries fields that are not known here"
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")
    body = {}
    for name, check in field_checks.items():
        if (value := fields.get(name)) is not None:
            body[name] = check(value, name, findings)
    # One id for the whole command: a timed-out attempt may have worked, so a repeat must carry the same (spec 2.8).
    body.setdefault("command_id", str(uuid.uuid4()))
    if (extra := fields.get("extra_body")) is not None:
        body.update(_extra(findings, extra, field_checks))
    return body


def _extra(findings: Findings, extra: object, field_checks: Mapping[str, Check]) -> Mapping[str, object]:
    if not isinstance(extra, Mapping):
        findings.wrong("extra_body", f"is {type(extra).__name__}, must be a mapping")
        return {}
    for name in extra:
        if not isinstance(name, str):
            findings.wrong("extra_body", f"has a key of type {type(name).__name__}, must be str")
        elif name in field_checks:
            findings.wrong("extra_body", f"has {name}, which is a parameter of its own")
    try:
        msgspec.json.encode(extra)
    except (TypeError, ValueError, RecursionError) as error:
        findings.wrong("extra_body", f"cannot be written as JSON ({type(error).__name__})")
    return extra


def _doubt_combinations(findings: Findings, body: Mapping[str, object]) -> None:
    """Note fields that are right each, but do not do together what they seem to ask for."""
    mode = body.get("stream_bidirectional_mode", "mp3")
    codec = body.get("stream_bidirectional_codec")
    rate_hz = body.get("stream_bidirectional_sampling_rate")
    legs = body.get("stream_bidirectional_target_legs")
    if "stream_url" not in body and body.get("enable_dialogflow") is not True:
        findings.doubt("stream_url", "is missing, so the carrier has nowhere to connect to")
    if mode == "mp3":
        for name in ("stream_bidirectional_codec", "stream_bidirectional_sampling_rate"):
            if name in body:
                findings.doubt(name, "is ignored by the carrier unless stream_bidirectional_mode is 'rtp'")
    if mode == "rtp":
        codec = codec or "PCMU"
    usual_hz = checks.USUAL_RATES_HZ.get(codec, ()) if isinstance(codec, str) else ()
    if usual_hz and rate_hz in checks.SAMPLING_RATES_HZ and rate_hz not in usual_hz:
        usual = " or ".join(map(str, usual_hz))
        findings.doubt("stream_bidirectional_sampling_rate", f"is {rate_hz}, usual for {codec} is {usual}")
    if mode == "rtp" and codec == "L16" and rate_hz is None:
        # Sources disagree about the default (spec U11), and L16 read at a wrong rate plays at a wrong speed.
        findings.doubt("stream_bidirectional_sampling_rate", "is missing, and its default for L16 is disputed")
    if legs == "opposite" or (mode == "rtp" and legs is None):
        given = "is 'opposite'" if legs else "is missing and the carrier's default is 'opposite'"
        findings.doubt("stream_bidirectional_target_legs", f"{given}: a call of one leg hears nothing of it")


def _action(findings: Findings, call_control_id: str, body: dict[str, object], *, strict: bool) -> Command:
    """The command on one call, or InvalidCommand."""
    checks.path_segment(call_control_id, "call_control_id", findings)
    findings.settle(strict=strict)
    return Command(
        name=findings.subject,
        # The colon of "v3:..." is legal in a path segment and stays readable (RFC 3986 section 3.3).
        path=f"/calls/{quote(call_control_id, safe=':')}/actions/{findings.subject}",
        command_id=str(body["command_id"]),
        body=body,
        secrets=tuple(findings.secrets),
    )
