"""TeXML: the elements and attributes that stream a call (docs/carrier.md, rule C13)."""

from typing import Final, Literal

# Elements.

RESPONSE: Final = "Response"
"""The root of a document; its verbs are executed in order."""
CONNECT: Final = "Connect"
"""The verbs after it wait until the stream ends. Without one, the call ends then."""
START: Final = "Start"
"""The verbs after it are executed in parallel to the stream."""
STOP: Final = "Stop"
STREAM: Final = "Stream"
PARAMETER: Final = "Parameter"
"""Within a Stream: a custom parameter of `start`."""
PAUSE: Final = "Pause"
HANGUP: Final = "Hangup"

StreamVerb = Literal["Connect", "Start"]

# Attributes of Stream. It has no attributes for a token, for target legs or for silence.

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
"""An attribute of Parameter, beside NAME."""
LENGTH: Final = "length"
"""An attribute of Pause, in seconds."""

METHODS: Final = ("GET", "POST")
CODECS: Final = ("PCMU", "PCMA", "G722", "OPUS", "AMR-WB")
"""Codecs on the verb's page, for both directions, without L16."""
SAMPLING_RATES_HZ: Final = (8000, 16000, 24000)
