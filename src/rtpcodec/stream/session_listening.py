"""Observers of a MediaSession beside its reader: sinks, voice activity, the heard signal."""

from __future__ import annotations

from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.events import Event
from rtpcodec.stream.listening.heard_signal import HeardSignal
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.sinks import Sink, Sinks
from rtpcodec.stream.listening.tone_settings import ToneSettings
from rtpcodec.stream.listening.tones import ToneListener
from rtpcodec.stream.listening.turns import TurnWatch
from rtpcodec.stream.listening.voice import PlayedLevel, SpeechJudge, VoiceDetector
from rtpcodec.stream.listening.voice_settings import VoiceSettings
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session_state import SessionState
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.parts import parts_of


class ListeningSession(SessionState):
    """The base of MediaSession: its sinks, and the observers that are made on demand."""

    plan: StreamPlan
    _speech: SpeechChain | None

    def listen(self, sink: Sink) -> None:
        """Attach a sink: until `stop_listening`, it sees each event before `events` returns it, and may add events."""
        if self._sinks is None:
            self._sinks = Sinks()
        self._sinks.add(sink)

    def stop_listening(self, sink: Sink) -> None:
        """Detach a sink. An unknown one is ignored."""
        if self._sinks is not None and not self._sinks.remove(sink):
            self._sinks = None

    def voice(
        self,
        now_ms: float,
        settings: VoiceSettings | None = None,
        *,
        judge: SpeechJudge | None = None,
        reference: PlayedLevel | None = None,
    ) -> VoiceDetector:
        """Report when the caller speaks, as SpeechStarted and SpeechEnded, until `stop_listening(detector)`.

        Args:
            now_ms: the time.
            settings: None: the defaults.
            judge: a detector of your own in place of the level test, see SpeechJudge. `events` raises its errors.
            reference: how loud the caller heard us; None: `heard_signal`, in mode mp3 nothing.

        Returns:
            The detector.

        Raises:
            LocalProtocolError: the plan has no inbound track, or received audio is not decoded.
            MissingLibrary: the send codec cannot be decoded here.
            TypeError: settings has another type.
        """
        if settings is not None and not isinstance(settings, VoiceSettings):
            raise TypeError(f"settings is of type {type(settings).__name__}, VoiceSettings or None is needed")
        track = self._incoming.caller_track()
        if reference is None and self._speech is not None:
            reference = self.heard_signal()
        detector = VoiceDetector(track, settings, reference=reference, judge=judge, privacy=self.privacy, now_ms=now_ms)
        if self._listening.voice_suspended_by:
            detector.suspend(now_ms)
        self.listen(detector)
        if self._listening.turns is None and self._speech is not None:
            self._listening.turns = TurnWatch(parts_of(self._speech), self._incoming)
            self.listen(self._listening.turns)
        return detector

    def tones(self, settings: ToneSettings | None = None) -> ToneListener:
        """Report tones in the caller's audio, as ToneHeard, until `stop_listening(listener)`.

        Args:
            settings: None: all kinds of tones.

        Returns:
            The listener.

        Raises:
            LocalProtocolError: the plan has no inbound track, or received audio is not decoded.
            TypeError: settings has another type.
        """
        if settings is not None and not isinstance(settings, ToneSettings):
            raise TypeError(f"settings is of type {type(settings).__name__}, ToneSettings or None is needed")
        listener = ToneListener(self._incoming.caller_track(), settings)
        self.listen(listener)
        return listener

    @property
    def privacy(self) -> Privacy:
        """The private sections of the session, in which nothing that the caller says or keys may be kept."""
        if self._listening.privacy is None:
            far_end = None if self._speech is None else parts_of(self._speech).far_end
            self._listening.privacy = Privacy(None if far_end is None else lambda: far_end.round_trip_ms)
        return self._listening.privacy

    def heard_signal(self) -> HeardSignal:
        """Return the signal that the caller hears, on the inbound media timeline. It begins with the first call.

        Raises:
            LocalProtocolError: the mode is mp3.
            MissingLibrary: the send codec cannot be decoded here.
        """
        if self._listening.heard is None:
            if self._speech is None:
                raise LocalProtocolError(f"the plan's mode is {self.plan.mode!r}, heard_signal needs 'rtp'")
            self._listening.heard = HeardSignal(self.plan, parts_of(self._speech), self._incoming, self.privacy)
            self.listen(self._listening.heard)
        return self._listening.heard

    def end_privacy(self, now_ms: float) -> None:
        """End private sections, once all events of an ended stream were handled. The endpoint calls it."""
        if self._listening.privacy is not None:
            self._listening.privacy.end(now_ms)

    def _passed(self, sinks: Sinks, taken: list[Event], now_ms: float) -> list[Event]:
        seen = sinks.passed(taken, now_ms)
        self._end_watch()
        return seen

    def _end_watch(self) -> None:
        """Stop the search for faults, if it has seen enough."""
        watch = self._listening.watch
        if watch is not None and watch.over:
            self.stop_listening(watch)

    def _diagnose(self) -> None:
        """Start the search for faults, if it is enabled and does not run."""
        watch = self._listening.watch
        if watch is not None and (self._sinks is None or watch not in self._sinks):
            self.listen(watch)
