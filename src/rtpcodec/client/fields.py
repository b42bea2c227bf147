"""Typed fields of the commands: every field by the official SDK's name, and its check.

A field that is None or left out is not sent, and the carrier's default applies. A type such as `SendCodec | str` lists
the known values; the carrier's lists have grown before. Fields that are not listed here, and future ones, go into
`extra_body`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, Required, TypedDict, get_args

from rtpcodec.carriers.telnyx import commands, members
from rtpcodec.carriers.telnyx.commands import Mode, ReceiveCodec, SendCodec, TargetLegs, Track
from rtpcodec.client import checks
from rtpcodec.client.checks import Check

MachineDetection = Literal[
    "premium",
    "premium_ios_call_screening_detection",
    "detect",
    "detect_beep",
    "detect_words",
    "greeting_end",
    "disabled",
]
WebhookMethod = Literal["POST", "GET"]


class CustomParameter(TypedDict):
    """A name and its value, as the wire and the official SDK spell them."""

    name: str
    value: str


Pairs = Mapping[str, str] | Iterable[CustomParameter]
"""Names and values: a mapping, or the list of the wire."""
Json = Mapping[str, object]
"""A JSON object that is sent unchecked."""


class DialogflowConfig(TypedDict, total=False):
    """The switches of a Dialogflow stream."""

    analyze_sentiment: bool
    partial_automated_agent_reply: bool


class CommonFields(TypedDict, total=False):
    """Fields of every command."""

    strict: bool
    """Treat warnings as errors; not sent."""
    client_state: str | bytes | None
    """State that `start` and every later webhook return: bytes are encoded in base64, a str must be base64."""
    command_id: str | None
    """Id of the command: the carrier ignores a repeat on the same call. None: a random one."""
    extra_body: Mapping[str, object] | None
    """Further fields of the body, sent unchecked."""


class StreamFields(CommonFields, total=False):
    """Fields of every command that requests a stream."""

    stream_url: str | None
    """The `ws` or `wss` URL that the carrier connects to; at most 2000 characters."""
    stream_track: Track | str | None
    """Which tracks the carrier sends; its default is `inbound_track`."""
    stream_codec: ReceiveCodec | str | None
    """The codec that we would like to receive; `default`, the default, is the call's own."""
    stream_bidirectional_mode: Mode | str | None
    """How we send audio: `mp3`, the carrier's default, sends whole files; `rtp` sends payloads."""
    stream_bidirectional_codec: SendCodec | str | None
    """The codec of the audio that we send in mode `rtp`; the carrier's default is PCMU."""
    stream_bidirectional_sampling_rate: int | None
    """Its sampling rate in Hz: 8000, 16000, 22050, 24000 or 48000. The default is uncertain, so set it for L16."""
    stream_bidirectional_target_legs: TargetLegs | str | None
    """Legs that hear us: the leg of the command (`self`), its bridged peer (`opposite`, the default) or `both`."""
    stream_auth_token: str | None
    """A token that the carrier sends in the WebSocket's request; at most 4000 characters."""


class StartFields(StreamFields, total=False):
    """Fields of `streaming_start`."""

    custom_parameters: Pairs | None
    """Names and values that the `start` message returns."""
    enable_dialogflow: bool | None
    """Stream to a Dialogflow connection."""
    dialogflow_config: DialogflowConfig | None
    """Its switches."""


class StopFields(CommonFields, total=False):
    """Fields of `streaming_stop`."""

    stream_id: str | None
    """The stream to stop; without it all streams of the call stop."""


class HangupFields(CommonFields, total=False):
    """Fields of `hangup`."""

    custom_headers: Pairs | None
    """SIP headers of the BYE."""
    reason: str | None
    """The text of the SIP header Reason, if the call was not answered yet."""


class SendDtmfFields(CommonFields, total=False):
    """Fields of `send_dtmf`; `digits` is needed."""

    digits: Required[str]
    """Keys 0-9, A-D, * and #, with pauses: `w` is 0.5 s, `W` is 1 s."""
    duration_millis: int | None
    """How long each digit lasts, 100 to 500 ms."""


class UpdateClientStateFields(TypedDict, total=False):
    """Fields of `client_state_update`. It has no `command_id`, because a repeat has no second effect."""

    strict: bool
    """Treat warnings as errors; not sent."""
    client_state: Required[str | bytes]
    """State that every later webhook returns: bytes are encoded in base64, a str must be base64."""
    extra_body: Mapping[str, object] | None
    """Further fields of the body, sent unchecked."""


class CallFields(StreamFields, total=False):
    """Fields that `dial` and `answer` share."""

    preferred_codecs: str | None
    """Codecs for the call itself, separated by commas, the best first: `G722,PCMU,PCMA`."""
    send_silence_when_idle: bool | None
    """Have the carrier send silence to the phone while nothing is played."""
    custom_headers: Pairs | None
    """SIP headers, which are not the `custom_parameters` of a stream."""
    sip_headers: Pairs | None
    billing_group_id: str | None
    sound_modifications: Json | None
    assistant: Json | None
    conversation_relay_config: Json | None
    deepfake_detection: Json | None
    record: Literal["record-from-answer"] | str | None
    record_channels: Literal["single", "dual"] | str | None
    record_custom_file_name: str | None
    record_format: Literal["wav", "mp3"] | str | None
    record_max_length: int | None
    """Seconds; 0: unlimited."""
    record_timeout_secs: int | None
    record_track: Literal["both", "inbound", "outbound"] | str | None
    record_trim: Literal["trim-silence"] | str | None
    transcription: bool | None
    transcription_config: Json | None
    webhook_url: str | None
    """URL for the webhooks of this call, in place of that of the application."""
    webhook_url_method: WebhookMethod | str | None
    webhook_urls: Json | None
    webhook_urls_method: WebhookMethod | str | None
    webhook_retries_policies: Json | None


class AnswerFields(CallFields, total=False):
    """Fields of `answer`; the sampling rate and the token of a stream are sent, but the carrier may ignore them."""


class DialFields(CallFields, total=False):
    """Fields of `dial`; the first three are needed."""

    to: Required[str | Sequence[str]]
    """The number or SIP address to call, or several that ring together."""
    from_: Required[str]
    """The number that the callee sees; `from` on the wire."""
    connection_id: Required[str]
    """Id of the call-control application that the call belongs to."""
    enable_dialogflow: bool | None
    dialogflow_config: DialogflowConfig | None
    stream_establish_before_call_originate: bool | None
    """Connect to `stream_url` before the phone rings."""
    timeout_secs: int | None
    """How long the phone may ring, in seconds."""
    time_limit_secs: int | None
    """How long the call may last, in seconds."""
    answering_machine_detection: MachineDetection | str | None
    answering_machine_detection_config: Json | None
    audio_url: str | None
    bridge_intent: bool | None
    bridge_on_answer: bool | None
    conference_config: Json | None
    diversion: str | None
    from_display_name: str | None
    link_to: str | None
    media_encryption: Literal["disabled", "SRTP", "DTLS"] | str | None
    media_name: str | None
    park_after_unbridge: str | None
    prevent_double_bridge: bool | None
    privacy: Literal["id", "none"] | str | None
    retry_on_timeout: bool | None
    route_to_mobile: bool | None
    send_digits_on_answer: str | None
    sip_auth_password: str | None
    sip_auth_username: str | None
    sip_region: Literal["US", "Europe", "Canada", "Australia", "Middle East"] | str | None
    sip_transport_protocol: Literal["UDP", "TCP", "TLS"] | str | None
    supervise_call_control_id: str | None
    supervisor_role: Literal["barge", "whisper", "monitor"] | str | None


class CreateConferenceFields(CommonFields, total=False):
    """Fields of the command that creates a conference; the first two are needed."""

    call_control_id: Required[str]
    """The call that is its first participant."""
    name: Required[str]
    beep_enabled: Literal["always", "never", "on_enter", "on_exit"] | str | None
    comfort_noise: bool | None
    duration_minutes: int | None
    hold_audio_url: str | None
    hold_media_name: str | None
    max_participants: int | None
    region: str | None
    start_conference_on_create: bool | None
    """False: participants are on hold until somebody starts the conference."""


_METHODS: Final = checks.one_of(*get_args(WebhookMethod))
COMMON_CHECKS: Final[Mapping[str, Check]] = {
    members.CLIENT_STATE: checks.client_state,
    commands.COMMAND_ID: checks.text,
}
"""Checks of every command; those of an unknown action are these alone."""
_STREAM: Final[Mapping[str, Check]] = {
    members.STREAM_URL: checks.websocket_url,
    members.STREAM_TRACK: checks.one_of(*commands.TRACKS),
    commands.STREAM_CODEC: checks.one_of(*commands.RECEIVE_CODECS),
    commands.STREAM_BIDIRECTIONAL_MODE: checks.one_of(*commands.MODES),
    commands.STREAM_BIDIRECTIONAL_CODEC: checks.one_of(*commands.SEND_CODECS),
    commands.STREAM_BIDIRECTIONAL_SAMPLING_RATE: checks.sampling_rate_hz,
    commands.STREAM_BIDIRECTIONAL_TARGET_LEGS: checks.one_of(*commands.TARGET_LEGS),
    commands.STREAM_AUTH_TOKEN: checks.secret_text,
}
_DIALOGFLOW: Final[Mapping[str, Check]] = {
    commands.ENABLE_DIALOGFLOW: checks.boolean,
    commands.DIALOGFLOW_CONFIG: checks.dialogflow_config,
}
START_CHECKS: Final[Mapping[str, Check]] = {
    **_STREAM,
    members.CUSTOM_PARAMETERS: checks.pairs,
    **_DIALOGFLOW,
    **COMMON_CHECKS,
}
STOP_CHECKS: Final[Mapping[str, Check]] = {members.STREAM_ID: checks.text, **COMMON_CHECKS}
HANGUP_CHECKS: Final[Mapping[str, Check]] = {
    members.CUSTOM_HEADERS: checks.pairs,
    "reason": checks.text,
    **COMMON_CHECKS,
}
SEND_DTMF_CHECKS: Final[Mapping[str, Check]] = {
    commands.DIGITS: checks.dtmf_digits,
    commands.DURATION_MILLIS: checks.dtmf_duration_ms,
    **COMMON_CHECKS,
}
CLIENT_STATE_UPDATE_CHECKS: Final[Mapping[str, Check]] = {members.CLIENT_STATE: checks.client_state}
ANSWER_CHECKS: Final[Mapping[str, Check]] = {
    **_STREAM,
    commands.PREFERRED_CODECS: checks.codec_list,
    commands.SEND_SILENCE_WHEN_IDLE: checks.boolean,
    members.CUSTOM_HEADERS: checks.pairs,
    members.SIP_HEADERS: checks.pairs,
    "billing_group_id": checks.text,
    **dict.fromkeys(("sound_modifications", "assistant", "conversation_relay_config"), checks.json_object),
    "deepfake_detection": checks.json_object,
    "record": checks.one_of("record-from-answer"),
    "record_channels": checks.one_of("single", "dual"),
    "record_custom_file_name": checks.text,
    "record_format": checks.one_of("wav", "mp3"),
    "record_max_length": checks.count,
    "record_timeout_secs": checks.count,
    "record_track": checks.one_of("both", "inbound", "outbound"),
    "record_trim": checks.one_of("trim-silence"),
    "transcription": checks.boolean,
    "transcription_config": checks.json_object,
    "webhook_url": checks.text,
    "webhook_url_method": _METHODS,
    "webhook_urls": checks.json_object,
    "webhook_urls_method": _METHODS,
    "webhook_retries_policies": checks.json_object,
    **COMMON_CHECKS,
}
DIAL_CHECKS: Final[Mapping[str, Check]] = {
    members.TO: checks.addresses,
    "from_": checks.address,
    members.CONNECTION_ID: checks.text,
    **ANSWER_CHECKS,
    **_DIALOGFLOW,
    commands.STREAM_ESTABLISH_BEFORE_CALL_ORIGINATE: checks.boolean,
    **dict.fromkeys(("bridge_intent", "bridge_on_answer"), checks.boolean),
    **dict.fromkeys(("prevent_double_bridge", "retry_on_timeout", "route_to_mobile"), checks.boolean),
    commands.TIMEOUT_SECS: checks.count,
    "time_limit_secs": checks.count,
    "answering_machine_detection": checks.one_of(*get_args(MachineDetection)),
    "answering_machine_detection_config": checks.json_object,
    "audio_url": checks.text,
    "conference_config": checks.json_object,
    "diversion": checks.address,
    "from_display_name": checks.address,
    "link_to": checks.text,
    "media_encryption": checks.one_of("disabled", "SRTP", "DTLS"),
    "media_name": checks.text,
    "park_after_unbridge": checks.text,
    "privacy": checks.one_of("id", "none"),
    "send_digits_on_answer": checks.address,
    "sip_auth_password": checks.secret_text,
    "sip_auth_username": checks.secret_text,
    "sip_region": checks.one_of("US", "Europe", "Canada", "Australia", "Middle East"),
    "sip_transport_protocol": checks.one_of("UDP", "TCP", "TLS"),
    "supervise_call_control_id": checks.text,
    "supervisor_role": checks.one_of("barge", "whisper", "monitor"),
}
CREATE_CONFERENCE_CHECKS: Final[Mapping[str, Check]] = {
    members.CALL_CONTROL_ID: checks.text,
    members.NAME: checks.text,
    "beep_enabled": checks.one_of("always", "never", "on_enter", "on_exit"),
    "comfort_noise": checks.boolean,
    **dict.fromkeys(("duration_minutes", "max_participants"), checks.count),
    **dict.fromkeys(("hold_audio_url", "hold_media_name", "region"), checks.text),
    commands.START_CONFERENCE_ON_CREATE: checks.boolean,
    **COMMON_CHECKS,
}
