"""The carrier's webhooks as values. Members that are missing or of another type are None.

No repr shows numbers, digits, transcripts, `client_state`, headers or addresses; `raw` has everything as received.

>>> read(b'{"data":{"event_type":"streaming.started","id":"1","payload":{"call_control_id":"v3:x","from":"+1555"}}}')
StreamingStarted(event_type='streaming.started', id='1', call_control_id='v3:x')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from rtpcodec.carriers.telnyx import members, webhooks
from rtpcodec.client.call_events import (
    CallAnswered,
    CallBridged,
    CallConversationEnded,
    CallCost,
    CallDtmfReceived,
    CallEvent,
    CallForkStarted,
    CallForkStopped,
    CallGatherEnded,
    CallHangup,
    CallHold,
    CallInitiated,
    CallMachineDetectionEnded,
    CallMachineGreetingEnded,
    CallPlaybackEnded,
    CallPlaybackStarted,
    CallRecordingError,
    CallRecordingSaved,
    CallSpeakEnded,
    CallSpeakStarted,
    CallTranscription,
    CallUnhold,
    ConversationMessage,
    CostPart,
    SipCallEvent,
)
from rtpcodec.client.call_quality import CallQualityStats, InboundQuality, OutboundQuality
from rtpcodec.client.event_base import Hidden, WebhookEvent, at, values_of
from rtpcodec.errors import WebhookMalformed


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StreamingStarted(WebhookEvent):
    """The carrier begins to stream. It may arrive before or after the first messages on the socket."""

    stream_url: Hidden = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StreamingStopped(WebhookEvent):
    """The stream has ended."""

    stream_url: Hidden = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StreamingFailed(WebhookEvent):
    """The carrier could not connect to the stream's URL; no socket will be opened."""

    failure_reason: str | None = None
    """A short text; `connection_failed` is the only documented one."""
    stream_id: str | None = None
    stream_type: str | None = None
    """`websocket` or `dialogflow`."""
    stream_url: Hidden = field(
        default=None, metadata=at(members.STREAM_URL, (webhooks.STREAM_PARAMS, members.STREAM_URL))
    )
    stream_track: str | None = field(
        default=None,
        metadata=at(
            members.STREAM_TRACK,
            (webhooks.STREAM_PARAMS, members.STREAM_TRACK),
            members.TRACK,
            (webhooks.STREAM_PARAMS, members.TRACK),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Unknown(WebhookEvent):
    """Any other event; `payload` and `raw` have all of it."""


KINDS: Final[Mapping[str, type[WebhookEvent]]] = {
    webhooks.STREAMING_STARTED: StreamingStarted,
    webhooks.STREAMING_STOPPED: StreamingStopped,
    webhooks.STREAMING_FAILED: StreamingFailed,
    webhooks.CALL_INITIATED: CallInitiated,
    webhooks.CALL_ANSWERED: CallAnswered,
    webhooks.CALL_BRIDGED: CallBridged,
    webhooks.CALL_HANGUP: CallHangup,
    webhooks.CALL_HOLD: CallHold,
    webhooks.CALL_UNHOLD: CallUnhold,
    webhooks.CALL_COST: CallCost,
    webhooks.CALL_DTMF_RECEIVED: CallDtmfReceived,
    webhooks.CALL_GATHER_ENDED: CallGatherEnded,
    webhooks.CALL_PLAYBACK_STARTED: CallPlaybackStarted,
    webhooks.CALL_PLAYBACK_ENDED: CallPlaybackEnded,
    webhooks.CALL_SPEAK_STARTED: CallSpeakStarted,
    webhooks.CALL_SPEAK_ENDED: CallSpeakEnded,
    webhooks.CALL_RECORDING_SAVED: CallRecordingSaved,
    webhooks.CALL_RECORDING_ERROR: CallRecordingError,
    webhooks.CALL_FORK_STARTED: CallForkStarted,
    webhooks.CALL_FORK_STOPPED: CallForkStopped,
    webhooks.CALL_TRANSCRIPTION: CallTranscription,
    webhooks.CALL_CONVERSATION_ENDED: CallConversationEnded,
    webhooks.CALL_MACHINE_DETECTION_ENDED: CallMachineDetectionEnded,
    webhooks.CALL_MACHINE_GREETING_ENDED: CallMachineGreetingEnded,
    webhooks.CALL_MACHINE_PREMIUM_DETECTION_ENDED: CallMachineDetectionEnded,
    webhooks.CALL_MACHINE_PREMIUM_GREETING_ENDED: CallMachineGreetingEnded,
}
"""Classes by the documented type."""
_PREFIX: Final = webhooks.CALL_PREFIX
_OTHER_SPELLINGS: Final = {
    one.removeprefix(_PREFIX) if one.startswith(_PREFIX) else _PREFIX + one: one for one in KINDS
}
"""Documented types by their form with the prefix added or left out: sources disagree about the prefix."""


def read(raw_body: bytes | bytearray | memoryview) -> WebhookEvent:
    """Return the event in a webhook's body. This does not prove who sent it: `verify_webhook` does.

    Raises:
        WebhookMalformed: not a JSON object with a `data` that has an `event_type`.
    """
    try:
        body = msgspec.json.decode(raw_body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise WebhookMalformed(f"the body of {memoryview(raw_body).nbytes} octets is not JSON") from None
    data = body.get(members.DATA) if isinstance(body, dict) else None
    event_type = data.get(webhooks.EVENT_TYPE) if isinstance(data, dict) else None
    if not isinstance(event_type, str) or not isinstance(data, dict):
        raise WebhookMalformed(f"the body has no {members.DATA}.{webhooks.EVENT_TYPE}")
    event_type = _OTHER_SPELLINGS.get(event_type, event_type)
    kind = KINDS.get(event_type, Unknown)
    payload = data.get(members.PAYLOAD)
    found = {
        **(payload if isinstance(payload, dict) else {}),
        **_chosen(data, webhooks.ID, members.OCCURRED_AT),
        **_chosen(body.get(members.META), webhooks.ATTEMPT, webhooks.DELIVERED_TO),
    }
    return kind(**{**values_of(kind, found), "event_type": event_type, "raw": body})


def _chosen(holder: object, *names: str) -> dict[str, Any]:
    return {name: holder.get(name) if isinstance(holder, dict) else None for name in names}


__all__ = [
    "CallAnswered",
    "CallBridged",
    "CallConversationEnded",
    "CallCost",
    "CallDtmfReceived",
    "CallEvent",
    "CallForkStarted",
    "CallForkStopped",
    "CallGatherEnded",
    "CallHangup",
    "CallHold",
    "CallInitiated",
    "CallMachineDetectionEnded",
    "CallMachineGreetingEnded",
    "CallPlaybackEnded",
    "CallPlaybackStarted",
    "CallQualityStats",
    "CallRecordingError",
    "CallRecordingSaved",
    "CallSpeakEnded",
    "CallSpeakStarted",
    "CallTranscription",
    "CallUnhold",
    "ConversationMessage",
    "CostPart",
    "InboundQuality",
    "OutboundQuality",
    "SipCallEvent",
    "StreamingFailed",
    "StreamingStarted",
    "StreamingStopped",
    "Unknown",
    "WebhookEvent",
    "read",
]
