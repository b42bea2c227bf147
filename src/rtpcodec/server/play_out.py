"""The last audio of a call: end all replies, and wait until they were heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Final, Protocol

from rtpcodec.pump.pump import Pump
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.ongoing import end_of
from rtpcodec.server.play_waits import MarkWaits, ReplyWaits
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.resolving import GRACE_MS

ECHO_MS: Final = 1000.0
"""Time after the estimated end of the audio for the last mark's echo: one round trip and the carrier's own buffer.
After that the echo counts as lost."""


class Reconnected(Protocol):
    """The part of a call's Reconnection that a PlayOut uses."""

    @property
    def count(self) -> int:
        """How often the call was reconnected."""


class PlayOut:
    """Waits for the last audio of one call. Use it in the event loop's thread only."""

    __slots__ = ("_heard", "_heard_replies", "_log", "_pump", "_reconnection", "key_replies")

    def __init__(
        self,
        pump: Pump[CallMachine],
        heard: MarkWaits,
        heard_replies: ReplyWaits,
        reconnection: Reconnected,
        log: CallLog,
    ) -> None:
        """Store the parts of the call."""
        self._pump = pump
        self._heard = heard
        self._heard_replies = heard_replies
        self._reconnection = reconnection
        self._log: CallLog | None = log
        self.key_replies: dict[Reply, float] = {}
        """Replies of keys, which end by themselves, and the duration of their audio in ms."""

    async def wait(self) -> None:
        """End all replies, and wait until the queued audio was heard, at most its estimated duration and ECHO_MS.

        After a lost WebSocket the wait begins again, because the estimate belongs to the old connection.
        """
        session = self._pump.machine.session
        while not session.ended:
            reconnected = self._reconnection.count
            if session.speech is not None:
                late = await self._speak_out(session.speech)
            else:
                late = await self._play_files_out()
            lost = session.lost or self._reconnection.count != reconnected
            if not lost or self._all_heard(session.speech):
                if late is not None and self._log is not None:
                    self._log.warn_of_peer("the last audio might not have been heard: %s", late)
                return

    def _all_heard(self, speech: SpeechChain | None) -> bool:
        """Return whether all queued audio was heard, so that no other WebSocket is needed."""
        return self._unheard_ms() <= 0 if speech is None else not speech.unended_replies

    async def _play_files_out(self) -> str | None:
        """Return why the last audio might not have been heard."""
        machine = self._pump.machine

        async def heard() -> None:
            await end_of(machine.plays.turn())
            if not machine.session.ended and self._unheard_ms() > 0:
                machine.session.flush()
                await self._heard.wait()

        if not await self._in_time(heard, ECHO_MS):
            return "the carrier did not return its mark"
        return None

    async def _speak_out(self, speech: SpeechChain) -> str | None:
        """End all replies, and wait until they were heard. They end by themselves unless the carrier stops reading.

        Returns:
            Why the last audio might not have been heard.
        """
        speech.end_replies(self.key_replies)
        self._pump.run()
        # The audio of keys is queued when everything before it was heard, which may take another GRACE_MS.
        keys_ms = sum(duration_ms + GRACE_MS for duration_ms in self.key_replies.values())
        more_ms = ECHO_MS + GRACE_MS + keys_ms
        if not await self._in_time(lambda: self._heard_replies.all_ended(speech.unended_replies), more_ms):
            return "it was not sent in time"
        return None

    async def _in_time(self, heard: Callable[[], Awaitable[object]], more_ms: float) -> bool:
        """Wait for the duration of all audio and more_ms, longer during a suspension. Returns False at the time-out."""
        machine, now_ms = self._pump.machine, self._pump.now_ms
        session = machine.session
        while True:
            limit_ms = machine.plays.waiting_ms + self._unheard_ms() + more_ms
            paused_ms, halts = session.paused_for_ms(now_ms()), session.halts
            suspended = paused_ms == inf
            try:
                async with asyncio.timeout((limit_ms if suspended else limit_ms + paused_ms) / 1000):
                    await heard()
            except TimeoutError:
                # After a pause or suspension, the audio gets its full time again.
                if not suspended and session.halts == halts:
                    return False
            else:
                return True

    def release(self) -> None:
        """Drop the log, because the call has ended."""
        self._log = None

    def _unheard_ms(self) -> float:
        session = self._pump.machine.session
        return session.position_ms - session.heard_ms(self._pump.now_ms())
