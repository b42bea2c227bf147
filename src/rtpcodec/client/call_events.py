"""Webhook events about calls and their media, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self

from rtpcodec.carriers.telnyx import members, webhooks
from rtpcodec.client.call_quality import CallQualityStats
from rtpcodec.client.event_base import EventValue, Hidden, HiddenPairs, Texts, WebhookEvent, at, values_of


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallEvent(WebhookEvent):
    """Fields of all events about the state of a call."""

    from_: Hidden = field(default=None, metadata=at(members.FROM))
    to: Hidden = None
    start_time: datetime | None = None
    state_of_call: str | None = field(default=None, metadata=at(webhooks.STATE))
    """`state` on the wire: `parked`, `bridging`, `answered`, `hangup`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SipCallEvent(CallEvent):
    """Events of a call that also carry SIP headers."""

    tags: Texts = ()
    """Tags of the number."""
    custom_headers: HiddenPairs = ()
    """Headers of the INVITE, or set by the command `answer`."""
    sip_headers: HiddenPairs = ()
    """User-to-User and Diversion."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallInitiated(SipCallEvent):
    """A call begins: an incoming one can be answered now."""

    direction: str | None = None
    """`incoming` or `outgoing`."""
    caller_id_name: Hidden = None
    offered_codecs: str | None = None
    """Names separated by commas, in the caller's order."""
    connection_codecs: str | None = None
    shaken_stir_attestation: str | None = None
    """How far the caller's carrier vouches for the number: `A`, `B` or `C` (RFC 8588)."""
    shaken_stir_validated: bool | None = None
    call_screening_result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallAnswered(SipCallEvent):
    """The call was answered: from now on a stream can be started."""

    codec: str | None = None
    """Codec of the call itself; not documented, but seen on live calls."""
    sampling_rate: int | None = None
    """Rate of the call itself in Hz; not documented, but seen on live calls."""
    stream_url: Hidden = None
    stream_track: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallBridged(CallEvent):
    """Two legs are joined: the target `opposite` is audible now."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallHangup(SipCallEvent):
    """The call has ended."""

    hangup_cause: str | None = None
    hangup_source: str | None = None
    """`caller`, `callee` or `unknown`."""
    sip_hangup_cause: str | None = None
    call_quality_stats: CallQualityStats | None = field(
        default=None, metadata=at(webhooks.CALL_QUALITY_STATS, read=CallQualityStats.read)
    )
    """None if the carrier does not report it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallHold(CallEvent):
    """The call was put on hold."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallUnhold(CallEvent):
    """The call was taken off hold."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallDtmfReceived(CallEvent):
    """A key was pressed."""

    digit: Hidden = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallGatherEnded(CallEvent):
    """Gathering of digits has ended."""

    digits: Hidden = None
    status: str | None = None
    """`valid`, `invalid`, `timeout`, `cancelled`, `cancelled_amd` or `call_hangup`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallMachineDetectionEnded(CallEvent):
    """Answering machine detection, plain or premium, has a result."""

    result: str | None = None
    """`human`, `machine` or `not_sure`; premium: `human_residence`, `human_business`, `machine`, `silence`,
    `fax_detected` or `not_sure`."""

    @property
    def is_premium(self) -> bool:
        """Whether the premium detection found it."""
        return self.event_type == webhooks.CALL_MACHINE_PREMIUM_DETECTION_ENDED


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallMachineGreetingEnded(CallEvent):
    """The greeting of an answering machine has ended, by the plain or the premium detection."""

    result: str | None = None
    """`beep_detected`, `ended` or `not_sure`; premium: `beep_detected`, `no_beep_detected` or `prompt_ended`."""

    @property
    def is_premium(self) -> bool:
        """Whether the premium detection found it."""
        return self.event_type == webhooks.CALL_MACHINE_PREMIUM_GREETING_ENDED


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallPlaybackStarted(WebhookEvent):
    """A file begins to play on the call."""

    media_name: str | None = None
    media_url: Hidden = None
    overlay: bool | None = None
    """Whether it is mixed into other audio."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallPlaybackEnded(CallPlaybackStarted):
    """A file has ended, or could not be played."""

    status: str | None = None
    """`completed`, `cancelled`, `cancelled_amd`, `call_hangup`, `file_not_found`, `failed` or `unknown`."""
    status_detail: str | None = None
    """Details of a failure."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallSpeakStarted(WebhookEvent):
    """The carrier begins to speak a text."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallSpeakEnded(WebhookEvent):
    """The carrier has finished to speak a text, or was stopped."""

    status: str | None = None
    """`completed`, `call_hangup` or `cancelled_amd`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallRecordingSaved(WebhookEvent):
    """A recording is ready. Its URLs are valid for 10 minutes, the public ones as long as the file exists."""

    channels: str | None = None
    """`single` or `dual`."""
    recording_started_at: datetime | None = None
    recording_ended_at: datetime | None = None
    mp3_url: Hidden = field(default=None, metadata=at((webhooks.RECORDING_URLS, "mp3")))
    wav_url: Hidden = field(default=None, metadata=at((webhooks.RECORDING_URLS, "wav")))
    public_mp3_url: Hidden = field(default=None, metadata=at((webhooks.PUBLIC_RECORDING_URLS, "mp3")))
    public_wav_url: Hidden = field(default=None, metadata=at((webhooks.PUBLIC_RECORDING_URLS, "wav")))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallRecordingError(WebhookEvent):
    """The call could not be recorded."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallForkStarted(WebhookEvent):
    """The carrier begins to send RTP over UDP; this replaces a stream over WebSocket."""

    stream_type: str | None = None
    """`decrypted`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallForkStopped(CallForkStarted):
    """The carrier no longer sends RTP over UDP."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CostPart(EventValue):
    """One product's share in the cost of a call."""

    call_part: str | None = None
    """Such as `sip-trunking`, `call-control`, `call-recording`."""
    cost: Decimal | None = None
    currency: str | None = None
    rate: Decimal | None = None
    """Per minute."""
    billed_duration_secs: int | None = None

    @classmethod
    def read_all(cls, found: object) -> tuple[Self, ...]:
        """Return the objects of a list."""
        listed = found if isinstance(found, list) else []
        return tuple(cls(**values_of(cls, one)) for one in listed if isinstance(one, dict))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallCost(WebhookEvent):
    """The cost of a call that has ended."""

    status: str | None = None
    """`success` or `error`."""
    total_cost: Decimal | None = None
    billed_duration_secs: int | None = None
    """Duration of the longest part in seconds."""
    billing_group_id: str | None = None
    cost_parts: tuple[CostPart, ...] = field(default=(), metadata=at(webhooks.COST_PARTS, read=CostPart.read_all))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallTranscription(WebhookEvent):
    """Recognised speech."""

    transcript: Hidden = field(default=None, metadata=at((webhooks.TRANSCRIPTION_DATA, "transcript")))
    confidence: float | None = field(default=None, metadata=at((webhooks.TRANSCRIPTION_DATA, "confidence")))
    """0 to 1."""
    is_final: bool | None = field(default=None, metadata=at((webhooks.TRANSCRIPTION_DATA, "is_final")))
    """False: an interim result."""
    transcription_track: str | None = field(
        default=None, metadata=at((webhooks.TRANSCRIPTION_DATA, "transcription_track"))
    )
    """`inbound` or `outbound`, where the engine reports it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConversationMessage(EventValue):
    """One turn of a conversation."""

    role: str | None = None
    """`user`, `assistant`, `tool`, `system` or `developer`."""
    content: Hidden = None
    timestamp: datetime | None = None

    @classmethod
    def read_all(cls, found: object) -> tuple[Self, ...]:
        """Return the objects of a list."""
        listed = found if isinstance(found, list) else []
        return tuple(cls(**values_of(cls, one)) for one in listed if isinstance(one, dict))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallConversationEnded(CallEvent):
    """A conversation with the carrier's assistant has ended."""

    conversation_id: str | None = None
    assistant_id: str | None = None
    calling_party_type: str | None = None
    """`pstn` or `sip`."""
    duration_sec: int | None = None
    reason: str | None = None
    llm_model: str | None = None
    stt_model: str | None = None
    tts_provider: str | None = None
    tts_model_id: str | None = None
    tts_voice_id: str | None = None
    messages: tuple[ConversationMessage, ...] = field(
        default=(), metadata=at(webhooks.MESSAGES, read=ConversationMessage.read_all)
    )
    """The turns in order; tool calls are in `payload` alone."""
