"""A stand-in for OpenAI's Realtime API that checks every message of a client.

Names and rules are those of the API reference (developers.openai.com, Realtime, client events and server events).
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from rtpcodec.kernels.g711 import pcmu_decode
from tests.examples.turns import SPEECH_MS, TurnDetector

KEY: Final = "sk-test"
PORT: Final = 8765
DELTA_OCTETS: Final = 1600
PCMU: Final = {"type": "audio/pcmu"}
MEMBERS: Final = {
    "session.update": {"session"},
    "response.create": set[str](),
    "input_audio_buffer.append": {"audio"},
    "conversation.item.truncate": {"item_id", "content_index", "audio_end_ms"},
}
"""The messages that a client of a phone call needs, with their members beside `type`; all of them are required."""


@dataclass
class RealtimeService:
    """The service, and what it has found wrong."""

    script: list[list[bytes]]
    """The PCMU of each item of each response."""
    pace: float = 0.1
    """Seconds per second of generated audio."""
    closes_after: int | None = None
    """How many responses the session lives for; then it ends with close_code."""
    close_code: int = 1000
    problems: list[str] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    generated: dict[str, int] = field(default_factory=dict)
    """Octets that were sent of each item."""
    truncated: dict[str, int] = field(default_factory=dict)
    sessions: int = 0

    @asynccontextmanager
    async def open(self, port: int = PORT) -> AsyncIterator[Server]:
        """Serve at a port; 0: any."""
        async with serve(self._session, "127.0.0.1", port, process_request=self._admit) as server:
            yield server

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return connection.respond(401, "incorrect key")
        if not request.path.startswith("/v1/realtime?model="):
            return connection.respond(404, "no such path")
        return None

    async def _session(self, connection: ServerConnection) -> None:
        self.sessions += 1
        session = Session(self, connection)
        await session.tell("session.created", session={"type": "realtime"})
        try:
            async for text in connection:
                await session.take(text)
        finally:
            session.cancel()


class Session:
    """One client of the service."""

    def __init__(self, service: RealtimeService, connection: ServerConnection) -> None:
        self.service, self.connection = service, connection
        self.responses = iter(service.script)
        self.response: asyncio.Task[None] | None = None
        self.configured = False
        self.spoken = 0
        self.turns = TurnDetector()

    async def tell(self, kind: str, **members: object) -> None:
        with suppress(ConnectionClosed):
            await self.connection.send(json.dumps({"type": kind, "event_id": "event_1", **members}))

    async def refuse(self, what: str) -> None:
        self.service.problems.append(what)
        await self.tell("error", error={"type": "invalid_request_error", "message": what})

    async def take(self, text: str | bytes) -> None:
        """Check a message, and act on it."""
        message = json.loads(text) if isinstance(text, str) else {"type": "a binary frame"}
        kind = message.pop("type", None)
        if kind not in MEMBERS or set(message) != MEMBERS[kind]:
            await self.refuse(f"{kind} with {sorted(message)}")
        elif kind == "session.update":
            await self._configure(**message)
        elif not self.configured:
            await self.refuse(f"{kind} before session.update")
        elif kind == "response.create":
            await self._respond()
        elif kind == "input_audio_buffer.append":
            await self._append(base64.b64decode(message["audio"], validate=True))
        else:
            await self._truncate(**message)

    async def _configure(self, session: dict[str, Any]) -> None:
        audio = session.get("audio", {})
        if set(session) - {"type", "instructions", "audio"} or session.get("type") != "realtime":
            await self.refuse(f"session {session}")
        if audio.get("input", {}).get("format") != PCMU or audio.get("output", {}).get("format") != PCMU:
            await self.refuse(f"formats {audio}")
        self.configured = True
        await self.tell("session.updated", session=session)

    # Turns

    async def _append(self, payload: bytes) -> None:
        self.service.heard += payload
        change = self.turns.take(pcmu_decode(payload), 8000)
        if change == "started":
            self.cancel()
            start_ms = len(self.service.heard) // 8 - SPEECH_MS
            await self.tell("input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id="item_user")
        elif change == "stopped":
            await self.tell("input_audio_buffer.speech_stopped", audio_end_ms=0, item_id="item_user")
            await self.tell("input_audio_buffer.committed", previous_item_id=None, item_id="item_user")
            await self._respond()

    async def _truncate(self, item_id: str, content_index: int, audio_end_ms: object) -> None:
        service = self.service
        length_ms = service.generated.get(item_id, 0) / 8
        if item_id not in service.generated:
            await self.refuse(f"item {item_id} does not exist")
        elif content_index != 0 or not isinstance(audio_end_ms, int) or audio_end_ms < 0:
            await self.refuse(f"position {audio_end_ms!r} of part {content_index}")
        elif audio_end_ms > min(length_ms, service.truncated.get(item_id, length_ms)):
            await self.refuse(f"Audio content of {length_ms} ms is already shorter than {audio_end_ms} ms")
        else:
            service.truncated[item_id] = audio_end_ms
            await self.tell("conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=audio_end_ms)

    # Speaking

    async def _respond(self) -> None:
        if self.response is not None and not self.response.done():
            await self.refuse("a response is in progress")
        elif (items := next(self.responses, None)) is not None:
            self.response = asyncio.create_task(self._generate(items))

    def cancel(self) -> None:
        """Stop generating, as the service does by itself when it hears speech."""
        if self.response is not None:
            self.response.cancel()

    async def _generate(self, items: list[bytes]) -> None:
        self.spoken += 1
        await self.tell("response.created", response={"id": f"resp_{self.spoken}", "status": "in_progress"})
        for index, audio in enumerate(items):
            names: dict[str, object] = {"item_id": f"item_{self.spoken}_{index}", "output_index": index}
            names["response_id"] = f"resp_{self.spoken}"
            await self.tell("response.output_item.added", item={"id": names["item_id"]}, **names)
            try:
                await self._say(audio, names)
            finally:
                await self.tell("response.output_audio.done", content_index=0, **names)
        await self.tell("response.done", response={"id": f"resp_{self.spoken}", "status": "completed"})
        if self.service.closes_after == self.spoken:
            await self.connection.close(self.service.close_code)

    async def _say(self, audio: bytes, names: dict[str, object]) -> None:
        for begin in range(0, len(audio), DELTA_OCTETS):
            await asyncio.sleep(DELTA_OCTETS / 8000 * self.service.pace)
            delta = audio[begin : begin + DELTA_OCTETS]
            item = str(names["item_id"])
            self.service.generated[item] = self.service.generated.get(item, 0) + len(delta)
            await self.tell(
                "response.output_audio.delta", content_index=0, delta=base64.b64encode(delta).decode(), **names
            )
