"""The base of the sides of a Call: its parts and its request."""

from __future__ import annotations

from collections.abc import Mapping

from rtpcodec.pickling import Live
from rtpcodec.server._speaking import CallFastPath
from rtpcodec.server.call_parts import CallParts
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.voice import CallVoice
from rtpcodec.stream.events import Started


class CallBase(CallFastPath, Live):
    """The base of the sides of a Call."""

    __slots__ = ("_voice", "headers", "id", "path", "started")

    def __init__(self, parts: CallParts, started: Started) -> None:
        self._parts = parts
        self._pump = parts.pump
        self._access = LoopAccess(parts.pump, parts.heard_replies, may_wait=parts.may_wait)
        self._machine = self._access.machine
        self._voice: CallVoice | None = None
        self.id = parts.id
        """A short random id, which is also in log records."""
        self.started = started
        """The carrier's first `start`: its ids and the format of its audio."""
        self.path = parts.request.path
        """The path that the carrier dialled, with its query."""
        self.headers: Mapping[str, str] = parts.request.headers
        """The headers of the request; names are found in any case."""
