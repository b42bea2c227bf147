"""StreamWarning: what a carrier notes about the app's messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamWarning:
    """A wrong message of the app that the carrier notes in its debugger, without a message to the app."""

    code: int | None
    """None: the carrier documents no code for it."""
    title: str
    detail: str
