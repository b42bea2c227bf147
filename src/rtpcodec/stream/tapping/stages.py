"""The stages of a stream that a tap can write."""

from __future__ import annotations

from typing import Final, Literal, get_args

Stage = Literal["received", "pcm", "spoken", "mixed", "encoded", "heard"]
"""The stages, in the order in which audio passes them:

received  payloads of one track in order, decoded, before resampling and concealment
pcm       the same track as delivered to its reader: resampled, and concealed if the session conceals
spoken    the audio of replies at the codec's rate, before background is mixed in; silence between replies
mixed     the input of the encoder: replies, background and keep-alive
encoded   the sent audio, decoded again: the carrier hears this
heard     the audio that the caller heard: without audio that interruptions dropped, on the inbound timeline
"""
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
RECEIVED: Final = ("received", "pcm")
SENT: Final = ("spoken", "mixed", "encoded")


def checked(stage: str) -> Stage:
    """Return a stage by its name. Raises ValueError if there is none."""
    for known in STAGES:
        if stage == known:
            return known
    raise ValueError(f"stage is {stage!r}, one of {', '.join(STAGES)} is needed")
