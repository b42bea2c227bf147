"""The phone's end of a call: speech, keys, and the behaviour of phone and carrier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypedDict

from rtpcodec.carriers.telnyx.commands import DTMF_DIGITS
from rtpcodec.codecs import codec as codec_named
from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.formats import AudioFormat, require_restarts
from rtpcodec.sim.media.speech import Speech, SpeechSource, open_speech
from rtpcodec.sim.media.timing import Timing
from rtpcodec.sim.media.variations import AS_DOCUMENTED, Variations
from rtpcodec.sim.webhooks.signalling import Signalling

ON_TIME: Final = Timing()
ORDINARY_CALL: Final = Signalling()


class PhoneOptions(TypedDict, total=False):
    """The keywords of `incoming_call` and `phone`; `Carrier.new_call` describes each of them."""

    codec: str
    sample_rate_hz: int | None
    speech_hz: int | None
    tail_ms: float
    playout_delay_ms: float
    dtmf: Iterable[tuple[float, str]]
    variations: Variations
    faults: Faults | None
    timing: Timing
    signalling: Signalling
    keeps_audio: bool
    logs_playout: bool
    max_call_s: float


@dataclass(frozen=True, slots=True)
class OpenedPhone:
    """A phone's part of one call."""

    media: AudioFormat
    speech: Speech
    dtmf: tuple[tuple[float, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """One phone and the person who speaks into it. `Carrier.new_call` describes the fields."""

    speech: SpeechSource = field(repr=False)
    codec: str = "PCMU"
    sample_rate_hz: int | None = None
    speech_hz: int | None = None
    tail_ms: float = 0.0
    playout_delay_ms: float = 0.0
    dtmf: Iterable[tuple[float, str]] = field(default=(), repr=False)
    variations: Variations = AS_DOCUMENTED
    faults: Faults | None = None
    timing: Timing = ON_TIME
    signalling: Signalling = ORDINARY_CALL
    keeps_audio: bool = True
    logs_playout: bool = False
    max_call_s: float = 3600.0

    def open(self) -> OpenedPhone:
        """Open codec, speech and keys for a call.

        Raises: the errors of `Carrier.new_call`.
        """
        habits = self.variations
        media = AudioFormat.of(codec_named(self.codec), self.sample_rate_hz, habits)
        media.require_chunks(habits.chunk_ms)
        opened = open_speech(self.speech, self.speech_hz, media.sample_rate_hz)
        opened.require_way_to(media.sample_rate_hz)
        require_restarts(media, habits)
        keys = tuple(self.dtmf)
        for _, digit in keys:
            require_digits(digit)
        return OpenedPhone(media, opened, keys)


@dataclass(frozen=True, slots=True)
class DialledPhone:
    """A number that can be dialled."""

    settings: PhoneSettings
    answers_after_s: float | None
    """Seconds until it is answered; None: never."""
    refuses_with: str | None = None
    """The hangup cause with which the call is refused at that time; None: it is answered."""


def require_digits(digits: str) -> None:
    """Check keys. Digits are secret, so the error does not show them.

    Raises:
        ValueError: a character is not a key.
    """
    for position, digit in enumerate(digits):
        if digit not in DTMF_DIGITS:
            raise ValueError(f"position {position} is not a DTMF key, allowed are {DTMF_DIGITS}")
