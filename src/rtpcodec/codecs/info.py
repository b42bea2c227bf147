"""Facts about a codec, and the protocols of encoders and decoders. Other packages use only these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self, runtime_checkable

from typing_extensions import Buffer

from rtpcodec.codecs.libraries import CodecLibrary
from rtpcodec.errors import PayloadError

ByteOrder = Literal["little", "big"]


class Encoder(Protocol):
    """Encodes the PCM of one direction of one call. Use from one thread at a time."""

    @property
    def info(self) -> CodecInfo:
        """The codec."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM."""

    def encode(self, pcm: Buffer, /) -> bytes:
        """Encode native int16 mono PCM; sample codecs accept any cut, frame codecs exactly one frame."""

    def encode_into(self, pcm: Buffer, out: Buffer, /) -> int:
        """Encode into the start of a writable buffer; return the number of octets."""

    def reset(self) -> None:
        """Start a new stream with the same settings."""


class Decoder(Protocol):
    """Decodes the payloads of one direction of one call. Use from one thread at a time."""

    @property
    def info(self) -> CodecInfo:
        """The codec."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM."""

    def decode(self, payload: Buffer, /) -> bytes:
        """Decode to native int16 mono PCM; sample codecs accept any cut between units, frame codecs one frame."""

    def decode_into(self, payload: Buffer, out: Buffer, /) -> int:
        """Decode into the start of a writable buffer; return the number of samples."""

    def conceal(self, samples: int, /) -> bytes:
        """Return audio in place of lost samples; in a long gap it fades to silence.

        Args:
            samples: sample codecs accept any number of units up to a minute, frame codecs the length of lost frames.

        Raises:
            ValueError: another number of samples.
        """

    def reset(self) -> None:
        """Start a new stream with the same settings."""


@runtime_checkable
class SampleEncoder(Encoder, Protocol):
    """The encoder of a sample codec."""

    def copy(self) -> Self:
        """Return an independent copy."""


@runtime_checkable
class SampleDecoder(Decoder, Protocol):
    """The decoder of a sample codec."""

    def copy(self) -> Self:
        """Return an independent copy."""


@runtime_checkable
class FrameEncoder(Encoder, Protocol):
    """The encoder of a frame codec."""

    @property
    def frame_samples(self) -> int:
        """The exact number of samples that encode needs."""

    @property
    def max_octets(self) -> int:
        """The size of the largest frame; encode_into needs a buffer of this size."""


@runtime_checkable
class FecDecoder(Decoder, Protocol):
    """The decoder of a frame codec whose packets may contain a coarse copy of the previous packet."""

    def decode_fec(self, packet: Buffer, samples: int, /) -> bytes:
        """Return the lost samples before a packet, from its copy or by concealment. Call it before decode."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece that a payload of a sample codec can be cut into."""

    octets: int
    samples: int
    silent: tuple[bytes, bytes] = (b"\0", b"\1")
    """Two different units without audio: 0 and the sample next to it, or nearly so."""


@dataclass(frozen=True, slots=True)
class Setting:
    """An option that both ends of a stream must agree on, because payloads do not contain it."""

    keyword: str
    """The keyword of an encoder and decoder, or of a payload format."""
    field: str
    """The field that holds its value in a stream's settings, such as `StreamPlan.l16_byte_order`."""
    text: str = ""
    """A text about the value, in which `{}` is the value. Empty: descriptions do not mention it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecInfo:
    """Facts about one codec, which also create its encoders and decoders.

    The sample rate of the audio may differ from the RTP clock: G722 has 16000 Hz audio and a clock of 8000 Hz (RFC 3551
    section 4.5.2).

    >>> pcmu = codec("PCMU")
    >>> pcmu.sample_rates_hz, pcmu.payload_type, pcmu.rtp_clock_hz()
    ((8000,), 0, 8000)
    >>> pcmu.encoder().encode(bytes(4)).hex()
    'ffff'
    """

    name: str
    """As the carrier spells it."""
    sample_rates_hz: tuple[int, ...]
    """Rates of the PCM side; the first is the default."""
    payload_type: int | None
    """Static RTP payload type at the default rate (RFC 3551 section 6); None: dynamic."""
    encoder_of: Callable[..., Encoder] = field(repr=False, compare=False)
    """Creates an encoder."""
    decoder_of: Callable[..., Decoder] = field(repr=False, compare=False)
    """Creates a decoder."""
    fixed_rtp_clock_hz: int | None = None
    """An RTP clock that is not the sample rate."""
    unit: Unit | None = None
    """What payloads of a sample codec consist of; None: a frame codec."""
    encoder_options: tuple[str, ...] = ()
    """Keywords of `encoder`."""
    coder_settings: tuple[Setting, ...] = ()
    """Keywords that both `encoder` and `decoder` need, and the fields that a stream's settings hold them in."""
    payload_settings: tuple[Setting, ...] = ()
    """The same for the codec's payload format."""
    keeps_history: bool = False
    """Whether a frame codec's encoder continues after audio was dropped. False: it is reset, so that the next frame
    does not depend on frames that the far end never received."""
    command_rates_hz: tuple[int, ...] = ()
    """Rates that a streaming command may name, the default first, if they differ from the sample rates."""
    chunks_ms: tuple[int, ...] = ()
    """Lengths of audio that one payload can hold. Empty: any whole number of units."""
    rtpmap: tuple[str, int] | None = None
    """Name and channels in SDP, if they differ from `name` and one channel."""
    libraries: tuple[CodecLibrary, ...] = field(default=(), repr=False)
    """Shared libraries that its encoder or decoder needs; each is opened when it is first needed."""

    @property
    def kind(self) -> Literal["sample", "frame"]:
        """The kind of encoders and decoders: `sample` accepts any cut, `frame` whole frames only."""
        return "frame" if self.unit is None else "sample"

    @property
    def octets_per_unit(self) -> int:
        """The octets of the smallest piece that a payload can be cut into. TypeError for a frame codec."""
        return self._require_unit().octets

    @property
    def samples_per_unit(self) -> int:
        """The samples in such a piece. TypeError for a frame codec."""
        return self._require_unit().samples

    def sample_rate_hz(self, sample_rate_hz: int | None = None) -> int:
        """Return the requested rate, or the default. ValueError: this codec does not have it."""
        if sample_rate_hz is None:
            return self.sample_rates_hz[0]
        if sample_rate_hz not in self.sample_rates_hz:
            known = ", ".join(map(str, self.sample_rates_hz))
            raise ValueError(f"{self.name} has no sample rate of {sample_rate_hz} Hz, only {known}")
        return sample_rate_hz

    def rtp_clock_hz(self, sample_rate_hz: int | None = None) -> int:
        """Return the ticks of an RTP timestamp per second. ValueError: this codec does not have the sample rate."""
        rate_hz = self.sample_rate_hz(sample_rate_hz)
        return rate_hz if self.fixed_rtp_clock_hz is None else self.fixed_rtp_clock_hz

    def command_rate_hz(self, wanted_hz: int | None = None) -> int:
        """Return the rate by which a command names this codec: `wanted_hz`, or the documented one.

        Raises:
            ValueError: no command names this codec with that rate.
        """
        if not self.command_rates_hz:
            return self.sample_rate_hz(wanted_hz)
        if wanted_hz is None:
            return self.command_rates_hz[0]
        if wanted_hz not in self.command_rates_hz:
            known = " or ".join(map(str, self.command_rates_hz))
            raise ValueError(f"a command names {self.name} with {known} Hz, not with {wanted_hz}")
        return wanted_hz

    def named_sample_rate_hz(self, command_rate_hz: int) -> int:
        """Return the sample rate that belongs to the rate in a command. ValueError: there is no such rate."""
        return self.sample_rate_hz(None if self.command_rates_hz else command_rate_hz)

    def coder_options(self, settings: object) -> dict[str, Any]:
        """Return the keyword arguments for `encoder` and `decoder` from a stream's settings."""
        return _options(self.coder_settings, settings)

    def payload_options(self, settings: object) -> dict[str, Any]:
        """Return the keyword arguments for the payload format from a stream's settings."""
        return _options(self.payload_settings, settings)

    def describe(self, sample_rate_hz: int, settings: object) -> str:
        """Return name, rate and agreed settings as text: 'L16 16000 Hz little-endian'."""
        words = [f"{self.name} {sample_rate_hz} Hz"]
        words += [one.text.format(getattr(settings, one.field)) for one in self.coder_settings if one.text]
        return " ".join(words)

    def samples_in(self, payload: Buffer) -> int:
        """Return the number of samples in a payload.

        Raises:
            PayloadError: the payload ends inside a unit.
            TypeError: this is a frame codec.
        """
        unit = self._require_unit()
        octets = len(payload) if isinstance(payload, bytes) else memoryview(payload).nbytes
        if octets % unit.octets:
            raise PayloadError(f"{self.name} payload has {octets} octets, a multiple of {unit.octets} is needed")
        return octets // unit.octets * unit.samples

    def encoder(self, sample_rate_hz: int | None = None, **options: Any) -> Encoder:
        """Return a new encoder for one direction of one call.

        Args:
            sample_rate_hz: rate of the PCM; None: the codec's default.
            options: options of the codec, by name; `encoder_options` lists them.

        Raises:
            TypeError: this codec does not have the option, or a required one is missing (L16: byte_order).
            ValueError: the rate or the value of an option is out of range.
            MissingLibrary: the codec's shared library is not installed.
        """
        return self.encoder_of(self, self.sample_rate_hz(sample_rate_hz), **options)

    def decoder(self, sample_rate_hz: int | None = None, **options: Any) -> Decoder:
        """Return a new decoder for one direction of one call. Errors as for encoder."""
        return self.decoder_of(self, self.sample_rate_hz(sample_rate_hz), **options)

    def _require_unit(self) -> Unit:
        if self.unit is None:
            raise TypeError(f"{self.name} is a frame codec, its payloads are not made of units")
        return self.unit


def _options(agreed: tuple[Setting, ...], settings: object) -> dict[str, Any]:
    return {one.keyword: getattr(settings, one.field) for one in agreed if hasattr(settings, one.field)}
