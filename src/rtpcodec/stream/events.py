"""What a MediaSession tells. Plain values; `Audio`, the one hot event, is in _audio.pyx.

Digits, numbers, `client_state` and custom parameters are left out of every repr, because reprs end up in logs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from rtpcodec.stream._audio import Audio
from rtpcodec.stream.messages import MediaFormat, Start

__all__ = [
    "Audio",
    "CarrierError",
    "Dtmf",
    "Event",
    "FormatChanged",
    "Gap",
    "Interrupted",
    "InterruptionSettled",
    "Malformed",
    "MarkCleared",
    "MarkPlayed",
    "Overrun",
    "Stalled",
    "Started",
    "Stopped",
    "Unknown",
    "UnsupportedCodec",
]


@dataclass(slots=True, kw_only=True)
class Started:
    """The carrier's `start`: who calls whom, and in what format audio comes. A call may have several."""

    stream_id: str | None
    call_control_id: str | None
    call_session_id: str | None
    user_id: str | None
    from_number: str | None = field(repr=False)
    to_number: str | None = field(repr=False)
    tags: tuple[str, ...]
    client_state: str | None = field(repr=False)
    custom_parameters: dict[str, str] = field(repr=False)
    media_format: MediaFormat
    monotonic_ms: float
    """When it was received, on the clock of `now_ms`."""
    utc_ms: float | None
    """The same moment in ms since 1970 UTC; None when the session was given no `utc_offset_ms`."""

    @classmethod
    def of(cls, start: Start, monotonic_ms: float, utc_ms: float | None) -> Started:
        """The event of a `start` message."""
        return cls(
            stream_id=start.stream_id,
            call_control_id=start.call_control_id,
            call_session_id=start.call_session_id,
            user_id=start.user_id,
            from_number=start.from_number,
            to_number=start.to_number,
            tags=start.tags,
            client_state=start.client_state,
            custom_parameters=start.custom_parameters,
            media_format=start.media_format,
            monotonic_ms=monotonic_ms,
            utc_ms=utc_ms,
        )


@dataclass(slots=True)
class Stalled:
    """The socket was silent, and speaks again. Nothing is lost by this: what was delayed follows in order."""

    silence_ms: float


@dataclass(slots=True)
class Gap:
    """Chunks that never came although later ones did; the audio that follows starts at `media_ms` + `duration_ms`."""

    track: str
    lost_chunks: int
    media_ms: float
    duration_ms: float
    """Estimated: as long as the chunk that follows, for each lost one."""


@dataclass(slots=True)
class Dtmf:
    """A key that the caller pressed."""

    digit: str = field(repr=False)
    occurred_at: str | None
    """ISO 8601, taken in the carrier's engine: messages may be out of order, this is not."""


@dataclass(slots=True)
class MarkPlayed:
    """The audio before this mark has been heard."""

    name: str


@dataclass(slots=True)
class MarkCleared:
    """This mark's audio was not heard to its end, or nobody will ever tell."""

    name: str
    reason: Literal["interrupt", "timeout", "stop"]


@dataclass(slots=True)
class FormatChanged:
    """The carrier changed the format in the middle of a call; decoders were built anew."""

    before: MediaFormat
    after: MediaFormat


@dataclass(slots=True)
class UnsupportedCodec:
    """Audio comes in a codec that cannot be decoded here. Its payloads are delivered, and sending goes on."""

    encoding: str
    sample_rate_hz: int | None
    remedy: str


@dataclass(slots=True)
class CarrierError:
    """The carrier complains about what we sent. The stream goes on unless the carrier ends it."""

    code: int | None
    title: str | None
    detail: str | None


@dataclass(slots=True)
class Malformed:
    """A message that breaks a rule of the wire. It was dropped, the stream goes on; too many in a row end the call."""

    rule: str
    """One of `rtpcodec.stream.wire.RULES`."""
    detail: str


@dataclass(slots=True)
class Stopped:
    """The stream is over."""

    reason: Literal["stop", "closed", "closed_here", "malformed"]
    """By the carrier's `stop`; by the socket alone, which is abnormal; by us; or by too many malformed messages."""


@dataclass(slots=True)
class Unknown:
    """A message of a kind that this version does not know."""

    event: str
    text: str = field(repr=False)


@dataclass(slots=True)
class Overrun:
    """A slow reader: the oldest events, nearly always audio, were dropped so that memory stays bounded."""

    dropped_ms: float = 0.0
    """Of audio."""
    dropped_events: int = 0
    """All of them, chunks of audio included."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The estimate at the moment of an interruption; InterruptionSettled follows with the final value."""

    played_ms: float
    """Estimated part of this utterance that was heard. It began after the last `flush` or interruption."""
    dropped_ms: float
    """Audio queued here or at the carrier that nobody will hear."""


@dataclass(frozen=True, slots=True)
class InterruptionSettled:
    """The final value for an interruption: every mark that was on its way has ended."""

    interrupted: Interrupted
    """The estimate that `interrupt` returned."""
    played_ms: float
    """Like the estimate's played_ms, corrected by the marks that came back."""


Event = (
    Audio
    | Started
    | Stalled
    | Gap
    | Dtmf
    | MarkPlayed
    | MarkCleared
    | FormatChanged
    | UnsupportedCodec
    | CarrierError
    | Malformed
    | Stopped
    | Unknown
    | Overrun
    | InterruptionSettled
)
"""Everything that `MediaSession.events` and `Call.events` can give."""
