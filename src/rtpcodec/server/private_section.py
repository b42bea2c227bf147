"""PrivateSection: the block of `call.private`."""

from __future__ import annotations

from types import TracebackType

from rtpcodec.pickling import Live
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.stream.listening.privacy import require_label


class PrivateSection(Live):
    """A block in which nothing that the caller says or keys is kept: `async with` or `with`.

    It may be entered again, also within itself. Use it in the event loop's thread only.
    """

    __slots__ = ("_access", "label")

    def __init__(self, access: LoopAccess, label: str) -> None:
        """Prepare it; label: see `require_label`."""
        require_label(label)
        self._access = access
        self.label = label
        """The label of the section."""

    def __enter__(self) -> PrivateSection:
        session = self._access.machine("private").session
        session.privacy.enter(self.label, self._access.pump.now_ms())
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End the section, however the block ends."""
        self._access.pump.machine.session.privacy.leave(self.label, self._access.pump.now_ms())

    async def __aenter__(self) -> PrivateSection:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the section, however the block ends."""
        self.__exit__(kind, error, traceback)
