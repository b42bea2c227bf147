"""Where the carrier's HTTP requests are judged: from the octets of one to the answer. No I/O."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from rtpcodec.sim.commands import actions
from rtpcodec.sim.commands.actions import CommandedCarrier, Then
from rtpcodec.sim.commands.faults import NO_FAULT, CommandFault
from rtpcodec.sim.commands.refusals import Refused, refused
from rtpcodec.sim.commands.requests import read_dial

MAX_BODY_OCTETS: Final = 1024 * 1024
"""A command of all documented members at their limits needs a few kilobytes."""

_OK: Final = {"result": "ok"}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What matters of a request; the action is None where the path is none of a command's, and `dial` has no call."""

    authorization: str
    content_type: str
    body: bytes
    call_control_id: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and JSON body, and what happens once they are on their way."""

    status: int
    body: bytes
    then: Then | None = None


class CommandHandler:
    """Takes commands for the calls of one carrier."""

    __slots__ = ("_authorization", "_carrier")

    def __init__(self, api_key: str, carrier: CommandedCarrier) -> None:
        self._authorization = f"Bearer {api_key}".encode()
        self._carrier = carrier

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Carry a command out, or say why not."""
        try:
            data, then = self._carry_out(request)
        except Refused as refusal:
            return _refusal(refusal)
        return HttpAnswer(200, msgspec.json.encode({"data": data}), then)

    def answer_with(self, fault: CommandFault, request: HttpRequest | None) -> HttpAnswer:
        """Answer a request that meets a fault; None: its body was beyond the limit and not read."""
        if fault.prevents:
            return HttpAnswer(fault.status or 500, fault.error_body())
        answer = self.too_large() if request is None else self.answer(request)
        if fault is not NO_FAULT and answer.then is not None:
            # From here on the client may never learn what the command did.
            answer.then()
            return replace(answer, then=None)
        return answer

    def too_large(self) -> HttpAnswer:
        """The answer to a body beyond the limit, which was not read."""
        return _refusal(refused("10015", f"the body has more than {MAX_BODY_OCTETS} octets", status=413))

    def _carry_out(self, request: HttpRequest) -> tuple[dict[str, Any], Then | None]:
        # Header values come as str with escapes for octets that are no UTF-8; such a key is wrong, not an accident.
        given = request.authorization.encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self._authorization):
            raise refused("10009", "the API key is missing or wrong")
        if request.action == "dial" and request.call_control_id is None:
            return self._dial(_read_body(request))
        if request.call_control_id is None or request.action is None or not actions.is_known(request.action):
            raise refused("10005", "there is nothing at this path and method")
        body = _read_body(request)
        call = self._carrier.calls.get(request.call_control_id)
        if call is None:
            raise refused("90015", "no call has this call_control_id")
        ids = call.leg.command_ids
        before = ids.answer_to(body.get("command_id"))
        if before is not None:
            return before, None
        then = actions.carry_out(self._carrier, call, request.action, body)
        ids.remember(body.get("command_id"), _OK)
        return _OK, then

    def _dial(self, body: dict[str, Any]) -> tuple[dict[str, Any], Then | None]:
        ids = self._carrier.command_ids
        before = ids.answer_to(body.get("command_id"))
        if before is not None:
            return before, None
        data, then = self._carrier.dial(read_dial(body, self._carrier.dialogflow_url))
        ids.remember(body.get("command_id"), data)
        self._carrier.calls[data["call_control_id"]].commands.append(("dial", body))
        return data, then


def _refusal(refusal: Refused) -> HttpAnswer:
    return HttpAnswer(refusal.status, msgspec.json.encode(refusal.as_json()))


def _read_body(request: HttpRequest) -> dict[str, Any]:
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        raise refused("10029", "the content type must be application/json")
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise refused("10023", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise refused("10015", "the body is not a JSON object")
    return body
