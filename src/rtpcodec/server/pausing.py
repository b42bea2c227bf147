"""PlaybackPause: a pause of the playback, for handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

from rtpcodec.pickling import Live
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.stream.events import PauseResolved
from rtpcodec.stream.speaking.pause import Pause
from rtpcodec.stream.speaking.stopping import REWIND_MS


class PlaybackPause(Live):
    """One pause of the playback. It ends once; the event PauseResolved and `resolved` report how.

    Await it to wait for its end: `resolved = await pause`. Use it in the event loop's thread only.
    """

    __slots__ = ("_access", "_pause", "_waiters")

    def __init__(self, access: LoopAccess, pause: Pause) -> None:
        self._access = access
        self._pause = pause
        self._waiters: list[asyncio.Future[PauseResolved]] = []

    def __repr__(self) -> str:
        return f"<PlaybackPause {'paused' if self.resolved is None else self.resolved.outcome}>"

    def resume(self, rewind_ms: float = REWIND_MS) -> None:
        """Continue from shortly before the cut. A pause that has ended stays as it is.

        Args:
            rewind_ms: how much to repeat before the estimated cut, 20 to 40 ms, in addition to the uncertainty of the
                estimate.

        Raises:
            ValueError: rewind_ms is out of range.
        """
        self._access.machine("resume")
        self._pause.resume(self._access.pump.now_ms(), rewind_ms)
        self._access.pump.run()

    def discard(self) -> None:
        """Drop what was not heard, and all queued audio: its replies are interrupted. A second end does nothing.

        A reply that is not interruptible continues from where it was cut.
        """
        machine = self._access.machine("discard")
        if self._pause.resolved is not None:
            return
        self._pause.discard(self._access.pump.now_ms())
        machine.plays.drop_interrupted()
        self._access.pump.run()

    @property
    def resolved(self) -> PauseResolved | None:
        """The result of the pause; None: it has not ended."""
        return self._pause.resolved

    def __await__(self) -> Generator[Any, Any, PauseResolved]:
        self._access.require_coroutine("await pause")
        return self._wait().__await__()

    async def _wait(self) -> PauseResolved:
        resolved = self._pause.resolved
        if resolved is not None:
            return resolved
        end: asyncio.Future[PauseResolved] = self._access.loop.create_future()
        self._waiters.append(end)
        self._pause.on_end = self._ended
        try:
            return await end
        finally:
            if end in self._waiters:
                self._waiters.remove(end)

    def _ended(self, resolved: PauseResolved) -> None:
        waiters, self._waiters = self._waiters, []
        for end in waiters:
            if not end.done():
                end.set_result(resolved)
