"""The listening side of a Call: readers, keys, tones and voice activity."""

from __future__ import annotations

from typing import Final

from rtpcodec.errors import LocalProtocolError
from rtpcodec.server.call_base import CallBase
from rtpcodec.server.collecting import Digits, EntryRules, KeyCollection
from rtpcodec.server.readers.reading import AudioReader, DtmfReader, EventReader
from rtpcodec.server.readers.shaped_reading import AudioShape, Fill, ShapedReader
from rtpcodec.server.replies import Reply, prompt_of
from rtpcodec.server.tones import CallTones
from rtpcodec.server.voice import CallVoice
from rtpcodec.stream.listening.tone_settings import ToneSettings
from rtpcodec.stream.listening.track_names import require_track
from rtpcodec.stream.listening.voice import SpeechJudge
from rtpcodec.stream.listening.voice_settings import VoiceSettings

CALLER: Final = "inbound"
"""The track that a handler listens to unless it asks for another."""


class ListeningSide(CallBase):
    """Readers of one call: any number at the same time, each with a queue of its own.

    They end with the stream; `end_reason` is set when the last event, Stopped, is read. A reader delivers what arrives
    after its creation. The first reader of its kind that is created within 5 s after the first `start` delivers
    everything since `start`, so that nothing is lost before a handler reads.
    """

    __slots__ = ()

    def audio(
        self,
        track: str | None = CALLER,
        *,
        pcm_hz: int | None = None,
        fill: Fill | None = None,
        max_burst_ms: float | None = None,
    ) -> AudioReader:
        """Read the audio of one track, as an async iterator that ends with the stream.

        Args:
            track: "inbound": the caller; "outbound": the other leg, if the plan has it; None: all tracks.
            pcm_hz: the sample rate of `Audio.pcm` in Hz, resampled without a seam; None: as received.
            fill: "silence": frames of 20 ms, 50 per second, also while nothing arrives. They have no payload. None:
                chunks as they arrive.
            max_burst_ms: how fast late audio is delivered, in ms of audio per second beyond real time, evenly spaced:
                200 is 1.2 times real time, 0 catches up in pauses only. None: late audio is delivered at once.

        Returns:
            A reader. It holds 5 s of audio; `Audio.dropped_before_ms` of the next chunk reports what was dropped beyond
            that. With any of the last three options, `Audio.late_ms` is how far behind real time each chunk is
            delivered.

        Raises:
            LocalProtocolError: called in `on_audio` or `on_event`, or outside the event loop's thread; or pcm_hz is
                given and nothing is decoded (receive_pcm_hz=None).
            ValueError: track is another word, pcm_hz cannot be resampled to, fill is given without pcm_hz or track, or
                max_burst_ms is negative.
        """
        self._access.require_coroutine("audio")
        require_track(track)
        if pcm_hz is None and fill is None and max_burst_ms is None:
            return AudioReader(self._parts.readers, track, self._access)
        return ShapedReader(self._parts.readers, track, self._access, AudioShape(pcm_hz, fill, max_burst_ms))

    def events(self) -> EventReader:
        """Read all events, audio among them, as an async iterator that ends with the stream.

        Returns:
            A reader. It holds 5 s of audio and 1000 other events; an event Overrun counts what was dropped beyond that.

        Raises:
            LocalProtocolError: called in `on_audio` or `on_event`, or outside the event loop's thread.
        """
        self._access.require_coroutine("events")
        return EventReader(self._parts.readers, self._access)

    def dtmf(self) -> DtmfReader:
        """Read the keys that the caller presses, as an async iterator that ends with the stream.

        Returns:
            A reader. It holds 1000 keys.

        Raises:
            LocalProtocolError: called in `on_audio` or `on_event`, or outside the event loop's thread.
        """
        self._access.require_coroutine("dtmf")
        return DtmfReader(self._parts.readers, self._access)

    async def collect_dtmf(
        self,
        prompt: Reply | None = None,
        *,
        interrupt: bool = True,
        typed_ahead: bool = True,
        max: int | None = None,  # noqa: A002 -- the most natural name
        end: str | None = "#",
        first_timeout_s: float | None = 7.0,
        between_timeout_s: float | None = 3.0,
    ) -> Digits:
        """Collect the keys of one entry, such as a PIN. Readers of the call are not affected.

        Args:
            prompt: a reply of this call that asks for the keys. The first time-out begins once it was heard to its end.
                None: the time-out begins at once.
            interrupt: whether the first key stops the prompt, if the prompt is interruptible.
            typed_ahead: True: keys count that arrived before this call, since the stream began or the last entry ended.
                False: they are dropped.
            max: the number of keys that completes the entry; None: 128. Further keys stay for the next entry, except an
                end key directly after the last one.
            end: the keys that end the entry and are not part of it; None: no key ends it.
            first_timeout_s: time for the first key, in s; None: without limit.
            between_timeout_s: time for each further key, in s; it does not run while the prompt is heard. None: without
                limit.

        Returns:
            The keys, and what ended the entry. If the call is cancelled, its keys stay for the next entry.

        Raises:
            LocalProtocolError: another entry is running; called in `on_audio`, outside the event loop's thread, or in
                the prompt's own block before its `end`.
            ValueError, TypeError: a rule is invalid, or the prompt belongs to another call.
        """
        access = self._access
        access.require_coroutine("collect_dtmf")
        rules = EntryRules(max, end, first_timeout_s, between_timeout_s)
        spoken = None if prompt is None else prompt_of(prompt, access, "collect_dtmf")
        collection = KeyCollection(access, self._parts.keys, rules, spoken, interrupt=interrupt)
        return await collection.run(typed_ahead=typed_ahead)

    def tones(self, settings: ToneSettings | None = None) -> CallTones:
        """Report tones in the caller's audio from now on, as ToneHeard among the events.

        Keys that are detected in the audio are not part of `dtmf` and `collect_dtmf`. Several detections may run at
        once.

        Args:
            settings: the kinds of tones; None: all kinds.

        Returns:
            A handle with `stop`.

        Raises:
            LocalProtocolError: the plan has no inbound track, nothing is decoded (receive_pcm_hz=None), or called
                outside the event loop's thread.
            TypeError: settings is not a ToneSettings.
        """
        return CallTones(self._access, settings)

    # Voice activity

    def voice(self, settings: VoiceSettings | None = None, *, judge: SpeechJudge | None = None) -> CallVoice:
        """Report when the caller speaks from now on: SpeechStarted and SpeechEnded among the events.

        It interrupts nothing. A second call replaces the detector of the first.

        Args:
            settings: the settings of the detector; None: the defaults.
            judge: your own detector, which replaces the level. If it raises an exception, the event loop's exception
                handler gets the error, and from then on the level decides.

        Returns:
            A handle with `stop`.

        Raises:
            LocalProtocolError: the plan has no inbound track, nothing is decoded (receive_pcm_hz=None), or called
                outside the event loop's thread.
            TypeError: settings or judge has another type.
        """
        if judge is not None and not callable(getattr(judge, "is_speech", None)):
            raise TypeError(f"judge is of type {type(judge).__name__}, an object with is_speech is needed, or None")
        before, self._voice = self._voice, CallVoice(self._access, settings, judge)
        if before is not None:
            before.stop()
        return self._voice

    @property
    def caller_speaking(self) -> bool:
        """Whether the caller speaks. Raises LocalProtocolError before `voice`."""
        return self._required_voice("caller_speaking").speaking

    async def caller_silent(self, after_s: float) -> bool:
        """Wait until the caller has been silent for a time, counted from the end of the speech or from this call.

        Args:
            after_s: the time in s.

        Returns:
            True; False if the stream ended first, or the handle of `voice` was stopped.

        Raises:
            LocalProtocolError: called before `voice`, or in `on_audio`.
            ValueError: after_s is negative.
        """
        self._access.require_coroutine("caller_silent")
        return await self._required_voice("caller_silent()").silent(after_s)

    def _required_voice(self, name: str) -> CallVoice:
        if self._voice is None:
            raise LocalProtocolError(f"{name} needs voice activity, which is off: call voice() first")
        return self._voice
