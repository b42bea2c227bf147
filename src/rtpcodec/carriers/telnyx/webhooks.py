"""Webhooks: event types, signature, delivery, members of their payloads."""

from typing import Final

# Event types. Of all that concern a call, only those of streaming lack the prefix (docs/carrier.md, rule C44).

CALL_PREFIX: Final = "call."
STREAMING_STARTED: Final = "streaming.started"
STREAMING_STOPPED: Final = "streaming.stopped"
STREAMING_FAILED: Final = "streaming.failed"
CALL_INITIATED: Final = "call.initiated"
CALL_ANSWERED: Final = "call.answered"
CALL_BRIDGED: Final = "call.bridged"
CALL_HANGUP: Final = "call.hangup"
CONFERENCE_CREATED: Final = "conference.created"
CONFERENCE_ENDED: Final = "conference.ended"
CONFERENCE_PARTICIPANT_JOINED: Final = "conference.participant.joined"
CONFERENCE_PARTICIPANT_LEFT: Final = "conference.participant.left"
CALL_HOLD: Final = "call.hold"
CALL_UNHOLD: Final = "call.unhold"
CALL_COST: Final = "call.cost"
CALL_DTMF_RECEIVED: Final = "call.dtmf.received"
CALL_GATHER_ENDED: Final = "call.gather.ended"
CALL_PLAYBACK_STARTED: Final = "call.playback.started"
CALL_PLAYBACK_ENDED: Final = "call.playback.ended"
CALL_SPEAK_STARTED: Final = "call.speak.started"
CALL_SPEAK_ENDED: Final = "call.speak.ended"
CALL_RECORDING_SAVED: Final = "call.recording.saved"
CALL_RECORDING_ERROR: Final = "call.recording.error"
CALL_FORK_STARTED: Final = "call.fork.started"
CALL_FORK_STOPPED: Final = "call.fork.stopped"
CALL_TRANSCRIPTION: Final = "call.transcription"
CALL_CONVERSATION_ENDED: Final = "call.conversation.ended"
CALL_MACHINE_DETECTION_ENDED: Final = "call.machine.detection.ended"
CALL_MACHINE_GREETING_ENDED: Final = "call.machine.greeting.ended"
CALL_MACHINE_PREMIUM_DETECTION_ENDED: Final = "call.machine.premium.detection.ended"
CALL_MACHINE_PREMIUM_GREETING_ENDED: Final = "call.machine.premium.greeting.ended"

# Signature: Ed25519 over the timestamp header, the separator and the raw body (docs/carrier.md, rule C45).

SIGNATURE_HEADER: Final = "telnyx-signature-ed25519"
"""Base64 of the signature."""
TIMESTAMP_HEADER: Final = "telnyx-timestamp"
"""Unix time in seconds, decimal."""
SIGNED_SEPARATOR: Final = b"|"
SIGNATURE_WINDOW_S: Final = 300
"""Maximum distance of a timestamp from the current time, in both directions: the official SDK's constant."""
PUBLIC_KEY_VARIABLE: Final = "TELNYX_PUBLIC_KEY"
PUBLIC_KEY_OCTETS: Final = 32
SIGNATURE_OCTETS: Final = 64

# Delivery.

USER_AGENT: Final = "telnyx-webhooks"
ANSWER_TIMEOUT_S: Final = 2.0
"""A webhook without an answer within this time is delivered again (docs/carrier.md, rule C46)."""
RETRIED_STATUSES: Final = (408, 429)
"""Retried in addition to 5xx; other 4xx are final (docs/carrier.md, rule C46)."""

# Envelope: {"data": {record_type, event_type, id, occurred_at, payload}, "meta": {attempt, delivered_to}}.

RECORD_TYPE: Final = "record_type"
EVENT_RECORD: Final = "event"
"""The value of `record_type`."""
EVENT_TYPE: Final = "event_type"
ID: Final = "id"
"""The same in every delivery of one event (docs/carrier.md, rule C47)."""
ATTEMPT: Final = "attempt"
DELIVERED_TO: Final = "delivered_to"

# Members of payloads; those of calls are in `members`.

NOT_SURE: Final = "not_sure"
"""An undecided result of answering-machine detection."""
DIRECTION: Final = "direction"
INCOMING: Final = "incoming"
OUTGOING: Final = "outgoing"
STATE: Final = "state"
OFFERED_CODECS: Final = "offered_codecs"
CONNECTION_CODECS: Final = "connection_codecs"
"""Codec names, separated by commas."""
CODEC: Final = "codec"
SAMPLING_RATE: Final = "sampling_rate"
"""The call's rate in `call.answered`: undocumented, but observed on live calls."""
CALLER_ID_NAME: Final = "caller_id_name"
SHAKEN_STIR_ATTESTATION: Final = "shaken_stir_attestation"
SHAKEN_STIR_VALIDATED: Final = "shaken_stir_validated"
CALL_SCREENING_RESULT: Final = "call_screening_result"
START_TIME: Final = "start_time"
HANGUP_CAUSE: Final = "hangup_cause"
HANGUP_SOURCE: Final = "hangup_source"
CALL_REJECTED: Final = "call_rejected"
NORMAL_CLEARING: Final = "normal_clearing"
NO_ANSWER: Final = "no_answer"
NOT_FOUND: Final = "not_found"
ORIGINATOR_CANCEL: Final = "originator_cancel"
TIME_LIMIT: Final = "time_limit"
TIMEOUT: Final = "timeout"
UNSPECIFIED: Final = "unspecified"
USER_BUSY: Final = "user_busy"
HANGUP_CAUSES: Final = (
    CALL_REJECTED,
    NORMAL_CLEARING,
    ORIGINATOR_CANCEL,
    TIMEOUT,
    TIME_LIMIT,
    USER_BUSY,
    NOT_FOUND,
    NO_ANSWER,
    UNSPECIFIED,
)
BUSY_CAUSES: Final = (USER_BUSY,)
NO_ANSWER_CAUSES: Final = (NO_ANSWER, TIMEOUT)
UNANSWERED_CAUSES: Final = (*BUSY_CAUSES, *NO_ANSWER_CAUSES, CALL_REJECTED, NOT_FOUND, ORIGINATOR_CANCEL)
"""Causes of a leg that ended unanswered. The others can end an answered leg too."""
HANGUP_SOURCES: Final = ("caller", "callee", "unknown")
CALL_QUALITY_STATS: Final = "call_quality_stats"
"""In `call.hangup`: one object of numbers per direction, each number a string."""
MOS: Final = "mos"
JITTER_MAX_VARIANCE: Final = "jitter_max_variance"
JITTER_PACKET_COUNT: Final = "jitter_packet_count"
PACKET_COUNT: Final = "packet_count"
SKIP_PACKET_COUNT: Final = "skip_packet_count"
SIP_HANGUP_CAUSE: Final = "sip_hangup_cause"
FAILURE_REASON: Final = "failure_reason"
CONNECTION_FAILED: Final = "connection_failed"
"""The only published reason of `streaming.failed`."""
STREAM_PARAMS: Final = "stream_params"
"""In `streaming.failed`: an object with `stream_url`, and the track by either of its names."""
STREAM_TYPE: Final = "stream_type"
WEBSOCKET_STREAM: Final = "websocket"
DIALOGFLOW_STREAM: Final = "dialogflow"
RECORDING_URLS: Final = "recording_urls"
PUBLIC_RECORDING_URLS: Final = "public_recording_urls"
"""In `call.recording.saved`: objects with a URL per file format."""
TRANSCRIPTION_DATA: Final = "transcription_data"
"""In `call.transcription`: the object with the text and its facts."""
COST_PARTS: Final = "cost_parts"
MESSAGES: Final = "messages"
