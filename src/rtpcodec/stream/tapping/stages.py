"""The stages of a stream that a tap can write."""

from __future__ import annotations

from typing import Final, Literal, get_args

Stage = Literal["received", "pcm", "spoken", "mixed", "encoded", "heard"]
"""Where a tap takes its audio, in the order in which audio passes:

received  payloads of one track in order, decoded, before resampling and concealment
pcm       the same track as its reader gets it: resampled, and concealed if the session does so
spoken    the audio of replies at the codec's rate, before background is mixed in; silence between replies
mixed     what is encoded: replies, background and keep-alive
encoded   what was sent, decoded again: what the carrier hears
heard     what the caller heard: without what interruptions dropped, on the time line of the inbound track
"""
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
RECEIVED: Final = ("received", "pcm")
SENT: Final = ("spoken", "mixed", "encoded")


def checked(stage: str) -> Stage:
    """Return a stage. ValueError: there is none of this name."""
    for known in STAGES:
        if stage == known:
            return known
    raise ValueError(f"stage is {stage!r}, one of {', '.join(STAGES)} is needed")
