"""TeXML: the elements and attributes that stream a call (docs/carrier.md, rule C13)."""

from typing import Final, Literal

# Elements.

RESPONSE: Final = "Response"
"""The root of a document; its verbs are executed in order."""
CONNECT: Final = "Connect"
"""The verbs behind it wait until the stream ends. Without one, the call ends then."""
START: Final = "Start"
"""The verbs behind it are executed beside the stream."""
STOP: Final = "Stop"
STREAM: Final = "Stream"
PARAMETER: Final = "Parameter"
"""Within a Stream: a custom parameter of `start`."""
PAUSE: Final = "Pause"
HANGUP: Final = "Hangup"

StreamVerb = Literal["Connect", "Start"]

# Attributes of Stream. It has none for a token, for target legs or for silence.

URL: Final = "url"
TRACK: Final = "track"
NAME: Final = "name"
CODEC: Final = "codec"
BIDIRECTIONAL_MODE: Final = "bidirectionalMode"
BIDIRECTIONAL_CODEC: Final = "bidirectionalCodec"
BIDIRECTIONAL_SAMPLING_RATE: Final = "bidirectionalSamplingRate"
STATUS_CALLBACK: Final = "statusCallback"
STATUS_CALLBACK_METHOD: Final = "statusCallbackMethod"

VALUE: Final = "value"
"""Of Parameter, beside NAME."""
LENGTH: Final = "length"
"""Of Pause, in seconds."""

METHODS: Final = ("GET", "POST")
CODECS: Final = ("PCMU", "PCMA", "G722", "OPUS", "AMR-WB")
"""Codecs that the verb's page lists, for both directions: L16 is not among them."""
SAMPLING_RATES_HZ: Final = (8000, 16000, 24000)
