"""The last audio of a call: all replies are ended, and waited for until they were heard."""

from __future__ import annotations

import asyncio
from typing import Final

from rtpcodec.pump.pump import Pump
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.heard import HeardMarks, HeardReplies
from rtpcodec.server.ongoing import end_of
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.resolving import GRACE_MS

ECHO_MS: Final = 1000.0
"""Wait for the last mark's echo beyond the estimated end of the audio: one round trip and the carrier's own buffer.
After that the echo is considered lost."""


class PlayOut:
    """Waits for the last audio of one call. Use it from the event loop's thread only."""

    __slots__ = ("_heard", "_heard_replies", "_log", "_pump", "key_replies")

    def __init__(self, pump: Pump[CallMachine], heard: HeardMarks, heard_replies: HeardReplies, log: CallLog) -> None:
        """Make it; all arguments: of the call."""
        self._pump = pump
        self._heard = heard
        self._heard_replies = heard_replies
        self._log: CallLog | None = log
        self.key_replies: dict[Reply, float] = {}
        """Replies of keys, which end by themselves, with the ms of their audio."""

    async def wait(self) -> None:
        """End all replies, and wait until the queued audio was heard, at most its estimated duration and ECHO_MS."""
        session = self._pump.machine.session
        if session.ended:
            return
        if session.speech is not None:
            await self._speak_out(session.speech)
        else:
            await self._play_files_out()

    async def _play_files_out(self) -> None:
        machine = self._pump.machine
        try:
            async with asyncio.timeout((machine.plays.waiting_ms + self._unheard_ms() + ECHO_MS) / 1000):
                await end_of(machine.plays.turn())
                if not machine.session.ended and self._unheard_ms() > 0:
                    machine.session.flush()
                    await self._heard.wait()
        except TimeoutError:
            self._warn("its mark was not echoed")

    async def _speak_out(self, speech: SpeechChain) -> None:
        """End all replies, and wait until they were heard. They end by themselves unless the socket stops reading."""
        speech.end_replies(self.key_replies)
        self._pump.run()
        limit_ms = self._pump.machine.plays.waiting_ms + self._unheard_ms() + ECHO_MS + GRACE_MS
        # The audio of keys is queued when all before it was heard, which may take another GRACE_MS.
        limit_ms += sum(duration_ms + GRACE_MS for duration_ms in self.key_replies.values())
        try:
            async with asyncio.timeout((limit_ms + speech.paused_for_ms(self._pump.now_ms())) / 1000):
                await self._heard_replies.all_ended(speech.unended_replies)
        except TimeoutError:
            self._warn("it was not sent in time")

    def release(self) -> None:
        """Drop the log, because the call has ended."""
        self._log = None

    def _warn(self, why: str) -> None:
        if self._log is not None:
            self._log.warn_of_peer("the last audio might not have been heard: %s", why)

    def _unheard_ms(self) -> float:
        session = self._pump.machine.session
        return session.position_ms - session.heard_ms(self._pump.now_ms())
