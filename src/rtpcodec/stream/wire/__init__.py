"""The texts of a stream: what they must keep to, and one dialect per carrier.

rules      limits, and the names of the rules that Malformed reports
dialect    the contract of a dialect: texts to messages and back, and what the carrier can do
json_text  the rules that JSON texts of all carriers keep
telnyx     the dialect of Telnyx
"""

from rtpcodec.stream.wire.dialect import Dialect
from rtpcodec.stream.wire.rules import MAX_DEPTH, MAX_MESSAGE_OCTETS, RULES, BrokenMessage, OddMessage
from rtpcodec.stream.wire.telnyx import TELNYX, build, encoding_name, media_text, parse

__all__ = [
    "MAX_DEPTH",
    "MAX_MESSAGE_OCTETS",
    "RULES",
    "TELNYX",
    "BrokenMessage",
    "Dialect",
    "OddMessage",
    "build",
    "encoding_name",
    "media_text",
    "parse",
]
