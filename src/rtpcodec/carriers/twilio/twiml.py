"""TwiML: the elements and attributes that stream a call (docs/twilio.md, "Have Twilio stream")."""

from typing import Final

# Elements.

RESPONSE: Final = "Response"
CONNECT: Final = "Connect"
"""A two-way stream of the inbound track. The verbs behind it wait until the stream ends."""
START: Final = "Start"
"""A one-way stream of one track or both. The verbs behind it are executed beside it."""
STREAM: Final = "Stream"
PARAMETER: Final = "Parameter"
"""Within a Stream: a custom parameter of `start`."""

# Attributes of Stream. The URL must not have a query string: Parameter stands in.

URL: Final = "url"
SCHEME: Final = "wss"
"""The only one of the URL."""
TRACK: Final = "track"
INBOUND_TRACK: Final = "inbound_track"
OUTBOUND_TRACK: Final = "outbound_track"
BOTH_TRACKS: Final = "both_tracks"

# Attributes of Parameter.

NAME: Final = "name"
VALUE: Final = "value"
MAX_PARAMETER_CHARACTERS: Final = 500
"""Name and value of one Parameter together."""
