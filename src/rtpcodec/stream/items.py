"""The contracts of the sending chain: what encodes the audio that waits, and what packs it into messages."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Literal, Protocol

from typing_extensions import Buffer

from rtpcodec.rtp.payloads import PayloadFormat

Item = tuple[bytes, float]
"""The payload of one message and how long it plays, in ms."""


class Kind(Enum):
    """What the octets of a piece of audio are."""

    PCM = "pcm"  # at the rate that is played, which is not the codec's
    READY = "ready"  # PCM at the codec's rate
    OCTETS = "octets"  # encoded, and can be cut between units
    ITEM = "item"  # encoded, one message
    TAIL = "tail"  # the end of a resampler's stream, without octets of its own


Piece = tuple[Kind, bytes]
"""Audio at the codec's rate: READY PCM, OCTETS of a sample codec, or one ITEM of a frame codec."""


Coding = Literal["pcmu", "pcma", "l16_little", "l16_big"]


class Packing(Protocol):
    """Mode rtp: turns PCM and payloads into the payloads of messages."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM that it takes."""

    @property
    def frame_samples(self) -> int:
        """Samples of the shortest message: 20 ms of a sample codec, one frame of a frame codec."""

    @property
    def coding(self) -> Coding | None:
        """What a MediaText encodes to the octets of `encode`, so that it need not be called; None: nothing does."""

    @property
    def turn_ms(self) -> float:
        """Audio that is encoded within 5 ms, so that an event loop is not held for longer."""

    @property
    def unit_octets(self) -> int:
        """Octets of the smallest piece that a payload can be cut into; 0: none can be cut."""

    @property
    def unit_samples(self) -> int | None:
        """Samples of that piece; None: a payload is a message of its own."""

    def encode(self, pieces: Sequence[Piece]) -> bytes:
        """Encode the audio of one message, whole frames of it."""

    def payload_ms(self, payload: Buffer) -> float:
        """Return how long encoded octets play. PayloadError: they are not octets of the codec."""

    def reset(self) -> None:
        """Prepare for audio that does not continue what was encoded last: an interruption."""

    def follow(self, heard: PayloadFormat | None) -> None:
        """Follow the far end: send in the packing and mode that its payloads ask for.

        heard: the payload format that the receiving chain reads payloads with, shared on purpose. It is only read here,
            and what it learns later counts for everything that is encoded later. None: nothing is known, and what was
            adopted before stays in force.
        """

    def describe(self) -> str:
        """Return codec and rate for people."""
