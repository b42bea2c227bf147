"""The protocol classes of the send chain: packing of audio into the payloads of messages."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Literal, Protocol

from typing_extensions import Buffer

from rtpcodec.rtp.payloads import PayloadFormat

Item = tuple[bytes, float]
"""The payload of one message and its duration in ms."""


class Kind(Enum):
    """The encoding of a piece of audio."""

    PCM = "pcm"  # PCM at another rate than the codec's
    READY = "ready"  # PCM at the codec's rate
    OCTETS = "octets"  # encoded, can be cut between units
    ITEM = "item"  # encoded, one message
    TAIL = "tail"  # the end of a resampler's stream, without octets


Piece = tuple[Kind, bytes]
"""Audio at the codec's rate: READY PCM, OCTETS of a sample codec, or one ITEM of a frame codec."""


Coding = Literal["pcmu", "pcma", "l16_little", "l16_big"]


class Packing(Protocol):
    """Mode rtp: converts PCM and payloads to the payloads of messages."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of its PCM input."""

    @property
    def frame_samples(self) -> int:
        """Samples of the shortest message: 20 ms of a sample codec, one frame of a frame codec."""

    @property
    def coding(self) -> Coding | None:
        """The coding of a MediaText that equals `encode`, which is then not called; None: there is none."""

    @property
    def turn_ms(self) -> float:
        """Audio that is encoded within 5 ms, so that an event loop is not blocked for longer."""

    @property
    def unit_octets(self) -> int:
        """Octets of the smallest unit that a payload can be cut into; 0: payloads cannot be cut."""

    @property
    def unit_samples(self) -> int | None:
        """Samples of that unit; None: each payload is one message."""

    def encode(self, pieces: Sequence[Piece]) -> bytes:
        """Encode the audio of one message, in whole frames."""

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of encoded octets. Raises PayloadError if they are not valid in the codec."""

    def reset(self) -> None:
        """Prepare for audio that does not continue the last encoded audio, after an interruption."""

    def follow(self, heard: PayloadFormat | None) -> None:
        """Follow the far end: send in the packing and mode that its payloads request.

        heard: The payload format of the receive chain, shared on purpose: it is only read here, and applies to all
            later encoding as it learns. None: nothing is known, and the current packing and mode stay in force.
        """

    def describe(self) -> str:
        """Return codec and rate as text."""
