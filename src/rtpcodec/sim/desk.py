"""Where the carrier's HTTP requests are judged: from the octets of one to the answer. No I/O."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from rtpcodec.sim import commands
from rtpcodec.sim.refusals import Refused, refused

MAX_BODY_OCTETS: Final = 1024 * 1024
"""A command of all documented members at their limits needs a few kilobytes."""


class CommandedCall(Protocol):
    """What a command finds of a call."""

    @property
    def ended(self) -> bool:
        """It was hung up."""

    def seen(self, command_id: str) -> bool:
        """A command of that id was carried out already."""

    def remember(self, command_id: str) -> None:
        """A command of that id was carried out."""

    def begin(self, request: commands.StreamRequest) -> Callable[[], None]:
        """Take the line for a stream; what comes back starts it. Refused: 90045, 90046."""

    def cease(self, stream_id: str | None) -> None:
        """Stop the stream. Refused: 90048."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What matters of a request; call and action are None where the path is none of a command's."""

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
    then: Callable[[], None] | None = None


class Desk:
    """Takes commands for the calls of one carrier."""

    __slots__ = ("_authorization", "_calls")

    def __init__(self, api_key: str, calls: Mapping[str, CommandedCall]) -> None:
        self._authorization = f"Bearer {api_key}".encode()
        self._calls = calls

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Carry a command out, or say why not."""
        try:
            then = self._carry_out(request)
        except Refused as refusal:
            return _refusal(refusal)
        return HttpAnswer(200, b'{"data":{"result":"ok"}}', then)

    def too_large(self) -> HttpAnswer:
        """The answer to a body beyond the limit, which was not read."""
        return _refusal(refused("10015", f"the body has more than {MAX_BODY_OCTETS} octets", status=413))

    def _carry_out(self, request: HttpRequest) -> Callable[[], None] | None:
        # Header values come as str with escapes for octets that are no UTF-8; such a key is wrong, not an accident.
        given = request.authorization.encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self._authorization):
            raise refused("10009", "the API key is missing or wrong")
        if request.call_control_id is None or request.action not in ("streaming_start", "streaming_stop"):
            raise refused("10005", "there is nothing at this path and method")
        body = _read_body(request)
        call = self._calls.get(request.call_control_id)
        if call is None:
            raise refused("90015", "no call has this call_control_id")
        command_id = body.get("command_id")
        if isinstance(command_id, str) and call.seen(command_id):
            return None
        if call.ended:
            raise refused("90018", "the call has ended")
        then = None
        if request.action == "streaming_start":
            then = call.begin(commands.read_start(body))
        else:
            call.cease(commands.read_stop(body))
        if command_id is not None:
            call.remember(command_id)
        return then


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
