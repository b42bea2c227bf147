"""JSON texts to messages and back. The JSON names of the wire stand in this room only.

rules    limits, and the names of the rules that Malformed tells
reading  text to message
writing  message to text
"""

from rtpcodec.stream.wire.reading import encoding_name, parse
from rtpcodec.stream.wire.rules import MAX_DEPTH, MAX_MESSAGE_OCTETS, RULES, BrokenMessage
from rtpcodec.stream.wire.writing import build, media_text

__all__ = [
    "MAX_DEPTH",
    "MAX_MESSAGE_OCTETS",
    "RULES",
    "BrokenMessage",
    "build",
    "encoding_name",
    "media_text",
    "parse",
]
