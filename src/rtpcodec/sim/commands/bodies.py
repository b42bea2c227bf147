"""Bodies of commands as values, and refusals of wrong bodies. No I/O.

Details never show tokens, keys, numbers, `client_state` or custom parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rtpcodec.carriers.telnyx import commands, errors, members
from rtpcodec.sim.commands.error_answers import Problem, Refused
from rtpcodec.sim.commands.members import checked, problem_at

RING_TIMEOUT_S: Final = 30
"""How long a phone rings unless the dial command says otherwise."""

_ATTRIBUTES: Final = {
    members.STREAM_URL: members.STREAM_URL,
    members.STREAM_TRACK: "tracks",
    commands.STREAM_CODEC: "codec",
    commands.STREAM_BIDIRECTIONAL_MODE: "mode",
    commands.STREAM_BIDIRECTIONAL_CODEC: "return_codec",
    commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE: "return_rate_hz",
    commands.STREAM_BIDIRECTIONAL_TARGET_LEGS: "target_legs",
    commands.STREAM_AUTH_TOKEN: "auth_token",
    members.CLIENT_STATE: members.CLIENT_STATE,
}
"""Members of commands, and the attributes of StreamSettings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """The settings of a command for its stream, with the carrier's own defaults (docs/carrier.md, rule C4)."""

    stream_url: str = field(repr=False)
    """Not shown: its path may be its only protection."""
    tracks: str = commands.DEFAULT_TRACK
    codec: str = commands.OWN_CODEC
    mode: str = commands.DEFAULT_MODE
    return_codec: str = commands.DEFAULT_SEND_CODEC
    return_rate_hz: int = commands.DEFAULT_SAMPLING_RATE_HZ
    target_legs: str = commands.DEFAULT_TARGET_LEGS
    auth_token: str | None = field(default=None, repr=False)
    client_state: str | None = field(default=None, repr=False)
    custom_parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    two_way: bool = True
    """False: the app sends nothing, as in a one-way stream of Twilio."""
    dialogflow: bool = False
    """Whether it goes to the Dialogflow connection instead of the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCommand:
    """The fields of an accepted `answer`."""

    stream: StreamSettings | None = None
    """The stream that begins when the call is answered."""
    preferred_codecs: tuple[str, ...] = ()
    """Codecs for the call, the best one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialCommand:
    """The fields of an accepted dial command."""

    to_number: str = field(repr=False)
    from_number: str = field(repr=False)
    connection_id: str
    stream: StreamSettings | None = None
    stream_first: bool = False
    """The WebSocket is opened before the phone rings, instead of when it is answered."""
    preferred_codecs: tuple[str, ...] = ()
    client_state: str | None = field(default=None, repr=False)
    timeout_s: int = RING_TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCommand:
    """The fields of an accepted `transfer`."""

    to_number: str = field(repr=False)
    from_number: str | None = field(default=None, repr=False)
    timeout_s: int = RING_TIMEOUT_S
    target_client_state: str | None = field(default=None, repr=False)
    """`client_state` of all events of the new leg."""
    park_after_unbridge: str | None = None
    """`self`: the first leg continues when the new one has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinCommand:
    """The fields of an accepted `join`."""

    call_control_id: str
    hold: bool = False
    ends: bool = False
    """All others are hung up when this call leaves."""
    soft_ends: bool = False
    """The conference ends when this call leaves."""


def read_start(body: Mapping[str, Any], dialogflow_url: str | None = None) -> StreamSettings:
    """Read a `streaming_start`.

    Args:
        dialogflow_url: where streams for Dialogflow go; None: they are refused (100001).

    Raises: Refused, with every error of the members.
    """
    given, problems = checked(body, commands.START_FIELDS)
    _use_dialogflow(given, problems, dialogflow_url)
    if given.get(commands.ENABLE_DIALOGFLOW) is not True:
        _require(body, given, problems, members.STREAM_URL)
    _settle(problems)
    return _stream(given)


def read_stop(body: Mapping[str, Any]) -> str | None:
    """Read the stream that a `streaming_stop` names, if any.

    Raises: Refused, as for read_start.
    """
    given, problems = checked(body, commands.STOP_FIELDS)
    _settle(problems)
    return given.get(members.STREAM_ID)


def read_answer(body: Mapping[str, Any]) -> AnswerCommand:
    """Read an `answer`. Like the documented type, it has neither rate nor token of a stream (docs/carrier.md, rule C5).

    Raises: Refused, as for read_start.
    """
    given, problems = checked(body, commands.ANSWER_FIELDS)
    _settle(problems)
    return AnswerCommand(
        stream=_stream(given) if members.STREAM_URL in given else None, preferred_codecs=_listed(given)
    )


def read_dial(body: Mapping[str, Any], dialogflow_url: str | None = None) -> DialCommand:
    """Read a dial command.

    Raises: Refused, as for read_start.
    """
    given, problems = checked(body, commands.DIAL_FIELDS)
    _use_dialogflow(given, problems, dialogflow_url)
    for name in commands.DIAL_NEEDS:
        _require(body, given, problems, name)
    _settle(problems)
    return DialCommand(
        to_number=given[members.TO],
        from_number=given[members.FROM],
        connection_id=given[members.CONNECTION_ID],
        stream=_stream(given) if members.STREAM_URL in given else None,
        stream_first=given.get(commands.STREAM_ESTABLISH_BEFORE_CALL_ORIGINATE, False),
        preferred_codecs=_listed(given),
        client_state=given.get(members.CLIENT_STATE),
        timeout_s=given.get(commands.TIMEOUT_SECS, RING_TIMEOUT_S),
    )


def read_bridge(body: Mapping[str, Any]) -> str:
    """Read the other call that a `bridge` names.

    Raises: Refused, as for read_start.
    """
    given, problems = checked(body, (members.CALL_CONTROL_ID, *commands.COMMON_FIELDS))
    _require(body, given, problems, members.CALL_CONTROL_ID)
    _settle(problems)
    return str(given[members.CALL_CONTROL_ID])


def read_transfer(body: Mapping[str, Any]) -> TransferCommand:
    """Read a `transfer`.

    Raises: Refused, as for read_start.
    """
    given, problems = checked(body, commands.TRANSFER_FIELDS)
    _require(body, given, problems, members.TO)
    low, high = commands.MIN_TRANSFER_TIMEOUT_S, commands.MAX_TRANSFER_TIMEOUT_S
    timeout_s = given.get(commands.TIMEOUT_SECS, RING_TIMEOUT_S)
    if not low <= timeout_s <= high:
        rule = f"is {timeout_s}, {low} to {high} are allowed"
        problems.append(problem_at(errors.BAD_REQUEST, commands.TIMEOUT_SECS, rule))
    _settle(problems)
    return TransferCommand(
        to_number=given[members.TO],
        from_number=given.get(members.FROM),
        timeout_s=timeout_s,
        target_client_state=given.get(commands.TARGET_LEG_CLIENT_STATE),
        park_after_unbridge=given.get(commands.PARK_AFTER_UNBRIDGE),
    )


def read_conference(body: Mapping[str, Any]) -> tuple[str, str]:
    """Read the call and the name of a conference that is to be created.

    Raises: Refused, as for read_start.
    """
    given = _needed(body, commands.CREATE_CONFERENCE_FIELDS, members.CALL_CONTROL_ID, members.NAME)
    return given[members.CALL_CONTROL_ID], given[members.NAME]


def read_join(body: Mapping[str, Any]) -> JoinCommand:
    """Read a `join`.

    Raises: Refused, as for read_start.
    """
    given = _needed(body, commands.JOIN_FIELDS, members.CALL_CONTROL_ID)
    return JoinCommand(
        call_control_id=given[members.CALL_CONTROL_ID],
        hold=given.get(commands.HOLD, False),
        ends=given.get(commands.END_CONFERENCE_ON_EXIT, False),
        soft_ends=given.get(commands.SOFT_END_CONFERENCE_ON_EXIT, False),
    )


def read_leave(body: Mapping[str, Any]) -> str:
    """Read the call of a `leave`.

    Raises: Refused, as for read_start.
    """
    return str(_needed(body, commands.LEAVE_FIELDS, members.CALL_CONTROL_ID)[members.CALL_CONTROL_ID])


def read_hold(body: Mapping[str, Any], *, required: bool) -> tuple[str, ...]:
    """Read the calls of a `hold` or `unhold`.

    Args:
        required: whether they must be named; else none of them means all.

    Raises:
        Refused: as for read_start.
    """
    needed = (commands.CALL_CONTROL_IDS,) if required else ()
    return tuple(_needed(body, commands.HOLD_FIELDS, *needed).get(commands.CALL_CONTROL_IDS, ()))


def _needed(body: Mapping[str, Any], names: tuple[str, ...], *needed: str) -> dict[str, Any]:
    given, problems = checked(body, names)
    for name in needed:
        _require(body, given, problems, name)
    _settle(problems)
    return given


def read_dtmf(body: Mapping[str, Any]) -> None:
    """Check a `send_dtmf`.

    Raises: Refused, as for read_start.
    """
    given, problems = checked(body, commands.SEND_DTMF_FIELDS)
    _require(body, given, problems, commands.DIGITS)
    _settle(problems)


def read_other(body: Mapping[str, Any]) -> None:
    """Check the members that every command may have.

    Raises: Refused, as for read_start.
    """
    _settle(checked(body, commands.COMMON_FIELDS)[1])


def _stream(given: Mapping[str, Any]) -> StreamSettings:
    fields = {ours: given[theirs] for theirs, ours in _ATTRIBUTES.items() if theirs in given}
    pairs = given.get(members.CUSTOM_PARAMETERS, ())
    return StreamSettings(
        **fields,
        custom_parameters={pair[members.NAME]: pair[members.VALUE] for pair in pairs},
        dialogflow=given.get(commands.ENABLE_DIALOGFLOW, False),
    )


def _listed(given: Mapping[str, Any]) -> tuple[str, ...]:
    names = (name.strip() for name in given.get(commands.PREFERRED_CODECS, "").split(","))
    return tuple(name for name in names if name)


def _use_dialogflow(given: dict[str, Any], problems: list[Problem], dialogflow_url: str | None) -> None:
    name = commands.ENABLE_DIALOGFLOW
    if given.get(name) is not True:
        return
    if dialogflow_url is None:
        problems.append(problem_at(errors.INVALID_DIALOGFLOW, name, "is true, but this carrier has no Dialogflow"))
    else:
        given[members.STREAM_URL] = dialogflow_url


def _require(body: Mapping[str, Any], given: Mapping[str, Any], problems: list[Problem], name: str) -> None:
    # A member of a wrong type is reported already.
    if name not in given and body.get(name) is None:
        problems.append(problem_at(errors.MISSING_PARAMETER, name, "is missing"))


def _settle(problems: list[Problem]) -> None:
    if problems:
        raise Refused(*problems)
