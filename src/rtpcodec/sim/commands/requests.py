"""Commands as values: what each of them asks for, and what is refused. No I/O.

Details never show tokens, keys, numbers, `client_state` or custom parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rtpcodec.sim.commands.members import checked, problem_at
from rtpcodec.sim.commands.refusals import Problem, Refused

RING_TIMEOUT_S: Final = 30
"""How long a phone rings unless the dial command says otherwise."""

_WISHES: Final = {
    "stream_url": "stream_url",
    "stream_track": "tracks",
    "stream_codec": "codec",
    "stream_bidirectional_mode": "mode",
    "stream_bidirectional_codec": "return_codec",
    "stream_bidirectional_sampling_rate": "return_rate_hz",
    "stream_bidirectional_target_legs": "target_legs",
    "stream_auth_token": "auth_token",
    "client_state": "client_state",
}
_COMMON: Final = ("client_state", "command_id")
# Which command takes which field: media streaming, section 2.3. Others are ignored, as by the carrier's own types: an
# answer has neither a rate nor a token for its stream.
_STREAM: Final = (
    "stream_url",
    "stream_track",
    "stream_codec",
    "stream_bidirectional_mode",
    "stream_bidirectional_codec",
    "stream_bidirectional_target_legs",
)
_STREAM_MORE: Final = (
    "stream_bidirectional_sampling_rate",
    "stream_auth_token",
    "enable_dialogflow",
    "dialogflow_config",
)
_START: Final = (*_STREAM, *_STREAM_MORE, "custom_parameters", *_COMMON)
_STOP: Final = ("stream_id", *_COMMON)
_ANSWER: Final = (*_STREAM, "send_silence_when_idle", "preferred_codecs", *_COMMON)
_DIAL: Final = (
    *("to", "from", "connection_id", "timeout_secs"),
    *(*_STREAM, *_STREAM_MORE, "stream_establish_before_call_originate"),
    *("send_silence_when_idle", "preferred_codecs"),
    *_COMMON,
)
_DIAL_NEEDS: Final = ("to", "from", "connection_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRequest:
    """What an accepted command asks of a stream, with the carrier's own defaults (media streaming, section 2.2)."""

    stream_url: str = field(repr=False)
    """Its path may be all that guards it."""
    tracks: str = "inbound_track"
    codec: str = "default"
    mode: str = "mp3"
    return_codec: str = "PCMU"
    return_rate_hz: int = 8000
    target_legs: str = "opposite"
    auth_token: str | None = field(default=None, repr=False)
    client_state: str | None = field(default=None, repr=False)
    custom_parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    dialogflow: bool = False
    """It goes to the Dialogflow connection instead of the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest:
    """What an accepted `answer` asks for."""

    stream: StreamRequest | None = None
    """Begins when the call is answered."""
    preferred_codecs: tuple[str, ...] = ()
    """Of the call, the best one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRequest:
    """What an accepted dial command asks for."""

    to_number: str = field(repr=False)
    from_number: str = field(repr=False)
    connection_id: str
    stream: StreamRequest | None = None
    stream_first: bool = False
    """The WebSocket is opened before the phone rings, instead of when it is answered."""
    preferred_codecs: tuple[str, ...] = ()
    client_state: str | None = field(default=None, repr=False)
    timeout_s: int = RING_TIMEOUT_S


def read_start(body: Mapping[str, Any], dialogflow_url: str | None = None) -> StreamRequest:
    """The wishes of a `streaming_start`. Refused lists everything that is wrong with its members.

    dialogflow_url: where streams for Dialogflow go; None: they are refused (100001).
    """
    members, problems = checked(body, _START)
    _use_dialogflow(members, problems, dialogflow_url)
    if members.get("enable_dialogflow") is not True:
        _require(body, members, problems, "stream_url")
    _settle(problems)
    return _stream(members)


def read_stop(body: Mapping[str, Any]) -> str | None:
    """The stream that a `streaming_stop` names, if any. Refused as for read_start."""
    members, problems = checked(body, _STOP)
    _settle(problems)
    return members.get("stream_id")


def read_answer(body: Mapping[str, Any]) -> AnswerRequest:
    """The wishes of an `answer`. Refused as for read_start."""
    members, problems = checked(body, _ANSWER)
    _settle(problems)
    return AnswerRequest(
        stream=_stream(members) if "stream_url" in members else None, preferred_codecs=_listed(members)
    )


def read_dial(body: Mapping[str, Any], dialogflow_url: str | None = None) -> DialRequest:
    """The wishes of a dial command. Refused as for read_start."""
    members, problems = checked(body, _DIAL)
    _use_dialogflow(members, problems, dialogflow_url)
    for name in _DIAL_NEEDS:
        _require(body, members, problems, name)
    _settle(problems)
    return DialRequest(
        to_number=members["to"],
        from_number=members["from"],
        connection_id=members["connection_id"],
        stream=_stream(members) if "stream_url" in members else None,
        stream_first=members.get("stream_establish_before_call_originate", False),
        preferred_codecs=_listed(members),
        client_state=members.get("client_state"),
        timeout_s=members.get("timeout_secs", RING_TIMEOUT_S),
    )


def read_bridge(body: Mapping[str, Any]) -> str:
    """The other call that a `bridge` names. Refused as for read_start."""
    members, problems = checked(body, ("call_control_id", *_COMMON))
    _require(body, members, problems, "call_control_id")
    _settle(problems)
    return str(members["call_control_id"])


def read_other(body: Mapping[str, Any]) -> None:
    """Check what every command may have. Refused as for read_start."""
    _settle(checked(body, _COMMON)[1])


def _stream(members: Mapping[str, Any]) -> StreamRequest:
    wishes = {ours: members[theirs] for theirs, ours in _WISHES.items() if theirs in members}
    pairs = members.get("custom_parameters", ())
    return StreamRequest(
        **wishes,
        custom_parameters={pair["name"]: pair["value"] for pair in pairs},
        dialogflow=members.get("enable_dialogflow", False),
    )


def _listed(members: Mapping[str, Any]) -> tuple[str, ...]:
    names = (name.strip() for name in members.get("preferred_codecs", "").split(","))
    return tuple(name for name in names if name)


def _use_dialogflow(members: dict[str, Any], problems: list[Problem], dialogflow_url: str | None) -> None:
    if members.get("enable_dialogflow") is not True:
        return
    if dialogflow_url is None:
        problems.append(problem_at("100001", "enable_dialogflow", "is true, but this carrier has no Dialogflow"))
    else:
        members["stream_url"] = dialogflow_url


def _require(body: Mapping[str, Any], members: Mapping[str, Any], problems: list[Problem], name: str) -> None:
    # A member of a wrong type is named already.
    if name not in members and body.get(name) is None:
        problems.append(problem_at("10004", name, "is missing"))


def _settle(problems: list[Problem]) -> None:
    if problems:
        raise Refused(*problems)
