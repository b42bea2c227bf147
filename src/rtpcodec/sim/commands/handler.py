"""From an HTTP request to the carrier to its answer. No I/O."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import msgspec

from rtpcodec.carriers.telnyx import commands, errors, members
from rtpcodec.sim.commands import actions, conferring
from rtpcodec.sim.commands.actions import CommandedCarrier, Then
from rtpcodec.sim.commands.bodies import read_dial
from rtpcodec.sim.commands.error_answers import Refused, refused
from rtpcodec.sim.commands.faults import NO_FAULT, CommandFault

MAX_BODY_OCTETS: Final = 1024 * 1024
"""A command of all documented members at their limits needs a few kilobytes."""

_OK: Final = {commands.RESULT: commands.OK}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The parts of a request. `dial` has no call; without an action, the path is not that of a command."""

    authorization: str
    content_type: str
    body: bytes
    call_control_id: str | None = None
    action: str | None = None
    method: str = commands.POST
    conference_id: str | None = None
    """Id or name, in a command about a conference."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and JSON body, and a function to call once they were sent."""

    status: int
    body: bytes
    then: Then | None = None


class CommandHandler:
    """Executes commands on the calls of one carrier.

    Args:
        serves: False: every command is answered with 404.
    """

    __slots__ = ("_authorization", "_carrier", "_serves")

    def __init__(self, api_key: str, carrier: CommandedCarrier, *, serves: bool = True) -> None:
        self._serves = serves
        self._authorization = f"{commands.AUTHORIZATION_PREFIX}{api_key}".encode()
        self._carrier = carrier

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Execute a command, or return its refusal."""
        try:
            data, then = self._carry_out(request)
        except Refused as refusal:
            return _refusal(refusal)
        return HttpAnswer(200, msgspec.json.encode({members.DATA: data}), then)

    def answer_with(self, fault: CommandFault, request: HttpRequest | None) -> HttpAnswer:
        """Answer a request with a fault; None: its body was beyond the limit and not read."""
        if fault.prevents:
            return HttpAnswer(fault.status or 500, fault.error_body())
        answer = self.too_large() if request is None else self.answer(request)
        if fault is not NO_FAULT and answer.then is not None:
            # From here on, the client might not learn the outcome.
            answer.then()
            return replace(answer, then=None)
        return answer

    def too_large(self) -> HttpAnswer:
        """Return the answer to a body beyond the limit, which was not read."""
        return _refusal(refused(errors.BAD_REQUEST, f"the body has more than {MAX_BODY_OCTETS} octets", status=413))

    def _carry_out(self, request: HttpRequest) -> tuple[dict[str, Any], Then | None]:
        # A header value is a str with escapes for octets that are not UTF-8; such a key is wrong, not a bug.
        given = request.authorization.encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self._authorization):
            raise refused(errors.AUTHENTICATION_FAILED, "the API key is missing or wrong")
        if not self._serves:
            raise refused(errors.RESOURCE_NOT_FOUND, "this simulated carrier takes no commands")
        action = request.action
        if action == commands.DIAL and request.call_control_id is None and request.method == commands.POST:
            return self._dial(_read_body(request))
        if request.method == commands.POST and request.call_control_id is None:
            if action == commands.CREATE_CONFERENCE:
                return self._once(_read_body(request), partial(conferring.create, self._carrier)), None
            if request.conference_id is not None and action in commands.CONFERENCE_ACTIONS:
                carry_out = partial(conferring.carry_out, self._carrier, request.conference_id, action)
                return self._once(_read_body(request), carry_out), None
        if request.call_control_id is None or action is None or not actions.is_known(action, request.method):
            raise refused(errors.RESOURCE_NOT_FOUND, "there is nothing at this path and method")
        body = _read_body(request)
        call = self._carrier.calls.get(request.call_control_id)
        if call is None:
            raise refused(errors.INVALID_CALL_CONTROL_ID, "no call has this call_control_id")
        ids = call.leg.command_ids
        before = ids.answer_to(body.get(commands.COMMAND_ID))
        if before is not None:
            return before, None
        then = actions.carry_out(self._carrier, call, action, body)
        ids.remember(body.get(commands.COMMAND_ID), _OK)
        return _OK, then

    def _once(self, body: dict[str, Any], effect: Callable[[dict[str, Any]], dict[str, Any] | None]) -> dict[str, Any]:
        """Execute a command about a conference, unless it is a repetition. Returns the answer's data."""
        ids = self._carrier.command_ids
        before = ids.answer_to(body.get(commands.COMMAND_ID))
        if before is not None:
            return before
        data = effect(body) or _OK
        ids.remember(body.get(commands.COMMAND_ID), data)
        return data

    def _dial(self, body: dict[str, Any]) -> tuple[dict[str, Any], Then | None]:
        ids = self._carrier.command_ids
        before = ids.answer_to(body.get(commands.COMMAND_ID))
        if before is not None:
            return before, None
        data, then = self._carrier.dial(read_dial(body, self._carrier.dialogflow_url))
        ids.remember(body.get(commands.COMMAND_ID), data)
        self._carrier.calls[data[members.CALL_CONTROL_ID]].commands.append((commands.DIAL, body))
        return data, then


def _refusal(refusal: Refused) -> HttpAnswer:
    return HttpAnswer(refusal.status, msgspec.json.encode(refusal.as_json()))


def _read_body(request: HttpRequest) -> dict[str, Any]:
    if request.content_type.partition(";")[0].strip().lower() != commands.CONTENT_TYPE:
        raise refused(errors.JSON_CONTENT_TYPE_EXPECTED, "the content type must be application/json")
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise refused(errors.INVALID_JSON, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise refused(errors.BAD_REQUEST, "the body is not a JSON object")
    return body
