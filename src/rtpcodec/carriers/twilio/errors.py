"""Codes of the debugger about a stream (docs/twilio.md). None of them is a message: the app is not told."""

from typing import Final

PROTOCOL_ERROR: Final = 31924
MALFORMED_MESSAGE: Final = 31950
INVALID_MESSAGE: Final = 31951
STREAM_PROBLEMS: Final = {
    PROTOCOL_ERROR: "Stream - Websocket - Protocol Error",
    MALFORMED_MESSAGE: "Stream - Protocol - Malformed Message",
    INVALID_MESSAGE: "Stream - Protocol - Invalid Message",
}
"""Titles. The first is an error; the others are warnings, at most one of each per stream."""
