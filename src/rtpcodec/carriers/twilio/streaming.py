"""The WebSocket of a Media Stream: events, members of their messages, tracks, format (docs/twilio.md, "Messages")."""

from typing import Final

from rtpcodec.carriers.twilio import twiml

PROTOCOL: Final = "protocol"
"""A member of `connected`, beside the version; only this carrier sends it."""
CALL_PROTOCOL: Final = "Call"
"""The value of `protocol`."""
PROTOCOL_VERSION: Final = "1.0.0"
"""The version in `connected`."""

SIGNATURE_HEADER: Final = "x-twilio-signature"
"""Header of the upgrade request: a signature of the URL with the account's token."""

# Events. Each has a member of the same name with its body; `connected` and `clear` have none.

CONNECTED: Final = "connected"
START: Final = "start"
MEDIA: Final = "media"
STOP: Final = "stop"
MARK: Final = "mark"
DTMF: Final = "dtmf"
CLEAR: Final = "clear"
CARRIER_EVENTS: Final = (CONNECTED, START, MEDIA, STOP, MARK, DTMF)
"""Events from the carrier. Only two-way streams have marks and digits."""
APP_EVENTS: Final = (MEDIA, MARK, CLEAR)
"""Events that a two-way stream accepts from the app."""

# Members of messages.

EVENT: Final = "event"
SEQUENCE_NUMBER: Final = "sequenceNumber"
"""Counter of the stream's messages after `connected`, from 1; a string of digits on the wire."""
STREAM_SID: Final = "streamSid"
"""The stream's id, in every message except `connected`, and required in each message of the app."""
VERSION: Final = "version"
ACCOUNT_SID: Final = "accountSid"
CALL_SID: Final = "callSid"
TRACKS: Final = "tracks"
"""In `start`: a list of the tracks of the following messages."""
CUSTOM_PARAMETERS: Final = "customParameters"
"""In `start`: an object of strings."""
MEDIA_FORMAT: Final = "mediaFormat"
ENCODING: Final = "encoding"
SAMPLE_RATE: Final = "sampleRate"
"""Hz, an integer."""
CHANNELS: Final = "channels"
TRACK: Final = "track"
CHUNK: Final = "chunk"
"""Counter of chunks, from 1; a string of digits on the wire."""
TIMESTAMP: Final = "timestamp"
"""Milliseconds since the start of the stream; a string of digits on the wire."""
PAYLOAD: Final = "payload"
NAME: Final = "name"
DIGIT: Final = "digit"

# Tracks and the format.

INBOUND: Final = "inbound"
"""Audio that the carrier receives from the phone leg."""
OUTBOUND: Final = "outbound"
"""Audio that the phone leg hears."""
TRACK_NAMES: Final = (INBOUND, OUTBOUND)
LONG_TRACK_NAMES: Final = {"inbound_track": INBOUND, "outbound_track": OUTBOUND}
"""Names of the tracks in TwiML and in `dtmf`."""
DELIVERED_TRACKS: Final = {
    twiml.INBOUND_TRACK: (INBOUND,),
    twiml.OUTBOUND_TRACK: (OUTBOUND,),
    twiml.BOTH_TRACKS: (INBOUND, OUTBOUND),
}
"""Tracks of the messages by the value of `track`; a two-way stream has only the inbound one."""
MULAW: Final = "audio/x-mulaw"
"""The only encoding, in both directions: PCMU at SAMPLE_RATE_HZ, one channel, without a header."""
CODEC: Final = "PCMU"
SAMPLE_RATE_HZ: Final = 8000
CHANNEL_COUNT: Final = 1
