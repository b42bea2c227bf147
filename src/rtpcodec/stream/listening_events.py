"""The events of listening: what the parts of `stream.listening` find in received audio."""

from __future__ import annotations

from dataclasses import dataclass, field

from rtpcodec.audio.tone_detection import ToneKind
from rtpcodec.stream._audio import Audio


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak."""

    track: str
    media_ms: float
    """Where the speech begins, in media time. It is reported by the onset of the settings later."""
    pre_roll: Audio = field(repr=False, compare=False)
    """The audio around the onset: from `pre_roll_ms` before it to the end of the last Audio before this event, so that
    what follows continues it. While we play, it reaches up to 1 s further back, where speech may have begun below the
    level of an echo. It has no payload, and is empty in a private section."""
    level_dbov: float
    """The level of the block that decided it."""
    while_playing: bool
    """Whether we played meanwhile, so loud that an echo could be heard."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The caller has stopped to speak, or the stream has paused, ended or changed its format."""

    track: str
    media_ms: float
    """Where the speech ends, in media time. It is reported by the hang-over of the settings later."""
    duration_ms: float
    """From the onset to the end of the speech, its short pauses included."""


@dataclass(frozen=True, slots=True)
class ToneHeard:
    """The audio of a track holds a tone. A key is not a `Dtmf` event: docs/tones.md says how the two relate."""

    track: str
    kind: ToneKind
    """"dtmf" a key, "sit" the special information tone, "beep" the tone of an answering machine; or a call progress
    tone."""
    media_ms: float
    """Where it begins, in media time."""
    duration_ms: float
    """As far as it was heard: a cadence is reported after two periods, a dial tone after 1 to 3 s."""
    level_dbm0: float
    digit: str = field(default="", repr=False)
    """The key; empty if it is another tone."""
    frequencies_hz: tuple[float, ...] = field(default=(), repr=False)
    """As they were measured; those of a key say which one it is."""
