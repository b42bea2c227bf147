"""Decodes the payloads of one payload type, and conceals missing ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rtpcodec.audio.concealment import Concealer
from rtpcodec.codecs import CodecInfo, FecDecoder, codec, codec_names
from rtpcodec.codecs.amrwb_frame import FRAME_SAMPLES, NO_DATA_FRAME
from rtpcodec.errors import MissingLibrary, PayloadError, UnknownCodec
from rtpcodec.kernels.channels import downmix
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.report import StreamCodec
from rtpcodec.rtp.payloads import payload_format

MAX_CONCEALED_MS: Final = 1000
"""Concealment fades out long before; a longer gap ends in silence."""
MAX_OPUS_MS: Final = 120
"""The decoder's limit of one concealment."""
OPUS_STEPS_PER_S: Final = 400
"""Opus conceals multiples of 2.5 ms."""


class PayloadAudio(Live):
    """Decodes one payload type of one stream. Use from one thread at a time."""

    __slots__ = (
        "_channels",
        "_concealer",
        "_decoder",
        "_format",
        "_frame_samples",
        "_max_samples",
        "clock_hz",
        "is_joinable",
        "native_hz",
    )

    def __init__(self, info: CodecInfo, native_hz: int, of: StreamCodec) -> None:
        """Create decoder and payload format.

        Args:
            info: the codec.
            native_hz: sample rate to decode at, one of the codec's.
            of: the codec of the payload type in the capture, with its options.

        Raises:
            ValueError: unsupported options.
            MissingLibrary: the codec's shared library is missing.
        """
        options: dict[str, Any] = {"byte_order": "big"} if info.name == "L16" else {}  # RFC 3551 section 4.5.11
        self._decoder = info.decoder(native_hz, **options)
        self._format = payload_format(info, native_hz, **_format_options(info, of.options, of.known_by))
        self.native_hz = native_hz
        self.clock_hz = of.clock_hz or info.rtp_clock_hz(native_hz)
        self.is_joinable = info.kind == "sample"
        """Whether consecutive payloads can be joined and decoded at once."""
        self._channels = of.channels if info.kind == "sample" else 1
        self._concealer = Concealer(native_hz) if self._channels > 1 else None
        if info.kind == "sample":
            self._frame_samples, self._max_samples = info.samples_per_unit, native_hz
        elif info.name == "OPUS":
            self._frame_samples = native_hz // OPUS_STEPS_PER_S
            self._max_samples = native_hz * MAX_OPUS_MS // 1000
        else:
            self._frame_samples, self._max_samples = FRAME_SAMPLES, native_hz

    def decode(self, payload: bytes) -> bytes:
        """Return native int16 mono PCM, the mean of several channels. PayloadError: not a valid payload."""
        frames = self._format.frames(payload)
        decode = self._decoder.decode
        pcm = decode(frames[0]) if len(frames) == 1 else b"".join(map(decode, frames))
        if self._concealer is None:
            return pcm
        if len(pcm) % (2 * self._channels):
            raise PayloadError(f"L16 payload has {len(pcm)} octets, {self._channels} channels need a multiple of "
                               f"{2 * self._channels}")  # fmt: skip
        return self._concealer.take(downmix(pcm, self._channels))

    def conceal(self, samples: int, following: bytes | None = None) -> bytes:
        """Return audio in place of lost samples.

        Args:
            samples: number of lost samples.
            following: the payload after them, which may have a copy of the last lost one.
        """
        concealed = min(samples, self.native_hz * MAX_CONCEALED_MS // 1000)
        concealed -= concealed % self._frame_samples
        pcm = b"".join([self._conceal_some(count) for count in self._cut(concealed, following is not None)])
        if following is not None and isinstance(self._decoder, FecDecoder) and 2 * concealed > len(pcm):
            try:
                pcm += self._decoder.decode_fec(following, concealed - len(pcm) // 2)
            except PayloadError:
                pcm += self._decoder.conceal(concealed - len(pcm) // 2)
        return pcm.ljust(2 * samples, b"\0")

    def comfort(self, samples: int) -> bytes:
        """Return audio for a pause of the sender: the decoder's comfort noise, or silence."""
        if isinstance(self._decoder, FecDecoder):
            return self.conceal(samples)
        frames = 0
        if self._decoder.info.kind == "frame":
            frames = min(samples, self.native_hz * MAX_CONCEALED_MS // 1000) // FRAME_SAMPLES
        return b"".join([self._decoder.decode(NO_DATA_FRAME) for _ in range(frames)]).ljust(2 * samples, b"\0")

    def _conceal_some(self, samples: int) -> bytes:
        return self._decoder.conceal(samples) if self._concealer is None else self._concealer.conceal(samples)

    def _cut(self, samples: int, leaves_last: bool) -> list[int]:
        """Return pieces that the decoder conceals at once, without the last one if a copy of it may follow."""
        whole, rest = divmod(samples, self._max_samples)
        pieces = [self._max_samples] * whole + [rest] * (rest > 0)
        if leaves_last and pieces and isinstance(self._decoder, FecDecoder):
            # A copy is as long as one packet, usually 20 ms.
            last = min(pieces.pop(), self.native_hz // 50)
            before = samples - sum(pieces) - last
            pieces += [before] * (before > 0)
        return pieces


def payload_audio(of: StreamCodec, pcm_hz: int | None) -> PayloadAudio | str:
    """Return the decoder of a payload type, or one sentence that says why it cannot be decoded.

    Args:
        of: the codec of the payload type in the capture.
        pcm_hz: wanted rate in Hz, used if the codec can decode to it; None: the codec's.
    """
    try:
        info = codec(of.name)
    except UnknownCodec:
        return not_decoded(of.name)
    wanted_hz = pcm_hz if info.kind == "frame" and pcm_hz in info.sample_rates_hz else of.sample_rate_hz
    if wanted_hz is None:
        return f"the sample rate of {of.name} is not known"
    if wanted_hz not in info.sample_rates_hz or wanted_hz not in RATES_HZ:
        return f"{of.name} with {wanted_hz} Hz is not decoded here"
    try:
        return PayloadAudio(info, wanted_hz, of)
    except (ValueError, MissingLibrary) as error:
        return f"{of.name} cannot be decoded: {error}"


def is_decodable(of: StreamCodec, pcm_hz: int | None) -> bool:
    """Return whether `payload_audio` returns a decoder."""
    return of.name in codec_names() and not isinstance(payload_audio(of, pcm_hz), str)


def not_decoded(name: str) -> str:
    """Return the note about a codec that this package does not have."""
    return f"{name} is not decoded here"


def _format_options(info: CodecInfo, options: Mapping[str, str], known_by: str) -> dict[str, Any]:
    if info.name != "AMR-WB":
        return {}
    # RFC 4867 section 8.2: without octet-align, a description means the bandwidth-efficient packing.
    is_aligned = options.get("octet-align") == "1"
    packing = "octet-aligned" if is_aligned else "bandwidth-efficient" if known_by == "sdp" else "auto"
    refused = ("interleaving", "crc", "robust-sorting")
    given = {name.replace("-", "_"): True for name in refused if options.get(name, "0") != "0"}
    return {"packing": packing, **given}
