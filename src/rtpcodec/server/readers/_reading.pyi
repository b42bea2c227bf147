from collections.abc import Coroutine
from typing import Any

from rtpcodec.server.readers._inbox import InboxState

class Reading:
    @property
    def _inbox(self) -> InboxState: ...
    def _read_from(self, inbox: InboxState, *, audio_only: bool = False) -> None: ...
    def __anext__(self) -> Coroutine[Any, Any, Any]: ...
