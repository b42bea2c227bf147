"""Sends the commands of `rtpcodec start`, `stop`, `dial`, `answer` and `hangup`, or shows them with secrets hidden."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from rtpcodec.carriers.telnyx import members
from rtpcodec.client import Access, CallControl, Command, CommandResult, DialedCall


def send(said: str, command: Command[Any], api_key: str | None, base_url: str | None, *, as_json: bool) -> None:
    """Send a command and print its result after the words `said`, or as JSON."""
    with CallControl(api_key, base_url=base_url) as control:
        outcome: CommandResult | DialedCall = control.send(command)
    if as_json:
        print(json.dumps({"command": command.name, "command_id": outcome.command_id, **_result_fields(outcome)}))
    else:
        words = ", ".join(str(value) for value in _result_fields(outcome).values() if value is not None)
        print(f"{said}: {words} (command_id {outcome.command_id})")


def _result_fields(outcome: CommandResult | DialedCall) -> dict[str, str | None]:
    if isinstance(outcome, CommandResult):
        return {"result": outcome.result}
    names = (members.CALL_CONTROL_ID, members.CALL_LEG_ID, members.CALL_SESSION_ID)
    return {name: getattr(outcome, name) for name in names}


def show(command: Command[Any], base_url: str | None, *, as_json: bool) -> None:
    """Print the request as it would be sent, without key and secrets; no key is needed."""
    request = Access.of("none", base_url).request(command)
    headers = {**request.headers, "Authorization": "Bearer ***"}
    body = _masked(command.body, frozenset(command.secrets))
    if as_json:
        print(json.dumps({"method": request.method, "url": request.url, "headers": headers, "body": body}))
        return
    print(f"{request.method} {request.url}")
    for name, value in headers.items():
        print(f"{name}: {value}")
    print()
    print(json.dumps(body, indent=2, ensure_ascii=False))


def _masked(value: object, secrets: frozenset[str]) -> object:
    """Replace every secret text in a JSON value; an address keeps its host."""
    if isinstance(value, str) and value in secrets:
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.hostname}/***" if parts.scheme in ("ws", "wss") else "***"
    if isinstance(value, Mapping):
        return {name: _masked(member, secrets) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(member, secrets) for member in value]
    return value
