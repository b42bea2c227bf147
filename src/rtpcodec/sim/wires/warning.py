"""StreamWarning: a note of the carrier about the app's messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamWarning:
    """A wrong message of the app that the carrier notes in its debugger, without a message to the app."""

    code: int | None
    """Code of the warning; None: the carrier documents none."""
    title: str
    detail: str
