"""Debugger warnings about a stream (docs/twilio.md, What the carrier can do). The app gets no message about them."""

from typing import Final

MALFORMED_MESSAGE: Final = 31950
INVALID_MESSAGE: Final = 31951
STREAM_WARNINGS: Final = {
    MALFORMED_MESSAGE: "Stream - Protocol - Malformed Message",
    INVALID_MESSAGE: "Stream - Protocol - Invalid Message",
}
"""Titles of the warnings; at most one of each per stream."""
