"""Warnings of the debugger about a stream (docs/twilio.md, Messages). The app gets no message about them."""

from typing import Final

MALFORMED_MESSAGE: Final = 31950
INVALID_MESSAGE: Final = 31951
STREAM_WARNINGS: Final = {
    MALFORMED_MESSAGE: "Stream - Protocol - Malformed Message",
    INVALID_MESSAGE: "Stream - Protocol - Invalid Message",
}
"""Titles; at most one warning of each per stream."""
