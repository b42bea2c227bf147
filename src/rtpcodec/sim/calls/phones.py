"""Who is at the other end of a call: what they say, and how their phone and their carrier behave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypedDict

from rtpcodec.codecs import codec as codec_named
from rtpcodec.sim.media.formats import AudioFormat
from rtpcodec.sim.media.network import Faults
from rtpcodec.sim.media.speech import Speech, SpeechSource, open_speech
from rtpcodec.sim.media.variations import Variations

DIGITS: Final = "0123456789*#ABCD"
"""The keys of RFC 4733 section 3.2 that a phone can have."""

AS_DOCUMENTED: Final = Variations()


class PhoneOptions(TypedDict, total=False):
    """The keywords of `incoming_call` and `phone`; `Carrier.new_call` says what each of them means."""

    codec: str
    sample_rate_hz: int | None
    speech_hz: int | None
    tail_ms: float
    playout_delay_ms: float
    dtmf: Iterable[tuple[float, str]]
    variations: Variations
    faults: Faults | None
    max_call_s: float


@dataclass(frozen=True, slots=True)
class OpenedPhone:
    """What a phone brings to one call."""

    media: AudioFormat
    speech: Speech
    dtmf: tuple[tuple[float, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """One phone and who speaks into it. `Carrier.new_call` says what the fields mean."""

    speech: SpeechSource = field(repr=False)
    codec: str = "PCMU"
    sample_rate_hz: int | None = None
    speech_hz: int | None = None
    tail_ms: float = 0.0
    playout_delay_ms: float = 0.0
    dtmf: Iterable[tuple[float, str]] = field(default=(), repr=False)
    variations: Variations = AS_DOCUMENTED
    faults: Faults | None = None
    max_call_s: float = 3600.0

    def open(self) -> OpenedPhone:
        """Codec, speech and keys of a call. Errors are those of `Carrier.new_call`."""
        media = AudioFormat.of(codec_named(self.codec), self.sample_rate_hz, self.variations)
        media.samples_in_ms(self.variations.chunk_ms)
        media.encoder(self.variations.chunk_ms)
        opened = open_speech(self.speech, self.speech_hz, media.sample_rate_hz)
        opened.require_way_to(media.sample_rate_hz)
        keys = tuple(self.dtmf)
        for _, digit in keys:
            require_digits(digit)
        return OpenedPhone(media, opened, keys)


def require_digits(digits: str) -> None:
    """ValueError: a character that no key has. It is not shown, digits are secret."""
    for position, digit in enumerate(digits):
        if digit not in DIGITS:
            raise ValueError(f"character {position} is no key, allowed are {DIGITS}")
