"""What a codec is, as facts, and what its encoders and decoders promise. Other rooms ask these and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self

from typing_extensions import Buffer

from rtpcodec.errors import PayloadError

ByteOrder = Literal["little", "big"]


class Encoder(Protocol):
    """PCM of one direction of one call to payload octets. Use from one thread at a time."""

    @property
    def info(self) -> CodecInfo:
        """The codec."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM."""

    def encode(self, pcm: Buffer, /) -> bytes:
        """Octets of native int16 mono PCM; sample codecs take any cut, frame codecs exactly one frame."""

    def encode_into(self, pcm: Buffer, out: Buffer, /) -> int:
        """Like encode, written to the start of a writable buffer; how many octets."""

    def reset(self) -> None:
        """Start a new stream with the same settings."""

    def copy(self) -> Self:
        """A twin that goes on independently."""


class Decoder(Protocol):
    """Payload octets of one direction of one call to PCM. Use from one thread at a time."""

    @property
    def info(self) -> CodecInfo:
        """The codec."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM."""

    def decode(self, payload: Buffer, /) -> bytes:
        """Native int16 mono PCM of octets; sample codecs take any cut between units, frame codecs one frame."""

    def decode_into(self, payload: Buffer, out: Buffer, /) -> int:
        """Like decode, written to the start of a writable buffer; how many samples."""

    def reset(self) -> None:
        """Start a new stream with the same settings."""

    def copy(self) -> Self:
        """A twin that goes on independently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecInfo:
    """Facts about one codec, and the way to its encoders and decoders.

    The sample rate of the audio and the RTP clock are two facts: G722 carries 16000 Hz under a clock of 8000 (RFC 3551
    section 4.5.2).

    >>> pcmu = codec("PCMU")
    >>> pcmu.sample_rates_hz, pcmu.payload_type, pcmu.rtp_clock_hz()
    ((8000,), 0, 8000)
    >>> pcmu.encoder().encode(bytes(4)).hex()
    'ffff'
    """

    name: str
    """As the carrier spells it."""
    kind: Literal["sample", "frame"]
    """Which contract encoders and decoders keep."""
    sample_rates_hz: tuple[int, ...]
    """Rates of the PCM side; the first is the default."""
    payload_type: int | None
    """Static RTP payload type at the default rate (RFC 3551 section 6); None: dynamic."""
    octets_per_unit: int
    """Octets of the smallest piece that a payload can be cut into."""
    samples_per_unit: int
    """Samples that such a piece carries."""
    encoder_of: Callable[..., Encoder] = field(repr=False, compare=False)
    decoder_of: Callable[..., Decoder] = field(repr=False, compare=False)
    fixed_rtp_clock_hz: int | None = None
    """An RTP clock that is not the sample rate."""

    def sample_rate_hz(self, sample_rate_hz: int | None = None) -> int:
        """The rate asked for, or the default. ValueError when this codec has no such rate."""
        if sample_rate_hz is None:
            return self.sample_rates_hz[0]
        if sample_rate_hz not in self.sample_rates_hz:
            known = ", ".join(map(str, self.sample_rates_hz))
            raise ValueError(f"{self.name} has no sample rate of {sample_rate_hz} Hz, only {known}")
        return sample_rate_hz

    def rtp_clock_hz(self, sample_rate_hz: int | None = None) -> int:
        """Ticks of an RTP timestamp in a second. ValueError when this codec has no such sample rate."""
        rate_hz = self.sample_rate_hz(sample_rate_hz)
        return rate_hz if self.fixed_rtp_clock_hz is None else self.fixed_rtp_clock_hz

    def samples_in(self, payload: Buffer) -> int:
        """How many samples a payload carries. PayloadError when it ends inside a unit."""
        octets = memoryview(payload).nbytes
        if octets % self.octets_per_unit:
            raise PayloadError(
                f"{self.name} payload has {octets} octets, a multiple of {self.octets_per_unit} is needed"
            )
        return octets // self.octets_per_unit * self.samples_per_unit

    def encoder(self, sample_rate_hz: int | None = None, **options: Any) -> Encoder:
        """A new encoder for one direction of one call.

        TypeError: an option that this codec does not have, or a missing one (L16: byte_order). ValueError: the rate.
        """
        return self.encoder_of(self, self.sample_rate_hz(sample_rate_hz), **options)

    def decoder(self, sample_rate_hz: int | None = None, **options: Any) -> Decoder:
        """A new decoder for one direction of one call. Errors as for encoder."""
        return self.decoder_of(self, self.sample_rate_hz(sample_rate_hz), **options)
