"""The HTTP interface (docs/carrier.md, "Commands"): address, headers, actions, fields, values, limits, defaults."""

from typing import Final, Literal, get_args

from rtpcodec.carriers.telnyx import members

# Address and headers.

BASE_PATH: Final = "/v2"
BASE_URL: Final = "https://api.telnyx.com/v2"
BASE_URL_VARIABLE: Final = "TELNYX_BASE_URL"
API_KEY_VARIABLE: Final = "TELNYX_API_KEY"
"""Environment variables of the official SDK."""
AUTHORIZATION_HEADER: Final = "Authorization"
AUTHORIZATION_PREFIX: Final = "Bearer "
CONTENT_TYPE: Final = "application/json"
"""Content type of every request and answer."""

RATE_LIMIT_HEADER: Final = "x-ratelimit-limit"
RATE_REMAINING_HEADER: Final = "x-ratelimit-remaining"
RATE_RESET_HEADER: Final = "x-ratelimit-reset"
"""Seconds until reset, or a Unix time (docs/carrier.md, "Points that a call does not show")."""
RETRY_AFTER_HEADER: Final = "retry-after"
"""Seconds or a date (RFC 9110 section 10.2.3); undocumented, but the official SDK uses it."""
RETRY_AFTER_MS_HEADER: Final = "retry-after-ms"
SHOULD_RETRY_HEADER: Final = "x-should-retry"
"""`true` or `false`; overrides the status."""

# Actions.

POST: Final = "POST"
PUT: Final = "PUT"
DIAL_PATH: Final = "/calls"
ACTION_PATH: Final = "/calls/{call_control_id}/actions/{action}"
"""The path below the base URL."""

CONFERENCES_PATH: Final = "/conferences"
CONFERENCE_ACTION_PATH: Final = "/conferences/{conference_id}/actions/{action}"

DIAL: Final = "dial"
"""A command without a call, with a separate path."""
ANSWER: Final = "answer"
BRIDGE: Final = "bridge"
HANGUP: Final = "hangup"
REJECT: Final = "reject"
SEND_DTMF: Final = "send_dtmf"
STREAMING_START: Final = "streaming_start"
STREAMING_STOP: Final = "streaming_stop"
CLIENT_STATE_UPDATE: Final = "client_state_update"
TRANSFER: Final = "transfer"

ACTION_METHODS: Final = {
    ANSWER: POST,
    BRIDGE: POST,
    CLIENT_STATE_UPDATE: PUT,
    HANGUP: POST,
    REJECT: POST,
    SEND_DTMF: POST,
    STREAMING_START: POST,
    STREAMING_STOP: POST,
    "ai_assistant_add_messages": POST,
    "ai_assistant_join": POST,
    "ai_assistant_start": POST,
    "ai_assistant_stop": POST,
    "conversation_relay_start": POST,
    "conversation_relay_stop": POST,
    "enqueue": POST,
    "fork_start": POST,
    "fork_stop": POST,
    "gather": POST,
    "gather_stop": POST,
    "gather_using_ai": POST,
    "gather_using_audio": POST,
    "gather_using_speak": POST,
    "leave_queue": POST,
    "pay": POST,
    "playback_start": POST,
    "playback_stop": POST,
    "record_pause": POST,
    "record_resume": POST,
    "record_start": POST,
    "record_stop": POST,
    "refer": POST,
    "send_sip_info": POST,
    "siprec_start": POST,
    "siprec_stop": POST,
    "speak": POST,
    "suppression_start": POST,
    "suppression_stop": POST,
    "switch_supervisor_role": POST,
    "transcription_start": POST,
    "transcription_stop": POST,
    TRANSFER: POST,
}
"""Every action by its name in the path, with the HTTP method of its request."""

CREATE_CONFERENCE: Final = "create_conference"
"""A command without a conference, with a separate path."""
JOIN: Final = "join"
LEAVE: Final = "leave"
HOLD: Final = "hold"
UNHOLD: Final = "unhold"
CONFERENCE_ACTIONS: Final = (JOIN, LEAVE, HOLD, UNHOLD)
"""Actions that a warm transfer needs; the carrier has more. All are sent by POST."""

# Fields.

COMMAND_ID: Final = "command_id"
"""The carrier ignores a second command of the same id on the same call (docs/carrier.md, rule C9)."""
STREAM_CODEC: Final = "stream_codec"
STREAM_BIDIRECTIONAL_MODE: Final = "stream_bidirectional_mode"
STREAM_BIDIRECTIONAL_CODEC: Final = "stream_bidirectional_codec"
STREAM_BIDIRECTIONAL_SAMPLING_RATE: Final = "stream_bidirectional_sampling_rate"
STREAM_BIDIRECTIONAL_TARGET_LEGS: Final = "stream_bidirectional_target_legs"
STREAM_AUTH_TOKEN: Final = "stream_auth_token"  # noqa: S105 -- the name of a field
STREAM_ESTABLISH_BEFORE_CALL_ORIGINATE: Final = "stream_establish_before_call_originate"
ENABLE_DIALOGFLOW: Final = "enable_dialogflow"
DIALOGFLOW_CONFIG: Final = "dialogflow_config"
ANALYZE_SENTIMENT: Final = "analyze_sentiment"
PARTIAL_AUTOMATED_AGENT_REPLY: Final = "partial_automated_agent_reply"
DIALOGFLOW_SWITCHES: Final = (ANALYZE_SENTIMENT, PARTIAL_AUTOMATED_AGENT_REPLY)
SEND_SILENCE_WHEN_IDLE: Final = "send_silence_when_idle"
PREFERRED_CODECS: Final = "preferred_codecs"
TIMEOUT_SECS: Final = "timeout_secs"
DIGITS: Final = "digits"
DURATION_MILLIS: Final = "duration_millis"

COMMON_FIELDS: Final = (members.CLIENT_STATE, COMMAND_ID)
"""Fields of every command."""
STREAM_FIELDS: Final = (
    members.STREAM_URL,
    members.STREAM_TRACK,
    STREAM_CODEC,
    STREAM_BIDIRECTIONAL_MODE,
    STREAM_BIDIRECTIONAL_CODEC,
    STREAM_BIDIRECTIONAL_TARGET_LEGS,
)
"""Of every command that requests a stream. `answer` has no sampling rate and no token (docs/carrier.md, rule C5)."""
STREAM_FIELDS_BEYOND_ANSWER: Final = (
    STREAM_BIDIRECTIONAL_SAMPLING_RATE,
    STREAM_AUTH_TOKEN,
    ENABLE_DIALOGFLOW,
    DIALOGFLOW_CONFIG,
)
START_FIELDS: Final = (*STREAM_FIELDS, *STREAM_FIELDS_BEYOND_ANSWER, members.CUSTOM_PARAMETERS, *COMMON_FIELDS)
STOP_FIELDS: Final = (members.STREAM_ID, *COMMON_FIELDS)
ANSWER_FIELDS: Final = (*STREAM_FIELDS, SEND_SILENCE_WHEN_IDLE, PREFERRED_CODECS, *COMMON_FIELDS)
"""Fields of `answer` about streaming and audio."""
DIAL_NEEDS: Final = (members.TO, members.FROM, members.CONNECTION_ID)
DIAL_FIELDS: Final = (
    *DIAL_NEEDS,
    TIMEOUT_SECS,
    *STREAM_FIELDS,
    *STREAM_FIELDS_BEYOND_ANSWER,
    STREAM_ESTABLISH_BEFORE_CALL_ORIGINATE,
    SEND_SILENCE_WHEN_IDLE,
    PREFERRED_CODECS,
    *COMMON_FIELDS,
)
"""Fields about streaming, audio and ringing."""
TARGET_LEG_CLIENT_STATE: Final = "target_leg_client_state"
"""A field of `transfer`: the client_state of all events of the new leg."""
PARK_AFTER_UNBRIDGE: Final = "park_after_unbridge"
PARK_SELF: Final = "self"
"""Keeps the command's leg when the bridged leg ends. Without it, both legs end."""
MIN_TRANSFER_TIMEOUT_S: Final = 5
MAX_TRANSFER_TIMEOUT_S: Final = 600
"""Limits of `timeout_secs` in `transfer`."""
TRANSFER_FIELDS: Final = (
    members.TO,
    members.FROM,
    TIMEOUT_SECS,
    TARGET_LEG_CLIENT_STATE,
    PARK_AFTER_UNBRIDGE,
    *COMMON_FIELDS,
)
"""Fields about ringing and the new leg."""
CONFERENCE_ID: Final = "conference_id"
CALL_CONTROL_IDS: Final = "call_control_ids"
START_CONFERENCE_ON_CREATE: Final = "start_conference_on_create"
END_CONFERENCE_ON_EXIT: Final = "end_conference_on_exit"
"""All other participants are hung up when this one leaves."""
SOFT_END_CONFERENCE_ON_EXIT: Final = "soft_end_conference_on_exit"
"""The conference ends when this participant leaves; the calls of the others continue."""
CREATE_CONFERENCE_FIELDS: Final = (members.CALL_CONTROL_ID, members.NAME, START_CONFERENCE_ON_CREATE, *COMMON_FIELDS)
JOIN_FIELDS: Final = (
    members.CALL_CONTROL_ID,
    HOLD,
    END_CONFERENCE_ON_EXIT,
    SOFT_END_CONFERENCE_ON_EXIT,
    *COMMON_FIELDS,
)
LEAVE_FIELDS: Final = (members.CALL_CONTROL_ID, COMMAND_ID)
HOLD_FIELDS: Final = (CALL_CONTROL_IDS,)
"""Fields of `hold` and `unhold`. Neither documents a command_id: a repeat has no second effect."""
SEND_DTMF_FIELDS: Final = (DIGITS, DURATION_MILLIS, *COMMON_FIELDS)
CLIENT_STATE_UPDATE_FIELDS: Final = (members.CLIENT_STATE,)

# Enumerations.

INBOUND_TRACK: Final = "inbound_track"
OUTBOUND_TRACK: Final = "outbound_track"
BOTH_TRACKS: Final = "both_tracks"
Track = Literal["inbound_track", "outbound_track", "both_tracks"]
TRACKS: Final[tuple[Track, ...]] = get_args(Track)
"""Values of `stream_track`: audio from the phone leg, audio to it, or both."""

RTP_MODE: Final = "rtp"
MP3_MODE: Final = "mp3"
Mode = Literal["mp3", "rtp"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
"""Values of `stream_bidirectional_mode`: whole MP3 files, or payloads of one codec."""

SELF_LEG: Final = "self"
OPPOSITE_LEG: Final = "opposite"
BOTH_LEGS: Final = "both"
TargetLegs = Literal["both", "self", "opposite"]
TARGET_LEGS: Final[tuple[TargetLegs, ...]] = get_args(TargetLegs)
"""Values of `stream_bidirectional_target_legs`, relative to the leg of the command (docs/carrier.md, rule C6)."""
OWN_LEGS: Final = (SELF_LEG, BOTH_LEGS)
"""Values that include the command's own leg."""
SILENT_LEG: Final = "a call of one leg hears nothing of it, add 'self'"
"""The unexpected effect of OPPOSITE_LEG, which is the default."""
UNHEARD_LEG: Final = (
    "it has the audio that the phone plays, which may include ours, but not the speech into that phone; "
    "add 'inbound_track' or 'both_tracks' to hear it"
)
"""The unexpected effect of OUTBOUND_TRACK if its leg hears us: on outbound calls too, `inbound` is the other person."""

SendCodec = Literal["PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16"]
SEND_CODECS: Final[tuple[SendCodec, ...]] = get_args(SendCodec)
"""Values of `stream_bidirectional_codec`; case matters."""
OWN_CODEC: Final = "default"
"""The call's own codec, as a value of `stream_codec`."""
ReceiveCodec = Literal["PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16", "default"]
RECEIVE_CODECS: Final[tuple[ReceiveCodec, ...]] = get_args(ReceiveCodec)
"""Values of `stream_codec`."""
CALL_CODECS: Final = ("G722", "PCMU", "PCMA", "G729", "OPUS", "AMR-WB", "VP8", "H264")
"""Values seen in the list of `preferred_codecs`."""

SAMPLING_RATES_HZ: Final = (8000, 16000, 22050, 24000, 48000)
"""Values of `stream_bidirectional_sampling_rate`."""
USUAL_RATES_HZ: Final = {
    "PCMU": (8000,),
    "PCMA": (8000,),
    "G722": (8000, 16000),
    "OPUS": (8000, 16000),
    "AMR-WB": (8000, 16000),
    "L16": SAMPLING_RATES_HZ,
}
"""The rates that the carrier's guide and samples name per codec; G722 by its RTP clock or its sample rate."""

# Defaults of the carrier.

DEFAULT_TRACK: Final = INBOUND_TRACK
DEFAULT_MODE: Final = MP3_MODE
DEFAULT_SEND_CODEC: Final = "PCMU"
DEFAULT_SAMPLING_RATE_HZ: Final = 8000
"""Uncertain for L16 (docs/carrier.md, "Points that a call does not show")."""
DEFAULT_TARGET_LEGS: Final = OPPOSITE_LEG
"""The default is silent on a call of one leg."""

# Limits and patterns.

MAX_URL_CHARACTERS: Final = 2000
"""Longer URLs are refused with 10003 (docs/carrier.md, rule C49)."""
MAX_TOKEN_CHARACTERS: Final = 4000
"""Longer tokens are refused with 10025 (docs/carrier.md, rule C49)."""
DTMF_DIGITS: Final = "0123456789ABCD*#"
DTMF_PAUSES: Final = "wW"
"""Pauses in the digits of `send_dtmf`: 0.5 s and 1 s."""
MIN_DTMF_DURATION_MS: Final = 100
MAX_DTMF_DURATION_MS: Final = 500
BASE64_PATTERN: Final = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
"""Standard alphabet, padded (RFC 4648 section 4)."""
CALL_CONTROL_ID_PATTERN: Final = r"v[23]:[A-Za-z0-9_-]+={0,2}"
"""The format of observed ids; undocumented."""

# An accepted command.

RESULT: Final = "result"
OK: Final = "ok"
"""The command was accepted, which does not mean that a stream runs (docs/carrier.md, rule C10)."""
