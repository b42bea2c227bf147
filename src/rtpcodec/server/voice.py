"""Voice activity of one call: waits for the caller's silence, and errors of a user's detector."""

from __future__ import annotations

import asyncio
from typing import Final

from rtpcodec.pickling import Live
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.stream.listening.voice import PAUSE_MS, SpeechJudge, VoiceDetector
from rtpcodec.stream.listening.voice_settings import VoiceSettings

LATE_MS: Final = PAUSE_MS + 300.0
"""Silence that was reported at most this long after the hang-over still counts from its beginning."""


class GuardedJudge(Live):
    """A detector of the user. If it raises an exception, that is reported once, and from then on the level decides."""

    __slots__ = ("_judge",)

    def __init__(self, judge: SpeechJudge) -> None:
        self._judge: SpeechJudge | None = judge

    def is_speech(self, pcm: bytes, sample_rate_hz: int) -> float | None:
        """Return the detector's result as a number; None after a failure, or if it returned None."""
        if self._judge is None:
            return None
        try:
            found = self._judge.is_speech(pcm, sample_rate_hz)
            return None if found is None else float(found)
        except Exception as error:
            self._judge = None
            message = "the detector of call.voice raised an exception; from now on the level decides"
            asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
            return None


class CallVoice(Live):
    """The voice activity of one call. Use it in the event loop's thread only."""

    __slots__ = ("_access", "_detector", "_waiters")

    def __init__(self, access: LoopAccess, settings: VoiceSettings | None, judge: SpeechJudge | None) -> None:
        """Begin. Errors as for `MediaSession.voice`."""
        session = access.machine("voice").session
        guarded = None if judge is None else GuardedJudge(judge)
        self._access = access
        self._waiters: list[asyncio.Future[None]] = []
        self._detector: VoiceDetector = session.voice(access.pump.now_ms(), settings, judge=guarded)
        self._detector.on_change = self._changed

    @property
    def speaking(self) -> bool:
        """Whether the caller speaks."""
        return self._detector.speaking

    @property
    def return_loss_db(self) -> float:
        """The estimated lower bound of the loss between what we play and its echo, in dB."""
        return self._detector.return_loss_db

    @property
    def noise_dbov(self) -> float:
        """The noise of the connection, in dBov."""
        return self._detector.noise_dbov

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called, or the stream has ended."""
        return self._detector.on_change is None

    def stop(self) -> None:
        """Report no more speech. Waits for silence end as at the end of the stream. A second call does nothing."""
        if not self.stopped:
            self._access.machine("stop").session.stop_listening(self._detector)
            self._detector.on_change = None
            self._changed()

    async def silent(self, after_s: float) -> bool:
        """Wait until the caller has been silent for a time. Returns False if the stream ended, or this was stopped."""
        if not after_s >= 0:
            raise ValueError(f"after_s is {after_s:g}, 0 or more is needed")
        loop, detector, now_ms = asyncio.get_running_loop(), self._detector, self._access.pump.now_ms
        # Silence that was just reported counts from its beginning, older silence from this call.
        begun_ms = now_ms()
        if detector.silent_since_ms >= begun_ms - detector.settings.hangover_ms - LATE_MS and not detector.speaking:
            begun_ms = detector.silent_since_ms
        while not self.stopped:
            left_ms = max(begun_ms, detector.silent_since_ms) + after_s * 1000 - now_ms()
            waits = detector.speaking or detector.suspended
            if left_ms <= 0 and not waits:
                return True
            change: asyncio.Future[None] = loop.create_future()
            self._waiters.append(change)
            timer = None if waits else loop.call_later(left_ms / 1000, _wake, change)
            try:
                await change
            finally:
                self._waiters.remove(change)
                if timer is not None:
                    timer.cancel()
        return False

    def _changed(self) -> None:
        for change in self._waiters:
            _wake(change)


def _wake(change: asyncio.Future[None]) -> None:
    if not change.done():
        change.set_result(None)
