"""A pause of the playback: the reversible interruption."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from rtpcodec.pickling import Live
from rtpcodec.stream.events import PauseResolved
from rtpcodec.stream.speaking.parts import parts_of
from rtpcodec.stream.speaking.stopping import REWIND_MS

if TYPE_CHECKING:
    from rtpcodec.stream.speaking.chain import SpeechChain


class Pause(Live):
    """One pause; it ends once, as PauseResolved. `MediaSession.pause_playback` makes it."""

    __slots__ = ("_chain", "on_end", "resolved")

    def __init__(
        self, chain: SpeechChain, now_ms: float, timeout_ms: float, then: Literal["resume", "discard"]
    ) -> None:
        """Pause. LocalProtocolError: a pause is on already."""
        self._chain = chain
        self.resolved: PauseResolved | None = None
        """How it ended; None: it has not ended."""
        self.on_end: Callable[[PauseResolved], object] | None = None
        """Called once, when it ends. It must not call the session."""
        chain.stopper.pause(now_ms, timeout_ms, then, self._end)
        if (actions := parts_of(chain).actions) is not None:
            actions.paused(now_ms, timeout_ms, then)

    def resume(self, now_ms: float, rewind_ms: float = REWIND_MS) -> None:
        """Continue from shortly before the cut; nothing if the pause has ended.

        now_ms: the time.
        rewind_ms: how much before the estimated cut, 20 to 40, beside the doubt about it.
        Raises: ValueError if rewind_ms is out of range.
        """
        if self.resolved is None:
            self._chain.stopper.resume(now_ms, rewind_ms)
            self._chain.resolver.wake()
            if (actions := parts_of(self._chain).actions) is not None:
                actions.resumed(now_ms, rewind_ms)

    def discard(self, now_ms: float) -> None:
        """Drop what was not heard, and all that waits; nothing if the pause has ended."""
        if self.resolved is None:
            self._chain.stopper.discard(now_ms)
            self._chain.resolver.wake()
            if (actions := parts_of(self._chain).actions) is not None:
                actions.discarded(now_ms)

    def _end(self, resolved: PauseResolved) -> None:
        self.resolved = resolved
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end(resolved)
