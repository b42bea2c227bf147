"""The contracts of the sending chain: what encodes the audio that waits, and what packs it into messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from typing_extensions import Buffer

from rtpcodec.errors import LocalProtocolError
from rtpcodec.kernels.pcm import copy_samples
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


class Packing(Protocol):
    """Mode rtp: turns PCM and payloads into the payloads of messages."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM that it takes."""

    @property
    def frame_samples(self) -> int:
        """Samples of the shortest message: 20 ms of a sample codec, one frame of a frame codec."""

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


class SendEncoding(Protocol):
    """Audio that waits to be sent, and its encoding when it is due.

    Audio waits as it was played. Only `take` encodes: so the encoder's state is that of what was sent, whatever an
    interruption drops.
    """

    pcm_hz: int
    """The rate of the PCM that `put_pcm` accepts."""
    sample_rate_hz: int
    """The rate of the samples that are counted here."""
    turn_ms: float
    """Audio that is encoded within 5 ms, so that an event loop is not held for longer."""
    waiting_samples: int
    """Audio that waits."""
    taken_samples: int
    """Audio of all items that were taken."""

    @property
    def frame_ms(self) -> float | None:
        """How long an item becomes that is padded for a mark behind it; None: only `flush` completes an item."""

    @property
    def item_ms(self) -> float | None:
        """Duration of the next item; None: none can be made yet."""

    @property
    def has_work(self) -> bool:
        """Whether `work` would bring the next item nearer."""

    def work(self, most_ms: float) -> None:
        """Prepare items, with at most most_ms of audio."""

    def put_pcm(self, pcm: Buffer) -> None:
        """Append PCM at pcm_hz. ValueError, TypeError: it is not 16-bit PCM; nothing was appended."""

    def put_resampled(self, pcm: Buffer) -> None:
        """Append PCM at sample_rate_hz. ValueError, TypeError: it is not 16-bit PCM; nothing was appended."""

    def put_encoded(self, payload: Buffer, duration_ms: float) -> None:
        """Append octets that `encoded_ms` accepts, with the duration that it returned.

        Raises: ValueError in mode mp3 if the file does not fit into a message.
        """

    def encoded_ms(self, payload: Buffer, mode: str, call: str) -> float:
        """Return the duration in ms of octets for `put_encoded`.

        payload: the octets.
        mode: the plan's mode that the calling method needs.
        call: the name of that method, for the error.
        Raises: LocalProtocolError if the plan has the other mode, TypeError if the items are not octets, PayloadError
        if they are not a payload of the send codec, ValueError if they are not an MP3 file.
        """

    def flush(self) -> None:
        """End an utterance: append the resampler's tail, and silence that completes the last item."""

    def complete_item(self) -> None:
        """Append silence that completes the last item."""

    def take(self) -> Item:
        """Encode and remove the next item; item_ms must not be None."""

    def drop(self) -> None:
        """Drop all audio that waits."""

    def follow(self, heard: PayloadFormat | None) -> None:
        """Send in the packing and mode that the far end's payloads ask for: see Packing.follow."""

    def describe(self) -> str:
        """Describe resampling, codec and rate for people."""


def octets_of(payload: Buffer, plan_mode: str, mode: str, call: str) -> memoryview:
    """Return the octets of a payload: see `SendEncoding.encoded_ms`."""
    if plan_mode != mode:
        raise LocalProtocolError(f"the plan's mode is {plan_mode!r}, {call} needs {mode!r}")
    octets = memoryview(payload)
    if octets.itemsize != 1:
        raise TypeError(f"payload has items of format '{octets.format}', octets ('B', 'b', 'c') are needed")
    return octets


def pcm_octets(pcm: Buffer) -> bytes:
    """Return a copy of 16-bit PCM, or PCM itself where nobody can change it. ValueError, TypeError: it is not that."""
    if type(pcm) is bytes and not len(pcm) & 1:
        return pcm
    try:
        return copy_samples(pcm)
    except (TypeError, ValueError) as error:
        # The kernel calls its argument `samples`; errors name the caller's.
        raise type(error)(re.sub("^samples ", "pcm ", str(error))) from None
