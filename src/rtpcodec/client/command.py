"""Commands as values: what may be asked for, checked before anything is sent (spec 2.2 to 2.4 and 2.11).

Every function raises InvalidCommand with everything that is wrong at once; what is merely doubtful is a
CommandWarning, with `strict` an error.
"""

from __future__ import annotations

import difflib
import keyword
import uuid
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Generic, Unpack
from urllib.parse import quote

from rtpcodec.client import checks, doubts, fields
from rtpcodec.client.checks import Check, Findings
from rtpcodec.client.fields import AnswerFields, DialFields, HangupFields, StartFields, StopFields
from rtpcodec.client.results import CommandResult, DialedCall, R


@dataclass(frozen=True, slots=True)
class Command(Generic[R]):
    """One checked command: `path` below the base URL, `body` as it goes on the wire, `outcome` what it gives.

    The same value can be sent again: it keeps its `command_id`, by which the carrier knows a repeat.
    """

    name: str
    path: str
    command_id: str
    body: Mapping[str, object] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """The values that no message may show."""
    outcome: type[R] = field(repr=False)


def start_streaming(call_control_id: str, **given: Unpack[StartFields]) -> Command[CommandResult]:
    """Ask the carrier to connect to `stream_url` and to stream this call."""
    order = _Order("streaming_start", given)
    order.check("start_streaming", fields.START)
    doubts.of_stream(order.findings, order.body)
    return order.on_call(call_control_id)


def stop_streaming(call_control_id: str, **given: Unpack[StopFields]) -> Command[CommandResult]:
    """Ask the carrier to stop one stream of this call, or all of them."""
    order = _Order("streaming_stop", given)
    order.check("stop_streaming", fields.STOP)
    return order.on_call(call_control_id)


def answer(call_control_id: str, **given: Unpack[AnswerFields]) -> Command[CommandResult]:
    """Ask the carrier to answer an incoming call, and to stream it if `stream_url` is given."""
    order = _Order("answer", given)
    order.check("answer", fields.ANSWER)
    doubts.of_answer(order.findings, order.body)
    return order.on_call(call_control_id)


def hangup(call_control_id: str, **given: Unpack[HangupFields]) -> Command[CommandResult]:
    """Ask the carrier to end this call."""
    order = _Order("hangup", given)
    order.check("hangup", fields.HANGUP)
    return order.on_call(call_control_id)


def dial(**given: Unpack[DialFields]) -> Command[DialedCall]:
    """Ask the carrier to call `to`, and to stream the call if `stream_url` is given."""
    order = _Order("dial", given)
    for name in ("to", "from_", "connection_id"):
        if given.get(name) is None:
            order.findings.wrong(name, "is missing")
    order.check("dial", fields.DIAL)
    doubts.of_call(order.findings, order.body)
    return order.settled("/calls", DialedCall)


def action(call_control_id: str, name: str, /, **given: object) -> Command[CommandResult]:
    """Ask the carrier for any other action by its name in the path, such as `transfer`.

    Of its fields `client_state` and `command_id` are checked, the rest must be JSON. A field that Python reserves is
    written with an underscore behind it, `from_`; None is not sent.
    """
    order = _Order(str(name) or "command", given)
    checks.path_segment(name, "action", order.findings)
    order.check("command", {**dict.fromkeys(given, checks.json_value), **fields.ACTION})
    return order.on_call(call_control_id)


class _Order:
    """A command in the making: what was given, what goes on the wire, and what was found about it."""

    def __init__(self, name: str, given: Mapping[str, Any]) -> None:
        self.findings = Findings(name)
        self.body: dict[str, object] = {}
        self._strict = given.get("strict", False)
        self._extra = given.get("extra_body")
        self._given = {field: given[field] for field in given if field not in ("strict", "extra_body")}

    def check(self, function: str, field_checks: Mapping[str, Check]) -> None:
        """Fill the body in the order of the specification, with a command_id."""
        for name in self._given:
            if name not in field_checks:
                near = difflib.get_close_matches(name, field_checks, 1)
                hint = f"; {near[0]!r} is one" if near else "; extra_body carries fields that are not known here"
                raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")
        for name, check in field_checks.items():
            if (value := self._given.get(name)) is not None:
                self.body[_unreserved(name)] = check(value, name, self.findings)
        # One id for the whole command: a timed-out attempt may have worked, so a repeat must carry it too (spec 2.8).
        self.body.setdefault("command_id", str(uuid.uuid4()))
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
        """The command on one call, or InvalidCommand."""
        checks.path_segment(call_control_id, "call_control_id", self.findings)
        # The colon of "v3:..." is legal in a path segment and stays readable (RFC 3986 section 3.3).
        segment = quote(str(call_control_id).encode(errors="replace"), safe=":")
        path = f"/calls/{segment}/actions/{quote(self.findings.subject.encode(errors='replace'), safe='')}"
        return self.settled(path, CommandResult)

    def settled(self, path: str, outcome: type[R]) -> Command[R]:
        """The command at this path, or InvalidCommand."""
        self.findings.settle(strict=self._strict)
        command_id = str(self.body["command_id"])
        return Command(self.findings.subject, path, command_id, self.body, tuple(self.findings.secrets), outcome)


def _unreserved(name: str) -> str:
    return name[:-1] if name.endswith("_") and keyword.iskeyword(name[:-1]) else name
