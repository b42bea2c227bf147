"""Suspensions of a session, for reasons of the phone call: hold, transfer, answering-machine detection."""

from __future__ import annotations

from typing import Final

from rtpcodec.stream.capturing import CapturingSession
from rtpcodec.stream.connection_events import Held, Unheld
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.listening.voice import VoiceDetector

HOLD: Final = "hold"
"""The reason of the suspensions that `hold` begins."""


class SuspendingSession(CapturingSession):
    """The base of MediaSession that suspends speech and voice activity."""

    _events: EventQueue

    def suspend_speech(self, reason: str, now_ms: float) -> None:
        """Suspend replies until `resume_speech`, as a pause does. Background sound and keep-alive continue.

        The far end's buffer is cleared, and its audio kept. New audio waits. Several reasons may be active, together
        with `pause_playback`: replies continue when all have ended. An interruption ends replies, not a suspension. In
        mode mp3 no more files are sent, and the far end plays the rest of its buffer. After the end of the stream it
        does nothing.

        Args:
            reason: Name of the suspension, such as "hold"; a reason that is already active changes nothing.
            now_ms: The time.
        """
        if not self.ended:
            self._sending.suspend(reason, now_ms)

    def resume_speech(self, reason: str, now_ms: float) -> None:
        """End a suspension. After the last one, replies continue shortly before the first sample that was not heard.

        Args:
            reason: As given to `suspend_speech`; one that is not active changes nothing.
            now_ms: The time.
        """
        if not self.ended:
            self._sending.unsuspend(reason, now_ms)

    def hold(self, now_ms: float, *, held: bool = True) -> None:
        """Report that the phone call was put on hold, or taken off it: an event Held or Unheld.

        While the call is on hold, speech and voice activity are suspended for the reason "hold". A state that does not
        change is not reported. After the end of the stream it does nothing.

        Args:
            now_ms: The time.
            held: False: it was taken off hold.
        """
        listening = self._listening
        if self.ended or held is (HOLD in listening.voice_suspended_by):
            return
        if self._inputs is not None:
            self._inputs.held(held, now_ms)
        if held:
            self.suspend_speech(HOLD, now_ms)
            self.suspend_voice(HOLD, now_ms)
        else:
            self.resume_speech(HOLD, now_ms)
            self.resume_voice(HOLD, now_ms)
        self._events.put(Held() if held else Unheld())

    @property
    def halts(self) -> int:
        """Number of times that a pause or a suspension has stopped speech."""
        return self._sending.halts

    def paused_for_ms(self, now_ms: float) -> float:
        """Return the rest of a pause in ms; infinity if speech is suspended, 0 if neither."""
        return self._sending.paused_for_ms(now_ms)

    def suspend_voice(self, reason: str, now_ms: float) -> None:
        """Suspend voice activity until `resume_voice`: sound meanwhile, such as music, does not count as the caller.

        Speech of the caller ends. Several reasons may be active. Detectors that `voice` makes later are suspended too.

        Args:
            reason: Name of the suspension; a reason that is already active changes nothing.
            now_ms: The time.
        """
        self._suspend_voice(self._listening.voice_suspended_by | {reason}, now_ms)

    def resume_voice(self, reason: str, now_ms: float) -> None:
        """End a suspension of voice activity. After the last one, the caller counts as silent from now on.

        Args:
            reason: As given to `suspend_voice`; one that is not active changes nothing.
            now_ms: The time.
        """
        self._suspend_voice(self._listening.voice_suspended_by - {reason}, now_ms)

    def _suspend_voice(self, reasons: frozenset[str], now_ms: float) -> None:
        listening = self._listening
        was, listening.voice_suspended_by = listening.voice_suspended_by, reasons
        if bool(was) is not bool(reasons) and self._sinks is not None:
            for sink in self._sinks:
                if isinstance(sink, VoiceDetector):
                    sink.suspend(now_ms) if reasons else sink.resume(now_ms)
