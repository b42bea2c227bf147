"""TwiML: the elements and attributes that stream a call (docs/twilio.md, "Have Twilio stream")."""

from typing import Final

# Elements.

RESPONSE: Final = "Response"
CONNECT: Final = "Connect"
"""A two-way stream of the inbound track. The verbs after it wait until the stream ends."""
START: Final = "Start"
"""A one-way stream of one track or both. The verbs after it are executed in parallel."""
STREAM: Final = "Stream"
PARAMETER: Final = "Parameter"
"""Within a Stream: a custom parameter of `start`."""

# Attributes of Stream. The URL must not have a query string; use Parameter instead.

URL: Final = "url"
SCHEME: Final = "wss"
"""The only scheme of the URL."""
TRACK: Final = "track"
INBOUND_TRACK: Final = "inbound_track"
OUTBOUND_TRACK: Final = "outbound_track"
BOTH_TRACKS: Final = "both_tracks"

# Attributes of Parameter.

NAME: Final = "name"
VALUE: Final = "value"
MAX_PARAMETER_CHARACTERS: Final = 500
"""Total length of name and value of one Parameter."""
