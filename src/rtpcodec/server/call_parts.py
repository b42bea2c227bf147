"""The parts of a Call, and the HTTP request that became it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from rtpcodec.pump.pump import Pump
from rtpcodec.server.first_words import FirstWords
from rtpcodec.server.heard import HeardMarks, HeardReplies
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.readers.hub import ReaderHub
from rtpcodec.server.typed_keys import TypedKeys
from rtpcodec.stream.machine import CallMachine


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """The HTTP request that became a call. Path and headers may carry tokens, so its repr shows neither."""

    path: str = field(default="/", repr=False)
    """The path that the carrier dialled, with its query."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers; names are found in any case."""


@dataclass(frozen=True, slots=True)
class CallParts:
    """The parts of a Call, made by its runner."""

    id: str
    request: UpgradeRequest
    pump: Pump[CallMachine]
    readers: ReaderHub
    phone: PhoneCall
    first_words: FirstWords
    keys: TypedKeys
    heard: HeardMarks
    heard_replies: HeardReplies
    disconnected: asyncio.Future[None]
    may_wait: bool
    """Whether the handler is a coroutine, which may wait, and not `on_audio` or `on_event`."""
