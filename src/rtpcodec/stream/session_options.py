"""The options that a MediaSession was made with, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.speaking.settings import SpeakingSettings


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The options of a session: arguments of MediaSession."""

    receive_pcm_hz: PcmRate
    send_pcm_hz: int | None
    stall_ms: float
    conceal: bool
    utc_offset_ms: float | None
    diagnosis_s: float | None
    speaking: SpeakingSettings
