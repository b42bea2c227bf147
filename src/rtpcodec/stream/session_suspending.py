"""Suspensions of a session, for reasons that lie in the phone call: hold, transfer, a verdict that is awaited."""

from __future__ import annotations

from typing import Final

from rtpcodec.stream.capturing import CapturingSession
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.line_events import Held, Unheld
from rtpcodec.stream.listening.voice import VoiceDetector

HOLD: Final = "hold"
"""The reason of the suspensions that `hold` begins."""


class SuspendingSession(CapturingSession):
    """The base of MediaSession that suspends what it says and what it listens for."""

    _events: EventQueue

    def suspend_speech(self, reason: str, now_ms: float) -> None:
        """Suspend replies until `resume_speech`, as a pause does. Sound beside speech continues.

        What the far end holds is cleared and kept. Audio that is played meanwhile waits. Several reasons may be active,
        beside `pause_playback`: replies continue when all have ended. An interruption ends replies, not a suspension.
        In mode mp3 no more files are sent, and what the far end holds plays on.

        reason: names the suspension, such as "hold"; a reason that is active already changes nothing.
        now_ms: the time.
        After the end of the stream it does nothing.
        """
        if not self.ended:
            self._sending.suspend(reason, now_ms)

    def resume_speech(self, reason: str, now_ms: float) -> None:
        """End a suspension; behind the last one replies continue shortly before the first sample that was not heard.

        reason: as given to `suspend_speech`; one that is not active changes nothing.
        now_ms: the time.
        """
        if not self.ended:
            self._sending.unsuspend(reason, now_ms)

    def hold(self, now_ms: float, *, held: bool = True) -> None:
        """Report that the phone call was put on hold, or taken off it: an event Held or Unheld.

        While it is held, speech and voice activity are suspended for the reason "hold".

        now_ms: the time.
        held: False: it was taken off hold. A state that does not change is not reported.
        After the end of the stream it does nothing.
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
        """How often a pause or a suspension has stopped speech."""
        return self._sending.halts

    def paused_for_ms(self, now_ms: float) -> float:
        """Return how much longer a pause lasts unless something ends it; infinity: speech is suspended; 0: neither."""
        return self._sending.paused_for_ms(now_ms)

    def suspend_voice(self, reason: str, now_ms: float) -> None:
        """Suspend voice activity until `resume_voice`: what is heard meanwhile, such as music, is not the caller.

        Speech that runs ends. Several reasons may be active. It holds for detectors that `voice` makes later as well.

        reason: names the suspension; a reason that is active already changes nothing.
        now_ms: the time.
        """
        self._suspend_voice(self._listening.voice_suspended_by | {reason}, now_ms)

    def resume_voice(self, reason: str, now_ms: float) -> None:
        """End a suspension of voice activity; behind the last one the caller counts as silent from now on.

        reason: as given to `suspend_voice`; one that is not active changes nothing.
        now_ms: the time.
        """
        self._suspend_voice(self._listening.voice_suspended_by - {reason}, now_ms)

    def _suspend_voice(self, reasons: frozenset[str], now_ms: float) -> None:
        listening = self._listening
        was, listening.voice_suspended_by = listening.voice_suspended_by, reasons
        if bool(was) is not bool(reasons) and self._sinks is not None:
            for sink in self._sinks:
                if isinstance(sink, VoiceDetector):
                    sink.suspend(now_ms) if reasons else sink.resume(now_ms)
