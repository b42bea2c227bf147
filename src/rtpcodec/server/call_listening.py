"""The listening side of a Call: what the caller says and does."""

from __future__ import annotations

from rtpcodec.errors import LocalProtocolError
from rtpcodec.server.call_base import CallBase
from rtpcodec.server.inbox import AudioReader, EventReader
from rtpcodec.server.voice import CallVoice
from rtpcodec.stream.listening.voice import SpeechJudge
from rtpcodec.stream.listening.voice_settings import VoiceSettings


class ListeningSide(CallBase):
    """Readers of one call."""

    __slots__ = ()

    def audio(self, track: str | None = None) -> AudioReader:
        """Return the audio of one track (None: of all) as an async iterator that ends with the stream.

        Other events are skipped. Only one task at a time may read a call. A slow reader loses the oldest audio beyond
        5 s.
        """
        self._access.require_coroutine("audio")
        return AudioReader(self._parts.inbox, track)

    def events(self) -> EventReader:
        """Return all events, from Started to Stopped, as an async iterator that ends with the stream."""
        self._access.require_coroutine("events")
        return EventReader(self._parts.inbox)

    # Voice activity

    def voice(self, settings: VoiceSettings | None = None, *, judge: SpeechJudge | None = None) -> CallVoice:
        """Report when the caller speaks from now on: SpeechStarted and SpeechEnded among the events.

        Nothing is interrupted by it. A second call replaces the detector of the first.

        settings: None: the default ones.
        judge: a detector of your own in place of the level. If it raises, the event loop's exception handler gets the
            error, and the level decides from then on.
        Returns: a handle with `stop`.
        Raises: LocalProtocolError if the plan has no inbound track, or nothing is decoded (receive_pcm_hz=None).
        """
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

    def reference(self, media_ms: float, duration_ms: float = 20, pcm_hz: int | None = None) -> bytes:
        """Return what the caller heard at a time, for an echo canceller: native int16 PCM, silence where it was silent.

        The echo of it arrives up to 600 ms behind, with the inbound audio of that later time. Audio that was sent
        before the first call of this method is missing, so call it once when the call begins.

        media_ms: the inbound media time, of the last 3 s, such as `Audio.media_ms`.
        duration_ms: how long.
        pcm_hz: the rate wanted; None: that of the codec that we send.
        Raises: LocalProtocolError in mode mp3; MissingLibrary if what we send cannot be decoded here; ValueError if the
        rate cannot be resampled.
        """
        return self._machine("reference").session.heard_signal().reference(media_ms, duration_ms, pcm_hz)
