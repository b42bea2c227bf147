"""What listens to a MediaSession beside its reader: sinks, voice activity, what the caller heard."""

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
    """The base of MediaSession: its sinks, and the parts that are made when they are asked for."""

    plan: StreamPlan
    _speech: SpeechChain | None

    def listen(self, sink: Sink) -> None:
        """Let a sink see each event before `events` returns it, until `stop_listening`. It may add events."""
        if self._sinks is None:
            self._sinks = Sinks()
        self._sinks.add(sink)

    def stop_listening(self, sink: Sink) -> None:
        """Remove a sink. One that is not there is ignored."""
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

        now_ms: the time.
        settings: None: the default ones.
        judge: a detector of your own in place of the level, see SpeechJudge. `events` raises what it raises.
        reference: how loud the caller heard us; None: `heard_signal`, and in mode mp3 nothing.
        Returns: the detector.
        Raises: LocalProtocolError if the plan has no inbound track, or nothing is decoded; MissingLibrary if what we
            send cannot be decoded here; TypeError for settings of another type.
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

        settings: None: all kinds.
        Returns: the listener.
        Raises: LocalProtocolError if the plan has no inbound track, or nothing is decoded; TypeError for settings of
            another type.
        """
        if settings is not None and not isinstance(settings, ToneSettings):
            raise TypeError(f"settings is of type {type(settings).__name__}, ToneSettings or None is needed")
        listener = ToneListener(self._incoming.caller_track(), settings)
        self.listen(listener)
        return listener

    @property
    def privacy(self) -> Privacy:
        """Whether a private section runs, in which nothing that the caller says or keys may be kept."""
        if self._listening.privacy is None:
            far_end = None if self._speech is None else parts_of(self._speech).far_end
            self._listening.privacy = Privacy(None if far_end is None else lambda: far_end.round_trip_ms)
        return self._listening.privacy

    def heard_signal(self) -> HeardSignal:
        """Return what the caller hears, on the inbound media time line: made at the first call, from then on.

        Raises: LocalProtocolError in mode mp3, MissingLibrary if the send codec cannot be decoded here.
        """
        if self._listening.heard is None:
            if self._speech is None:
                raise LocalProtocolError(f"the plan's mode is {self.plan.mode!r}, heard_signal needs 'rtp'")
            self._listening.heard = HeardSignal(self.plan, parts_of(self._speech), self._incoming, self.privacy)
            self.listen(self._listening.heard)
        return self._listening.heard

    def end_privacy(self, now_ms: float) -> None:
        """End private sections, once all events of a stream that has ended were handled. The endpoint calls it."""
        if self._listening.privacy is not None:
            self._listening.privacy.end(now_ms)

    def _passed(self, sinks: Sinks, taken: list[Event], now_ms: float) -> list[Event]:
        seen = sinks.passed(taken, now_ms)
        self._end_watch()
        return seen

    def _end_watch(self) -> None:
        """Stop the search for faults, if enough was looked at."""
        watch = self._listening.watch
        if watch is not None and watch.over:
            self.stop_listening(watch)

    def _diagnose(self) -> None:
        """Look for faults, if that is wanted and is not being done."""
        watch = self._listening.watch
        if watch is not None and (self._sinks is None or watch not in self._sinks):
            self.listen(watch)
