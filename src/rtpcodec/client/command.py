"""Commands as values, checked before anything is sent.

Every function raises InvalidCommand with all errors at once. Warnings are issued as CommandWarning; `strict` makes them
errors.
"""

from __future__ import annotations

import difflib
import keyword
import uuid
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Generic, Unpack
from urllib.parse import quote

from rtpcodec.carriers.telnyx import commands, members
from rtpcodec.client import checks, cross_checks, fields
from rtpcodec.client.checks import Check, Findings
from rtpcodec.client.fields import (
    AnswerFields,
    CreateConferenceFields,
    DialFields,
    HangupFields,
    SendDtmfFields,
    StartFields,
    StopFields,
    UpdateClientStateFields,
)
from rtpcodec.client.results import CommandResult, Conference, DialedCall, R

__all__ = [
    "Command",
    "action",
    "answer",
    "conference_action",
    "create_conference",
    "dial",
    "hangup",
    "send_dtmf",
    "start_streaming",
    "stop_streaming",
    "update_client_state",
]


@dataclass(frozen=True, slots=True)
class Command(Generic[R]):
    """One checked command; the functions of this module make it.

    The same value can be sent again: it keeps its `command_id`, by which the carrier recognises a repeat.
    """

    name: str
    """Name of the action, such as `streaming_start`; `dial` for the dial command."""
    path: str
    """Path below the base URL."""
    command_id: str
    """Id of the command, which all repeats have."""
    body: Mapping[str, object] = field(repr=False)
    """Fields of the JSON body, as they are sent."""
    secrets: tuple[str, ...] = field(repr=False)
    """Values that no error text or log must show."""
    outcome: type[R] = field(repr=False)
    """Type of the result."""
    method: str = field(default=commands.POST, repr=False)
    """Method of the HTTP request."""


def start_streaming(call_control_id: str, **given: Unpack[StartFields]) -> Command[CommandResult]:
    """Ask the carrier to connect to `stream_url` and to stream this call."""
    draft = _Draft(commands.STREAMING_START, given)
    draft.check("start_streaming", fields.START_CHECKS)
    cross_checks.of_stream(draft.findings, draft.body)
    return draft.on_call(call_control_id)


def stop_streaming(call_control_id: str, **given: Unpack[StopFields]) -> Command[CommandResult]:
    """Ask the carrier to stop one stream of this call, or all of them."""
    draft = _Draft(commands.STREAMING_STOP, given)
    draft.check("stop_streaming", fields.STOP_CHECKS)
    return draft.on_call(call_control_id)


def answer(call_control_id: str, **given: Unpack[AnswerFields]) -> Command[CommandResult]:
    """Ask the carrier to answer an incoming call, and to stream it if `stream_url` is given."""
    draft = _Draft(commands.ANSWER, given)
    draft.check("answer", fields.ANSWER_CHECKS)
    cross_checks.of_answer(draft.findings, draft.body)
    return draft.on_call(call_control_id)


def hangup(call_control_id: str, **given: Unpack[HangupFields]) -> Command[CommandResult]:
    """Ask the carrier to end this call."""
    draft = _Draft(commands.HANGUP, given)
    draft.check("hangup", fields.HANGUP_CHECKS)
    return draft.on_call(call_control_id)


def send_dtmf(call_control_id: str, **given: Unpack[SendDtmfFields]) -> Command[CommandResult]:
    """Ask the carrier to play DTMF digits to the other end of this call."""
    draft = _Draft(commands.SEND_DTMF, given)
    draft.require(commands.DIGITS)
    draft.check("send_dtmf", fields.SEND_DTMF_CHECKS)
    return draft.on_call(call_control_id)


def update_client_state(call_control_id: str, **given: Unpack[UpdateClientStateFields]) -> Command[CommandResult]:
    """Ask the carrier to return another `client_state` from now on."""
    draft = _Draft(commands.CLIENT_STATE_UPDATE, given)
    draft.require(members.CLIENT_STATE)
    draft.check("update_client_state", fields.CLIENT_STATE_UPDATE_CHECKS)
    return draft.on_call(call_control_id)


def dial(**given: Unpack[DialFields]) -> Command[DialedCall]:
    """Ask the carrier to call `to`, and to stream the call if `stream_url` is given."""
    draft = _Draft(commands.DIAL, given)
    draft.require("to", "from_", members.CONNECTION_ID)
    draft.check("dial", fields.DIAL_CHECKS)
    cross_checks.of_call(draft.findings, draft.body)
    return draft.settled(commands.DIAL_PATH, DialedCall)


def action(call_control_id: str, name: str, /, **given: object) -> Command[CommandResult]:
    """Ask the carrier for any other action by its name in the path, such as `transfer`.

    Of its fields `client_state` and `command_id` are checked, the rest must be JSON. A field that Python reserves is
    written with an underscore after it, `from_`; None is not sent. The HTTP method is that of the action, POST for an
    action that is not known here.
    """
    draft = _Draft(str(name) or "command", given)
    checks.path_segment(name, "action", draft.findings)
    draft.check("command", {**dict.fromkeys(given, checks.json_value), **fields.COMMON_CHECKS})
    return draft.on_call(call_control_id)


def create_conference(**given: Unpack[CreateConferenceFields]) -> Command[Conference]:
    """Ask the carrier to create a conference of one call, which others can join."""
    draft = _Draft(commands.CREATE_CONFERENCE, given)
    draft.require(members.CALL_CONTROL_ID, members.NAME)
    draft.check("create_conference", fields.CREATE_CONFERENCE_CHECKS)
    return draft.settled(commands.CONFERENCES_PATH, Conference)


def conference_action(conference_id: str, name: str, /, **given: object) -> Command[CommandResult]:
    """Ask the carrier for an action on a conference, such as `join`. Its fields are checked as those of `action`.

    Args:
        conference_id: the id or the name of the conference.
    """
    draft = _Draft(str(name) or "command", given)
    checks.path_segment(name, "action", draft.findings)
    checks.path_segment(conference_id, commands.CONFERENCE_ID, draft.findings)
    draft.check("conference_command", {**dict.fromkeys(given, checks.json_value), **fields.COMMON_CHECKS})
    if name in (commands.HOLD, commands.UNHOLD) and given.get(commands.COMMAND_ID) is None:
        del draft.body[commands.COMMAND_ID]  # not documented for them; a repeat has no second effect
    segment, last = (quote(str(one).encode(errors="replace"), safe="") for one in (conference_id, name))
    path = commands.CONFERENCE_ACTION_PATH.format(conference_id=segment, action=last)
    return draft.settled(path, CommandResult)


class _Draft:
    """A command that is not complete yet: the given fields, the body, and the findings about it."""

    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        self.findings = Findings(name)
        self.body: dict[str, object] = {}
        self._method = commands.ACTION_METHODS.get(name, commands.POST)
        self._strict = given.get("strict", False)
        self._extra = given.get("extra_body")
        self._given = {field: given[field] for field in given if field not in ("strict", "extra_body")}

    def require(self, *names: str) -> None:
        """Record an error for each of these fields that is not given."""
        for name in names:
            if self._given.get(name) is None:
                self.findings.wrong(name, "is missing")

    def check(self, function: str, field_checks: Mapping[str, Check]) -> None:
        """Fill the body in the order of the checks, with a command_id."""
        for name in self._given:
            if name not in field_checks:
                near = difflib.get_close_matches(name, field_checks, 1)
                hint = f"; {near[0]!r} is one" if near else "; extra_body carries fields that are not known here"
                raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")
        for name, check in field_checks.items():
            if (value := self._given.get(name)) is not None:
                self.body[_unreserved(name)] = check(value, name, self.findings)
        if self._method == commands.POST:
            # One id for the whole command: a timed-out attempt may have worked, so a repeat must carry it too. A PUT
            # documents no id and needs none, since it is idempotent (RFC 9110 section 9.2.2).
            self.body.setdefault(commands.COMMAND_ID, str(uuid.uuid4()))
        if self._extra is not None:
            self._add_extra({_unreserved(name) for name in field_checks})

    def _add_extra(self, parameters: Set[str]) -> None:
        checks.json_object(self._extra, "extra_body", self.findings)
        for name, value in self._extra.items() if isinstance(self._extra, Mapping) else ():
            if not isinstance(name, str):
                self.findings.wrong("extra_body", f"has a key of type {type(name).__name__}, must be str")
            elif name in parameters:
                self.findings.wrong("extra_body", f"has {name}, which is a parameter of its own")
            else:
                self.body[name] = value

    def on_call(self, call_control_id: str) -> Command[CommandResult]:
        """Return the command on one call. InvalidCommand: there are errors."""
        checks.path_segment(call_control_id, members.CALL_CONTROL_ID, self.findings)
        # The colon of "v3:..." is legal in a path segment and stays readable (RFC 3986 section 3.3).
        segment = quote(str(call_control_id).encode(errors="replace"), safe=":")
        name = quote(self.findings.subject.encode(errors="replace"), safe="")
        return self.settled(commands.ACTION_PATH.format(call_control_id=segment, action=name), CommandResult)

    def settled(self, path: str, outcome: type[R]) -> Command[R]:
        """Return the command at this path. InvalidCommand: there are errors."""
        self.findings.settle(strict=self._strict)
        command_id = str(self.body.get(commands.COMMAND_ID) or uuid.uuid4())
        secrets = tuple(self.findings.secrets)
        return Command(self.findings.subject, path, command_id, self.body, secrets, outcome, self._method)


def _unreserved(name: str) -> str:
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name
