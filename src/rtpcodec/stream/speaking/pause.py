"""A pause of the playback: an interruption that can be taken back."""

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
    """One pause of the playback, made by `MediaSession.pause_playback`. It ends once, as PauseResolved."""

    __slots__ = ("_chain", "on_end", "resolved")

    def __init__(
        self, chain: SpeechChain, now_ms: float, timeout_ms: float, then: Literal["resume", "discard"]
    ) -> None:
        """Pause the playback.

        Args:
            chain: the send chain of the session.
            now_ms: the time.
            timeout_ms: how long the pause lasts at most.
            then: what happens after that time.

        Raises:
            LocalProtocolError: a pause already runs.
            ValueError: an argument is out of range.
        """
        self._chain = chain
        self.resolved: PauseResolved | None = None
        """How it ended; None while it lasts."""
        self.on_end: Callable[[PauseResolved], object] | None = None
        """Called once, when the pause ends. It must not call the session."""
        chain.stopper.pause(now_ms, timeout_ms, then, self._end)
        if (actions := parts_of(chain).actions) is not None:
            actions.paused(now_ms, timeout_ms, then)

    def resume(self, now_ms: float, rewind_ms: float = REWIND_MS) -> None:
        """Continue from shortly before the cut. Does nothing if the pause has ended.

        Args:
            now_ms: the time.
            rewind_ms: how much audio before the cut to repeat, 20 to 40, beyond the uncertainty of the cut.

        Raises:
            ValueError: rewind_ms is out of range.
        """
        if self.resolved is None:
            self._chain.stopper.resume(now_ms, rewind_ms)
            self._chain.resolver.check_soon()
            if (actions := parts_of(self._chain).actions) is not None:
                actions.resumed(now_ms, rewind_ms)

    def discard(self, now_ms: float) -> None:
        """Drop the unheard audio and all that waits. Does nothing if the pause has ended."""
        if self.resolved is None:
            self._chain.stopper.discard(now_ms)
            self._chain.resolver.check_soon()
            if (actions := parts_of(self._chain).actions) is not None:
                actions.discarded(now_ms)

    def _end(self, resolved: PauseResolved) -> None:
        self.resolved = resolved
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end(resolved)
