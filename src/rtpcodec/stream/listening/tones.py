"""Tones in the caller's audio: keys, call progress tones, beeps of answering machines."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Final

from rtpcodec.audio.tone_detection import DetectedTone, ToneDetector
from rtpcodec.pickling import Live
from rtpcodec.stream._audio import Audio
from rtpcodec.stream.events import Event, FormatChanged, Stopped
from rtpcodec.stream.listening.tone_settings import ToneSettings
from rtpcodec.stream.listening_events import ToneHeard

SEAM_MS: Final = 1.0
"""Chunks are contiguous if the media time differs from the expected one by at most this."""
SILENCE_MS: Final = 1500.0
"""Time without audio counts as silence, as with DTX. After this much of it, every tone is complete."""
PAUSE_MS: Final = 200.0
"""Audio that is late by this will not come: hold, DTX, or a stalled socket."""


class ToneListener(Live):
    """Reports tones. A sink of a session, which `MediaSession.tones` makes and attaches.

    Use from one thread at a time.
    """

    __slots__ = ("_base_ms", "_detector", "_due_ms", "_next_ms", "settings", "track")

    def __init__(self, track: str, settings: ToneSettings | None = None) -> None:
        """Make a listener.

        track: the track to examine; others are ignored.
        settings: None: the defaults.
        """
        self.settings = ToneSettings() if settings is None else settings
        self.track = track
        """The track that is examined."""
        self._detector: ToneDetector | None = None
        self._base_ms = 0.0  # the media time of the detector's first sample
        self._next_ms = 0.0  # the media time behind the last chunk
        self._due_ms = inf

    @property
    def deadline_ms(self) -> float:
        """When a tone ends if no audio arrives; infinity: silence."""
        return self._due_ms

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Process an event, and return the tones that it completes."""
        if type(event) is Audio:
            return self._hear(event, now_ms) if event.pcm and event.track == self.track else ()
        if type(event) is FormatChanged or type(event) is Stopped:
            return self._silence()
        return ()

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Return the tones that have ended because no audio has arrived for too long."""
        return () if now_ms < self._due_ms else self._silence()

    def _hear(self, audio: Audio, now_ms: float) -> list[Event]:
        found: list[Event] = []
        detector, missing_ms = self._detector, audio.media_ms - self._next_ms
        if detector is not None and detector.sample_rate_hz == audio.sample_rate_hz and abs(missing_ms) > SEAM_MS:
            if 0 < missing_ms < SILENCE_MS:
                found += self._heard(detector, detector.lose(round(missing_ms * audio.sample_rate_hz / 1000)))
            else:
                found += self._silence()
                detector = None
        if detector is None or detector.sample_rate_hz != audio.sample_rate_hz:
            found += self._silence()
            detector = self._detector = ToneDetector(audio.sample_rate_hz, self.settings.kinds)
            self._base_ms = audio.media_ms
        found += self._heard(detector, detector.detect(audio.pcm))
        self._next_ms = audio.media_ms + audio.duration_ms
        self._due_ms = inf if detector.idle else now_ms + audio.duration_ms + PAUSE_MS
        return found

    def _silence(self) -> list[Event]:
        """End all current tones, because no contiguous audio follows."""
        detector, self._detector, self._due_ms = self._detector, None, inf
        if detector is None:
            return []
        silence = bytes(2 * round(SILENCE_MS * detector.sample_rate_hz / 1000))
        return self._heard(detector, detector.detect(silence))

    def _heard(self, detector: ToneDetector, tones: list[DetectedTone]) -> list[Event]:
        rate_hz = detector.sample_rate_hz
        return [
            ToneHeard(
                self.track,
                tone.kind,
                self._base_ms + tone.start_samples * 1000 / rate_hz,
                (tone.end_samples - tone.start_samples) * 1000 / rate_hz,
                tone.level_dbm0,
                tone.digit,
                tone.frequencies_hz,
            )
            for tone in tones
        ]
