"""Errors that a stream answers messages of the app with (media streaming, section 5.7)."""

from __future__ import annotations

from typing import Final

UNKNOWN_ERROR: Final = (100002, "unknown_error")
MALFORMED_FRAME: Final = (100003, "malformed_frame")
INVALID_MEDIA: Final = (100004, "invalid_media")
RATE_LIMIT_REACHED: Final = (100005, "rate_limit_reached")


class RefusedMessage(Exception):
    """A message of the app that is answered with an error: code and title, and a sentence."""

    def __init__(self, error: tuple[int, str], detail: str) -> None:
        super().__init__(detail)
        self.error = error
