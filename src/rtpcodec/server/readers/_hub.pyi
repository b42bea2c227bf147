from asyncio import AbstractEventLoop

from typing_extensions import disjoint_base

from rtpcodec.server.readers.inbox import Inbox
from rtpcodec.stream._event_queue import EventQueue
from rtpcodec.stream.events import Audio

@disjoint_base
class HubState:
    _inboxes: tuple[Inbox, ...]
    _opening: EventQueue | None
    _opening_until_s: float
    _loop: AbstractEventLoop
    def _put_audio(self, audio: Audio, /) -> None: ...
