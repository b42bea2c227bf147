"""The events that a MediaSession reports, as plain values. `Audio`, the most frequent one, is in _audio.pyx.

No repr shows digits, phone numbers, `client_state` or custom parameters, because reprs end up in logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rtpcodec.pickling import Value
from rtpcodec.stream._audio import Audio
from rtpcodec.stream.connection_events import Disconnected, Held, MediaSilent, Reconnected, Unheld
from rtpcodec.stream.listening_events import SpeechEnded, SpeechStarted, ToneHeard
from rtpcodec.stream.messages import MediaFormat, Start
from rtpcodec.stream.sending_events import (
    Interrupted,
    InterruptionSettled,
    MarkCleared,
    MarkPlayed,
    PauseResolved,
    ReplyEnded,
    SendStalled,
    UnexpectedMark,
)

__all__ = [
    "Audio",
    "CarrierError",
    "CounterChanged",
    "Diagnosis",
    "DiagnosisKind",
    "Disconnected",
    "Dtmf",
    "Event",
    "FormatChanged",
    "Gap",
    "Held",
    "Interrupted",
    "InterruptionSettled",
    "Malformed",
    "MarkCleared",
    "MarkPlayed",
    "MediaFormat",
    "MediaSilent",
    "Overrun",
    "PauseResolved",
    "PayloadMisfit",
    "Reconnected",
    "ReplyEnded",
    "SendStalled",
    "SpeechEnded",
    "SpeechStarted",
    "Stalled",
    "Started",
    "Stopped",
    "ToneHeard",
    "UnexpectedMark",
    "Unheld",
    "Unknown",
    "UnsupportedCodec",
]


@dataclass(slots=True, kw_only=True)
class Started(Value):
    """The carrier's `start`: the parties of the call and the format of its audio. A call may have several."""

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
    """The same time in ms since 1970 UTC; None if the session has no `utc_offset_ms`."""
    raw: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    """The whole message as received, with the members that have no field here or break a rule."""

    @classmethod
    def of(cls, start: Start, monotonic_ms: float, utc_ms: float | None) -> Started:
        """Make the event of a `start` message.

        Args:
            start: The message.
            monotonic_ms: When it was received, on the session's clock.
            utc_ms: The same time in ms since 1970 UTC; None: unknown.
        """
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
            raw=start.raw,
        )


@dataclass(slots=True)
class Stalled(Value):
    """The socket was silent, and delivers again. No audio is lost by this alone: delayed messages follow in order."""

    silence_ms: float


@dataclass(slots=True)
class Gap(Value):
    """Time without audio on a track. The next audio starts at `media_ms` + `duration_ms`."""

    track: str
    lost_chunks: int
    """Chunks that did not arrive although later ones did; 0: nothing was lost, the carrier sent no audio."""
    media_ms: float
    duration_ms: float
    """By the timestamps, if they are valid; otherwise by the duration of the chunk after the gap, per lost chunk."""
    reason: Literal["lost", "pause", "carrier"] = "lost"
    """The cause. "lost": chunks did not arrive. "pause": the caller was on hold, muted, or silent with DTX. "carrier":
    the carrier dropped audio after a stall. Only lost chunks are concealed."""


@dataclass(slots=True)
class CounterChanged(Value):
    """A counter of the carrier's chunks restarted or is not valid. No audio is lost by this."""

    track: str
    counter: Literal["chunk", "sequence", "timestamp"]
    """"sequence": the sequence number of all messages, which gives the order if chunks have no numbers."""
    change: Literal["restarted", "ignored"]
    """"restarted": its values continue from another number. "ignored": from now on the order of arrival counts, or for
    "timestamp" each chunk begins where the previous one ends."""


@dataclass(slots=True)
class Dtmf(Value):
    """A key that the caller pressed."""

    digit: str = field(repr=False)
    occurred_at: str | None
    """When the carrier detected the key, in ISO 8601. Messages may be out of order; these times are not."""


@dataclass(slots=True)
class FormatChanged(Value):
    """The carrier changed the format during a call; the decoders were replaced."""

    before: MediaFormat
    after: MediaFormat
    announced: bool = True
    """Whether a `start` declared the new format. False: it was found in the payloads; `reason` says how."""
    reason: str = ""
    track: str | None = None
    """The track whose payloads changed; None: all tracks, by a `start`."""


@dataclass(slots=True)
class PayloadMisfit(Value):
    """A payload is not valid in the codec of its `start`. Once per codec; Statistics.misfit_payloads counts all.

    The payload is delivered as Audio without PCM. The stream and our sending continue.
    """

    encoding: str
    """The codec in which the payload is not valid."""
    track: str
    reason: str
    """The rule of the codec that the payload breaks, with its numbers."""
    remedy: str
    """Codecs in which it would be valid, and what to change."""


@dataclass(slots=True)
class UnsupportedCodec(Value):
    """The carrier's codec cannot be decoded here. Payloads are still delivered; sending continues."""

    encoding: str
    sample_rate_hz: int | None
    remedy: str


DiagnosisKind = Literal[
    "wrong_law",
    "wrong_codec",
    "wrong_byte_order",
    "wrong_rate",
    "stereo_as_mono",
    "rtp_header_in_payload",
    "base64_twice",
    "file_in_payload",
    "counters_do_not_count",
    "codec_not_as_planned",
    "tracks_not_as_planned",
    "packing_not_as_planned",
    "mode_not_as_planned",
    "plan_impossible",
    "marks_not_returned",
    "marks_returned_early",
    "marks_lost",
    "marks_late",
    "clear_loses_marks",
    "clear_slow",
    "clear_ignored",
    "marks_refused",
]
"""The kinds of Diagnosis. Their names are stable; docs/diagnosis.md has the evidence and the remedy of each."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The stream is certainly not as declared, or its carrier does not behave as documented.

    Reported once per kind and change: a `start`, another format, the end of a hold, numbers that restart. Kinds about
    marks and clears are reported once per kind and stream.
    """

    kind: DiagnosisKind
    evidence: str
    """The observation, in words and numbers."""
    remedy: str
    """What to change to end it."""


@dataclass(slots=True)
class CarrierError(Value):
    """The carrier reports an error in a message of ours. The stream continues unless the carrier ends it."""

    code: int | None
    title: str | None
    detail: str | None
    raw: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    """The whole message as received."""


@dataclass(slots=True)
class Malformed(Value):
    """A message breaks a rule. The stream continues, but too many dropped messages in a row end it.

    Reported for each dropped message, once per stream for payloads that are not base64, and once per stream for each
    member that breaks a rule and is not needed. Statistics count all of them.
    """

    rule: str
    """One of `rtpcodec.stream.wire.RULES`."""
    detail: str
    dropped: bool = True
    """Whether the message was dropped. False: it was read without the member that `detail` names."""
    count: int = 1
    """Number of messages: all media before `start` are reported as one event, together with `start`."""


@dataclass(slots=True)
class Stopped(Value):
    """The stream has ended."""

    reason: Literal["stop", "closed", "closed_here", "malformed", "refused"]
    """The cause. "stop": the carrier's `stop`. "closed": the socket ended without a `stop` (abnormal). "closed_here":
    our side. "malformed": too many malformed messages in a row. "refused": the carrier does not support the plan.
    `Call.end_reason` has more causes."""


@dataclass(slots=True)
class Unknown(Value):
    """A message with an event name that this version does not know."""

    event: str
    text: str = field(repr=False)


@dataclass(slots=True)
class Overrun(Value):
    """The reader was too slow: the oldest events, nearly always audio, were dropped to bound the memory."""

    dropped_ms: float = 0.0
    """Duration of the dropped audio."""
    dropped_events: int = 0
    """Number of dropped events, chunks of audio included."""


Event = (
    Audio
    | Started
    | Stalled
    | Gap
    | CounterChanged
    | Dtmf
    | MarkPlayed
    | MarkCleared
    | UnexpectedMark
    | FormatChanged
    | PayloadMisfit
    | UnsupportedCodec
    | CarrierError
    | Diagnosis
    | Malformed
    | Stopped
    | Unknown
    | Overrun
    | InterruptionSettled
    | ReplyEnded
    | PauseResolved
    | SendStalled
    | SpeechStarted
    | SpeechEnded
    | ToneHeard
    | Disconnected
    | Reconnected
    | Held
    | Unheld
    | MediaSilent
)
"""All events that `MediaSession.events` and `Call.events` can return."""
