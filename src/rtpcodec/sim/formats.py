"""Which codec and rate a stream gets in each direction, from the call and from what the command asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rtpcodec.audio.resample import Resampler
from rtpcodec.codecs import CodecInfo, Decoder, Encoder, codec
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.errors import UnknownCodec
from rtpcodec.sim.commands import StreamRequest
from rtpcodec.sim.refusals import refused
from rtpcodec.sim.speech import Speech
from rtpcodec.stream.plan import COMMAND_RATES_HZ

LEGS_HEARD: Final = ("self", "both")
"""Target legs that exist on a call of one leg. The carrier's default, `opposite`, is silence there."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A codec at a rate."""

    info: CodecInfo
    sample_rate_hz: int
    byte_order: ByteOrder

    @property
    def announced_hz(self) -> int:
        """The rate that `start` names: the sample rate, but for G722 its RTP clock, as the carrier's guide does."""
        return COMMAND_RATES_HZ.get(self.info.name, (self.sample_rate_hz,))[0]

    def encoder(self) -> Encoder:
        """A new encoder of this format."""
        return self.info.encoder(self.sample_rate_hz, **self._options())

    def decoder(self) -> Decoder:
        """A new decoder of this format."""
        return self.info.decoder(self.sample_rate_hz, **self._options())

    def samples_in_ms(self, duration_ms: int) -> int:
        """How many samples last so long. ValueError: no whole number of them does."""
        samples, rest = divmod(self.sample_rate_hz * duration_ms, 1000)
        if rest:
            raise ValueError(f"{duration_ms} ms are no whole number of samples at {self.sample_rate_hz} Hz")
        return samples

    def _options(self) -> dict[str, ByteOrder]:
        return {"byte_order": self.byte_order} if self.info.name == "L16" else {}


@dataclass(frozen=True, slots=True)
class StreamFormats:
    """Both directions of a stream, as the carrier's command names them: `media` to the app, `returned` from it."""

    media: AudioFormat
    returned: AudioFormat


def agree(request: StreamRequest, call_format: AudioFormat, speech: Speech, *, transcodes: bool) -> StreamFormats:
    """The formats of a stream on a call. Refused (90046): what is asked for cannot be decoded or resampled here."""
    returned = _return_format(request, call_format.byte_order)
    media = _wished_format(request.codec, call_format, speech) if transcodes else None
    media = media or call_format
    if request.tracks != "inbound_track" and returned.sample_rate_hz != media.sample_rate_hz:
        try:
            Resampler(returned.sample_rate_hz, media.sample_rate_hz)
        except ValueError as error:
            raise refused("90046", f"the outbound track cannot be resampled: {error}") from None
    return StreamFormats(media, returned)


def _wished_format(name: str, call_format: AudioFormat, speech: Speech) -> AudioFormat | None:
    """The format for `stream_codec`; None: the call's own, as for any pair that cannot be transcoded."""
    if name in ("default", call_format.info.name):
        return None
    try:
        wished = AudioFormat(codec(name), codec(name).sample_rate_hz(), call_format.byte_order)
        speech.require_way_to(wished.sample_rate_hz)
    except (UnknownCodec, ValueError):
        return None
    return wished


def _return_format(request: StreamRequest, byte_order: ByteOrder) -> AudioFormat:
    # In mode mp3 the carrier ignores codec and rate of return audio.
    name = request.return_codec if request.mode == "rtp" else "PCMU"
    try:
        info = codec(name)
    except UnknownCodec as error:
        raise refused("90046", f"this simulator cannot decode stream_bidirectional_codec: {error}") from None
    # A rate that a codec does not have is no error of the documents: the vendor's own sample asks for G722 with 16000.
    rate_hz = request.return_rate_hz if request.return_rate_hz in info.sample_rates_hz else info.sample_rate_hz()
    return AudioFormat(info, rate_hz, byte_order)
