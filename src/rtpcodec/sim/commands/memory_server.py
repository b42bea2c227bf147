"""The carrier's HTTP interface in memory, on a virtual clock."""

from __future__ import annotations

import asyncio
import re
from typing import Final
from urllib.parse import unquote

from rtpcodec.carriers.telnyx import commands, members
from rtpcodec.pump.memory import Listener, MemoryAnswer, MemoryNetwork, MemoryRequest
from rtpcodec.sim.commands.faults import FaultInjector
from rtpcodec.sim.commands.handler import MAX_BODY_OCTETS, CommandHandler, HttpRequest

HOST: Final = "127.0.0.1"
DIAL_PATH: Final = commands.BASE_PATH + commands.DIAL_PATH

WITHOUT_CALL: Final = {
    DIAL_PATH: commands.DIAL,
    commands.BASE_PATH + commands.CONFERENCES_PATH: commands.CREATE_CONFERENCE,
}


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", commands.BASE_PATH + path))


_ACTION = _pattern(commands.ACTION_PATH)
_CONFERENCE_ACTION = _pattern(commands.CONFERENCE_ACTION_PATH)


class MemoryHttpServer:
    """Serves one handler on one network."""

    def __init__(self, handler: CommandHandler, injector: FaultInjector, network: MemoryNetwork) -> None:
        self._handler = handler
        self._injector = injector
        self._network = network
        self._listener: Listener | None = None

    async def open(self, port: int) -> str:
        """Listen, on a free port if 0 is given, and return the base URL of commands."""
        self._listener = self._network.serve_http(f"http://{HOST}:{port}", self._serve)
        return f"http://{HOST}:{self._listener.port}{commands.BASE_PATH}"

    async def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _serve(self, request: MemoryRequest) -> MemoryAnswer:
        fault = self._injector.next()
        too_large = len(request.body) > MAX_BODY_OCTETS
        answer = self._handler.answer_with(fault, None if too_large else _read(request))
        try:
            if fault.delay_s:
                await asyncio.sleep(fault.delay_s)
            if fault.drop is not None or fault.body == "cut":
                raise ConnectionResetError("the simulator cut the connection, as the fault of this command asks for")
            content_type = "text/html" if fault.body == "not_json" else commands.CONTENT_TYPE
            return MemoryAnswer(
                answer.status, {"Content-Type": content_type, **fault.headers}, fault.spoil(answer.body)
            )
        finally:
            # The stream begins after the answer, even if the client is gone.
            if answer.then is not None:
                asyncio.get_running_loop().call_soon(answer.then)


def _read(request: MemoryRequest) -> HttpRequest:
    call_control_id = conference_id = None
    path = request.target.partition("?")[0]
    action = WITHOUT_CALL.get(path)
    if found := _CONFERENCE_ACTION.fullmatch(path):
        conference_id, action = unquote(found[commands.CONFERENCE_ID]), unquote(found["action"])
    elif found := _ACTION.fullmatch(path):
        call_control_id, action = unquote(found[members.CALL_CONTROL_ID]), unquote(found["action"])
    return HttpRequest(
        request.headers.get(commands.AUTHORIZATION_HEADER, ""),
        request.headers.get("Content-Type", ""),
        request.body,
        call_control_id,
        action,
        request.method,
        conference_id,
    )
