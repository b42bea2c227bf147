"""The texts of a stream: the rules for all carriers, and one dialect per carrier.

rules      limits, and the names of the rules that Malformed reports
dialect    the protocol class of a dialect: texts to messages and back, and the abilities of the carrier
choice     all dialects, and the detection of a dialect by a message
json_messages  JSON texts to messages, by the names of a carrier
json_text  the rules for the JSON texts of all carriers
telnyx     the dialect of Telnyx
twilio     the dialect of Twilio's Media Streams
"""

from rtpcodec.stream.wire.choice import DIALECTS
from rtpcodec.stream.wire.dialect import Dialect
from rtpcodec.stream.wire.rules import MAX_DEPTH, MAX_MESSAGE_OCTETS, RULES, BrokenMessage, OddMessage
from rtpcodec.stream.wire.telnyx import TELNYX, build, encoding_name, media_text, parse
from rtpcodec.stream.wire.twilio import TWILIO

__all__ = [
    "DIALECTS",
    "MAX_DEPTH",
    "MAX_MESSAGE_OCTETS",
    "RULES",
    "TELNYX",
    "TWILIO",
    "BrokenMessage",
    "Dialect",
    "OddMessage",
    "build",
    "encoding_name",
    "media_text",
    "parse",
]
