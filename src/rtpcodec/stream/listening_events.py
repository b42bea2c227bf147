"""Events of listening: what `stream.listening` detects in received audio."""

from __future__ import annotations

from dataclasses import dataclass, field

from rtpcodec.audio.tone_detection import ToneKind
from rtpcodec.stream._audio import Audio


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak."""

    track: str
    media_ms: float
    """Media time of the start of the speech. The event follows later by the onset of the settings."""
    pre_roll: Audio = field(repr=False, compare=False)
    """The audio around the onset: from `pre_roll_ms` before it to the end of the last Audio before this event. The next
    Audio continues it. While we play, it reaches up to 1 s further back, where speech may have begun below the level of
    an echo. It has no payload, and is empty in a private section."""
    level_dbov: float
    """The level of the block that triggered the event."""
    while_playing: bool
    """Whether we were playing loud enough for an audible echo."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The caller stopped speaking, or the stream paused, ended or changed its format."""

    track: str
    media_ms: float
    """Media time of the end of the speech. The event follows later by the hang-over of the settings."""
    duration_ms: float
    """From the onset to the end of the speech, short pauses included."""


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """A tone in the audio of a track. A key in the audio is not a `Dtmf` event (docs/tones.md)."""

    track: str
    kind: ToneKind
    """"dtmf" (a key), "sit" (the special information tone), "beep" (of an answering machine), or a call progress
    tone."""
    media_ms: float
    """Media time of its start."""
    duration_ms: float
    """The duration heard so far: a cadence is reported after two periods, a dial tone after 1 to 3 s."""
    level_dbm0: float
    digit: str = field(default="", repr=False)
    """The key; empty for other tones."""
    frequencies_hz: tuple[float, ...] = field(default=(), repr=False)
    """The measured frequencies. Those of a key reveal it."""
