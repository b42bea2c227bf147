"""A stand-in for the Gemini Live API that checks every message of a client.

Names and rules are those of the WebSocket reference of the Live API (ai.google.dev). The service sends JSON in binary
frames.
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

from tests.examples.turns import TurnDetector

KEY: Final = "AIza-test"
PORT: Final = 8766
FRAME_OCTETS: Final = 640
PART_MS: Final = 100
PACE: Final = 0.1
"""Seconds per second of generated audio."""


@dataclass
class LiveService:
    """The service, and what it has found wrong."""

    script: list[bytes]
    """The PCM of each turn at 24000 Hz."""
    expires_after_s: tuple[float, ...] = ()
    """When the first sessions announce their end; later ones do not."""
    close_code: int | None = None
    """Closes the session behind the first turn."""
    problems: list[str] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    texts: list[str] = field(default_factory=list)
    resumptions: list[dict[str, str] | None] = field(default_factory=list)
    turns: int = 0

    @asynccontextmanager
    async def open(self, port: int = PORT) -> AsyncIterator[Server]:
        """Serve at a port; 0: any."""
        async with serve(self._session, "127.0.0.1", port, process_request=self._admit) as server:
            yield server

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("x-goog-api-key") != KEY:
            return connection.respond(401, "API key not valid")
        return None

    async def _session(self, connection: ServerConnection) -> None:
        session = Session(self, connection)
        try:
            async for text in connection:
                await session.take(text)
        finally:
            session.cancel()


class Session:
    """One client of the service."""

    def __init__(self, service: LiveService, connection: ServerConnection) -> None:
        self.service, self.connection = service, connection
        self.generation: asyncio.Task[None] | None = None
        self.expiry: asyncio.Task[None] | None = None
        self.ready = False
        self.detector = TurnDetector()

    async def tell(self, **message: object) -> None:
        with suppress(ConnectionClosed):
            await self.connection.send(json.dumps(message).encode())

    async def refuse(self, what: str) -> None:
        """The service closes the session of a client that is wrong."""
        self.service.problems.append(what)
        await self.connection.close(1007, what[:100])

    async def take(self, text: str | bytes) -> None:
        """Check a message, and act on it."""
        message = json.loads(text)
        name = "realtimeInput" if self.ready else "setup"
        if set(message) != {name}:
            await self.refuse(f"{sorted(message)} in place of {name}")
        elif not self.ready:
            await self._set_up(**message[name])
        elif message[name].keys() == {"text"}:
            self.service.texts.append(message[name]["text"])
            self._begin_turn()
        elif message[name].keys() == {"audio"}:
            await self._hear(**message[name]["audio"])
        else:
            await self.refuse(f"realtimeInput with {sorted(message[name])}")

    async def _set_up(
        self,
        model: str,
        generationConfig: dict[str, Any],  # noqa: N803
        sessionResumption: dict[str, str] | None = None,  # noqa: N803
    ) -> None:
        if not model.startswith("models/") or generationConfig != {"responseModalities": ["AUDIO"]}:
            await self.refuse(f"setup of {model} with {generationConfig}")
        count = len(self.service.resumptions)
        expected = {"handle": f"handle-{count}"} if count else {}
        if sessionResumption != expected:
            await self.refuse(f"sessionResumption {sessionResumption}, expected {expected}")
        self.service.resumptions.append(sessionResumption)
        if count < len(self.service.expires_after_s):
            self.expiry = asyncio.create_task(self._expire(self.service.expires_after_s[count], f"handle-{count + 1}"))
        await asyncio.sleep(0.2)  # a client must wait for setupComplete
        self.ready = True
        await self.tell(setupComplete={})

    async def _expire(self, after_s: float, handle: str) -> None:
        await asyncio.sleep(after_s)
        await self.tell(sessionResumptionUpdate={"newHandle": handle, "resumable": True})
        await self.tell(goAway={"timeLeft": "5s"})
        await asyncio.sleep(5)
        await self.connection.close(1008, "deadline")

    async def _hear(self, data: str, mimeType: str) -> None:  # noqa: N803 -- the name of the member
        pcm = base64.b64decode(data, validate=True)
        if mimeType != "audio/pcm;rate=16000" or len(pcm) != FRAME_OCTETS:
            await self.refuse(f"{len(pcm)} octets of {mimeType}")
            return
        self.service.heard += pcm
        change = self.detector.take(pcm, 16000)
        if change == "started" and self.generation is not None and not self.generation.done():
            self.generation.cancel()
            await self.tell(serverContent={"interrupted": True})
            await self.tell(serverContent={"turnComplete": True})
        elif change == "stopped":
            self._begin_turn()

    # Speaking

    def _begin_turn(self) -> None:
        if self.service.turns < len(self.service.script):
            self.generation = asyncio.create_task(self._generate(self.service.script[self.service.turns]))
            self.service.turns += 1

    def cancel(self) -> None:
        for task in (self.generation, self.expiry):
            if task is not None:
                task.cancel()

    async def _generate(self, pcm: bytes) -> None:
        """Say a turn faster than real time, and complete it when the client must have played it."""
        part_octets = 48 * PART_MS
        for begin in range(0, len(pcm), part_octets):
            await asyncio.sleep(PART_MS / 1000 * PACE)
            part = pcm[begin : begin + part_octets]
            data = {"mimeType": "audio/pcm;rate=24000", "data": base64.b64encode(part).decode()}
            await self.tell(serverContent={"modelTurn": {"parts": [{"inlineData": data}]}})
        await self.tell(serverContent={"generationComplete": True})
        await asyncio.sleep(len(pcm) / 48000 * (1 - PACE))
        await self.tell(serverContent={"turnComplete": True}, usageMetadata={"totalTokenCount": 1})
        if self.service.close_code is not None:
            await self.connection.close(self.service.close_code)
