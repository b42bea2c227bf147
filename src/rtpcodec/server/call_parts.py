"""The parts of a Call, and the HTTP request that became it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from rtpcodec.pump.headers import Headers
from rtpcodec.pump.pump import Pump
from rtpcodec.server.background_commands import BackgroundCommands
from rtpcodec.server.call_files import CallFiles
from rtpcodec.server.first_words import FirstWords
from rtpcodec.server.hanging_up import HangUp
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.play_out import PlayOut
from rtpcodec.server.play_waits import MarkWaits, ReplyWaits
from rtpcodec.server.readers.hub import ReaderHub
from rtpcodec.server.sending_keys import KeySender
from rtpcodec.server.typed_keys import TypedKeys
from rtpcodec.stream.machine import CallMachine


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """The HTTP request of a call. Path and headers may contain tokens, so its repr shows neither."""

    path: str = field(default="/", repr=False)
    """The path that the carrier dialled, with its query."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers; names are found in any case, even if a plain dict was given."""

    def __post_init__(self) -> None:
        if isinstance(self.headers, dict):
            object.__setattr__(self, "headers", Headers(self.headers))


@dataclass(frozen=True, slots=True)
class CallParts:
    """The parts of a Call, created by its runner."""

    id: str
    request: UpgradeRequest
    pump: Pump[CallMachine]
    readers: ReaderHub
    phone: PhoneCall
    reconnect: Callable[..., Coroutine[Any, Any, None]]
    """Reconnects the call, with the fields of `Call.reconnect`."""
    first_words: FirstWords
    keys: TypedKeys
    heard: MarkWaits
    heard_replies: ReplyWaits
    files: CallFiles
    disconnected: asyncio.Future[None]
    play_out: PlayOut
    commands: BackgroundCommands
    hang_up: HangUp
    key_sender: KeySender
    may_wait: bool
    """Whether the handler is a coroutine, which may wait, and not `on_audio` or `on_event`."""
