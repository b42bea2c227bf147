"""Members of webhooks' payloads as the types of the official SDK have them; `make sdk` compares them with the SDK."""

from __future__ import annotations

_CALL = {"call_control_id", "call_leg_id", "call_session_id", "client_state", "connection_id"}
_SIP = {*_CALL, "from", "to", "start_time", "state", "tags", "custom_headers", "sip_headers"}

EVENT_MEMBERS = {
    "call.initiated": _SIP
    | {"direction", "caller_id_name", "offered_codecs", "connection_codecs"}
    | {"call_screening_result", "shaken_stir_attestation", "shaken_stir_validated"},
    "call.answered": _SIP,
    "call.bridged": _CALL | {"from", "to"},
    "call.hangup": _SIP | {"hangup_cause", "hangup_source", "sip_hangup_cause", "call_quality_stats"},
    "streaming.started": _CALL | {"stream_url"},
    "streaming.stopped": _CALL | {"stream_url"},
    "streaming.failed": _CALL | {"failure_reason", "stream_id", "stream_params", "stream_type"},
}
"""Members by the type of the event."""
SEEN_ON_CALLS = {"call.answered": {"codec", "sampling_rate", "stream_url", "stream_track"}}
"""Members that the types lack and that integrations and the carrier's guide show (docs/webhooks.md, "Events")."""
STREAM_VALUES = {
    "stream_track": ("inbound_track", "outbound_track", "both_tracks"),
    "stream_codec": ("PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16", "default"),
    "stream_bidirectional_mode": ("mp3", "rtp"),
    "stream_bidirectional_codec": ("PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16"),
    "stream_bidirectional_target_legs": ("both", "self", "opposite"),
    "stream_bidirectional_sampling_rate": (8000, 16000, 22050, 24000, 48000),
}
"""Values of the fields of a streaming command."""
