"""The contract between the sending chain and whatever turns PCM and payloads into the payloads of messages."""

from __future__ import annotations

from typing import Protocol

from typing_extensions import Buffer

from rtpcodec.rtp.payloads import PayloadFormat

Item = tuple[bytes, float]
"""The payload of one message and how long it plays, in ms."""


class Packing(Protocol):
    """Turns what is played into items. A partial item is kept until more audio completes it, or `flush` pads it."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM that it takes."""

    @property
    def frame_ms(self) -> float | None:
        """How long an item becomes that is filled up for a mark behind it; None: only `flush` completes one."""

    @property
    def pending_ms(self) -> float:
        """Audio that waits for the rest of its item."""

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """Return the items that PCM completes. ValueError, TypeError: not 16-bit PCM, nothing of it was taken."""

    def put_payload(self, payload: memoryview) -> list[Item]:
        """Return the items that encoded octets complete. PayloadError: nothing of them was taken."""

    def payload_ms(self, payload: Buffer) -> float:
        """Return how long encoded octets play. PayloadError: they are not octets of the codec."""

    def flush(self) -> list[Item]:
        """Return the partial item, filled with silence."""

    def reset(self) -> None:
        """Drop the partial item: an interruption."""

    def follow(self, heard: PayloadFormat | None) -> None:
        """Follow the far end: send in the packing and mode that its payloads ask for.

        heard: the payload format that the receiving chain reads payloads with, shared on purpose. It is only read here,
            and what it learns later counts for everything that is encoded later. None: nothing is known, and what was
            adopted before stays in force.
        """

    def describe(self) -> str:
        """Return codec and rate for people."""
