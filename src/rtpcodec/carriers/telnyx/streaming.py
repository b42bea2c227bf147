"""The WebSocket of a stream: token header, events, members of their messages, tracks, limits."""

from typing import Final

from rtpcodec.carriers.telnyx import commands

TOKEN_HEADER: Final = "x-telnyx-streaming-auth-token"  # noqa: S105 -- the name of a header
"""Header of the upgrade's request, and member of `connected`, with the raw token (docs/carrier.md, rule C15)."""
PROTOCOL_VERSION: Final = "1.0.0"
"""The version in `connected`."""

# Events. Each has a member of the same name with its body; `clear` has none, and the body of `error` is the
# documented `payload` or a member `error`.

CONNECTED: Final = "connected"
START: Final = "start"
MEDIA: Final = "media"
STOP: Final = "stop"
MARK: Final = "mark"
DTMF: Final = "dtmf"
ERROR: Final = "error"
CLEAR: Final = "clear"
CARRIER_EVENTS: Final = (CONNECTED, START, MEDIA, STOP, MARK, DTMF, ERROR)
"""Events from the carrier."""
APP_EVENTS: Final = (MEDIA, MARK, CLEAR)
"""Events that the carrier accepts from the app."""

# Members of messages; those of calls are in `members`.

EVENT: Final = "event"
SEQUENCE_NUMBER: Final = "sequence_number"
"""Counter of the stream's messages, from 1; a string of digits on the wire."""
VERSION: Final = "version"
USER_ID: Final = "user_id"
"""The account's id."""
MEDIA_FORMAT: Final = "media_format"
"""Format of the audio from the carrier, in `start` (docs/carrier.md, rule C20)."""
ENCODING: Final = "encoding"
SAMPLE_RATE: Final = "sample_rate"
"""Hz, an integer."""
CHANNELS: Final = "channels"
CHUNK: Final = "chunk"
"""Counter of chunks, from 1; a string of digits on the wire."""
TIMESTAMP: Final = "timestamp"
"""Media time; its unit is uncertain (docs/carrier.md, "Points that a call shows")."""
DIGIT: Final = "digit"
ERROR_MESSAGE: Final = "message"
"""In some errors, the text instead of `detail`."""

# Tracks and encodings.

INBOUND: Final = "inbound"
"""Audio that the carrier receives from the phone leg."""
OUTBOUND: Final = "outbound"
"""Audio that the phone leg hears."""
TRACK_NAMES: Final = (INBOUND, OUTBOUND)
LONG_TRACK_NAMES: Final = {commands.INBOUND_TRACK: INBOUND, commands.OUTBOUND_TRACK: OUTBOUND}
"""Names that were observed instead of the short ones."""
DELIVERED_TRACKS: Final = {
    commands.INBOUND_TRACK: (INBOUND,),
    commands.OUTBOUND_TRACK: (OUTBOUND,),
    commands.BOTH_TRACKS: (INBOUND, OUTBOUND),
}
"""Tracks of the messages by the value of `stream_track`; a message without a track belongs to the first."""

MIME_ENCODINGS: Final = {
    "AUDIO/X-MULAW": "PCMU",
    "AUDIO/PCMU": "PCMU",
    "AUDIO/X-ALAW": "PCMA",
    "AUDIO/PCMA": "PCMA",
    "AUDIO/X-L16": "L16",
    "AUDIO/L16": "L16",
}
"""MIME-like names in older texts and sibling services, in upper case, with their codec."""

# Limits.

MIN_CHUNK_MS: Final = 20
MAX_CHUNK_MS: Final = 30_000
"""Audio in one `media` message of mode rtp (docs/carrier.md, rule C29)."""
MP3_INTERVAL_MS: Final = 1000
"""In mode mp3, a second `media` message within this time is refused with 100005 (docs/carrier.md, rule C30)."""
