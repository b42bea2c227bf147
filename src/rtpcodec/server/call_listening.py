"""The listening side of a Call: what the caller says and does."""

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

    They end with the stream; `end_reason` is known when the last event, Stopped, is read.

    A reader begins with what comes after it was made. The first one of its kind that is made within 5 s after the first
    `start` begins with `start`, so that nothing is lost before a handler reads.
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
            track: "inbound" the caller; "outbound" the other leg, if the plan has it; None: all.
            pcm_hz: the rate of `Audio.pcm`, resampled without a seam; None: as it is received.
            fill: "silence": frames of 20 ms, 50 in each second, also while nothing comes. They have no payload.
            max_burst_ms: how much more than 1000 ms of audio a second may have while late audio is caught up, spaced
                evenly: 200 is 1.2 times real time, 0 catches up in pauses only. None: late audio comes at once.

        Returns:
            A reader. It holds 5 s; what is dropped beyond is `Audio.dropped_before_ms` of the next chunk. With one of
            the three options, `Audio.late_ms` is how much later than in real time each chunk comes.

        Raises:
            LocalProtocolError: in `on_audio` or `on_event`, outside the event loop's thread, or with pcm_hz if nothing
                is decoded (receive_pcm_hz=None).
            ValueError: track is another word, streams cannot be resampled to pcm_hz, fill has no pcm_hz or no track, or
                max_burst_ms is negative.
        """
        self._access.require_coroutine("audio")
        require_track(track)
        if pcm_hz is None and fill is None and max_burst_ms is None:
            return AudioReader(self._parts.readers, track, self._access)
        return ShapedReader(self._parts.readers, track, self._access, AudioShape(pcm_hz, fill, max_burst_ms))

    def events(self) -> EventReader:
        """Read all events, audio among them, as an async iterator that ends with the stream.

        Returns: a reader. It holds 5 s of audio and 1000 other events; beyond, an event Overrun counts what is dropped.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("events")
        return EventReader(self._parts.readers, self._access)

    def dtmf(self) -> DtmfReader:
        """Read the keys that the caller presses, as an async iterator that ends with the stream.

        Returns: a reader. It holds 1000 keys.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
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
        """Collect the keys of one entry, such as a PIN, beside any reader of the call.

        Args:
            prompt: a reply of this call that asks for the keys. The first time-out begins once it was heard to its end;
                None: at once.
            interrupt: whether the first key stops the prompt, if that is interruptible.
            typed_ahead: whether keys count that came before this call, since the stream began or the last entry ended;
                False: they are dropped.
            max: how many keys are complete; None: 128. Keys beyond it stay for the next entry, apart from an end key
                right behind the last one.
            end: the keys that end the entry and are not part of it; None: no key does.
            first_timeout_s: how long the caller may take for the first key; None: without limit.
            between_timeout_s: for each further one; it does not run while the prompt is heard.

        Returns:
            The keys and what ended the entry. Cancelled, it leaves its keys to the next one.

        Raises:
            LocalProtocolError: another one runs, in `on_audio`, which cannot wait, and in the prompt's own block before
                its `end`.
            ValueError: as above.
            TypeError: for a rule that cannot be kept, and for a reply of another call.
        """
        access = self._access
        access.require_coroutine("collect_dtmf")
        rules = EntryRules(max, end, first_timeout_s, between_timeout_s)
        spoken = None if prompt is None else prompt_of(prompt, access, "collect_dtmf")
        collection = KeyCollection(access, self._parts.keys, rules, spoken, interrupt=interrupt)
        return await collection.run(typed_ahead=typed_ahead)

    def tones(self, settings: ToneSettings | None = None) -> CallTones:
        """Report tones in the caller's audio from now on, as ToneHeard among the events.

        Keys that are heard so are not part of `dtmf` and `collect_dtmf`. Several may run at the same time.

        Args:
            settings: None: all kinds.

        Returns:
            A handle with `stop`.

        Raises:
            LocalProtocolError: the plan has no inbound track, or nothing is decoded (receive_pcm_hz=None).
            TypeError: settings are something else.
        """
        return CallTones(self._access, settings)

    # Voice activity

    def voice(self, settings: VoiceSettings | None = None, *, judge: SpeechJudge | None = None) -> CallVoice:
        """Report when the caller speaks from now on: SpeechStarted and SpeechEnded among the events.

        Nothing is interrupted by it. A second call replaces the detector of the first.

        Args:
            settings: None: the default ones.
            judge: a detector of your own in place of the level. If it raises, the event loop's exception handler gets
                the error, and the level decides from then on.

        Returns:
            A handle with `stop`.

        Raises:
            LocalProtocolError: the plan has no inbound track, or nothing is decoded (receive_pcm_hz=None).
            TypeError: settings or judge are something else.
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
        """Wait until the caller has been silent for so long, since the end of the speech or since this call.

        Returns: True; False if the stream ended first, or the handle of `voice` was stopped.
        Raises: LocalProtocolError before `voice`, and in `on_audio`; ValueError if after_s is negative.
        """
        self._access.require_coroutine("caller_silent")
        return await self._required_voice("caller_silent()").silent(after_s)

    def _required_voice(self, name: str) -> CallVoice:
        if self._voice is None:
            raise LocalProtocolError(f"{name} needs voice activity, which is off: call voice() first")
        return self._voice
