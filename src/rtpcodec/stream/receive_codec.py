"""The codec of the carrier's audio: rate, payload format and decoder for the format that `start` declares."""

from __future__ import annotations

from typing import Literal

from rtpcodec.audio.rates import resampler_between
from rtpcodec.codecs import CodecInfo, Decoder, codec
from rtpcodec.errors import UnknownCodec
from rtpcodec.rtp.payloads import PayloadFormat, payload_format
from rtpcodec.stream.events import UnsupportedCodec
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan

PcmRate = int | Literal["native"] | None
"""Rate of the PCM to deliver in Hz; "native": the codec's rate; None: payloads only."""


class ReceiveCodec:
    """One received format. Each declared value takes effect, or `unsupported` or `ignored` has it."""

    __slots__ = ("_plan", "_plan_decides", "ignored", "info", "media_format", "pcm_hz", "rate_hz", "unsupported")

    def __init__(
        self, plan: StreamPlan, media_format: MediaFormat, pcm_hz: PcmRate, *, plan_decides: bool = True
    ) -> None:
        """Choose codec and rate.

        Args:
            plan: Options of the decoder and of the payload format.
            media_format: The format that `start` declares.
            pcm_hz: Rate of the PCM to deliver.
            plan_decides: Whether the plan's options apply to the payload format. False: the format adapts itself.
        """
        self._plan = plan
        self._plan_decides = plan_decides
        self.media_format = media_format
        self.pcm_hz = None if pcm_hz == "native" else pcm_hz
        self.unsupported: UnsupportedCodec | None = None
        self.ignored = ""
        """Values of `start` without effect, as a sentence; empty: none."""
        self.info, self.rate_hz = self._choose()
        if pcm_hz == "native":
            self.pcm_hz = self.rate_hz

    @property
    def clock_hz(self) -> int:
        """Ticks of the payload format per second, of all channels: samples of channels are interleaved."""
        return 1 if self.info is None else self.info.rtp_clock_hz(self.rate_hz) * self._channels

    @property
    def is_given(self) -> bool:
        """Whether the plan sets an option of the payload format that could also be detected from the payloads."""
        return self._plan_decides and self.info is not None and bool(self._plan.payload_options(self.info.name))

    @property
    def _channels(self) -> int:
        """Number of channels of samples. Frames contain their number of channels, in OPUS per packet."""
        return (self.media_format.channels or 1) if self.info is not None and self.info.kind == "sample" else 1

    def new_payloads(self) -> PayloadFormat | None:
        """Return a new payload format; None: the codec is unknown."""
        if self.info is None:
            return None
        options = self._plan.payload_options(self.info.name) if self._plan_decides else {}
        return payload_format(self.info, self.rate_hz, **options)

    def new_decoder(self) -> Decoder | None:
        """Return a new decoder; None: payloads only. Raises MissingLibrary."""
        if self.info is None or self.pcm_hz is None or self.unsupported is not None:
            return None
        return self.info.decoder(self.rate_hz, **self._plan.codec_options(self.info.name))

    def describe(self, packing: str) -> str:
        """Return codec, rate and conversions in one line.

        packing: Packing of the payloads; empty if the codec has only one.
        """
        if self.info is None or self.unsupported is not None:
            return f"{self.media_format.encoding} (not decoded)"
        chain = self.info.describe(self.rate_hz, self._plan)
        if packing:
            chain += f" {packing}"
        if self.pcm_hz is None:
            return f"{chain}, payloads only"
        return chain if self.pcm_hz == self.rate_hz else f"{chain} -> {self.pcm_hz} Hz"

    def refuse(self, remedy: str) -> None:
        """Decode nothing from now on. remedy: the reason, and what to do."""
        self.unsupported = UnsupportedCodec(self.media_format.encoding, self.media_format.sample_rate_hz, remedy)

    def _choose(self) -> tuple[CodecInfo | None, int]:
        """Choose codec and rate. `encoding` has priority: a codec with only one rate has that rate."""
        encoding, rate_hz = self.media_format.encoding, self.media_format.sample_rate_hz
        try:
            info = codec(encoding)
        except UnknownCodec:
            self.refuse(
                "request another codec by stream_codec in the command, or by preferred_codecs of dial and answer"
            )
            return None, rate_hz or 0
        # 1. Channels? Our PCM is mono. OPUS is always declared with two (RFC 7587 section 7), and decoded to one.
        channels = self.media_format.channels
        if channels not in (None, 1) and (info.rtpmap is None or channels != info.rtpmap[1]):
            self.refuse(
                f"{info.name} is declared with {channels} channels, only 1 is decoded; request another codec by "
                "stream_codec in the command, or decode the payloads of the events"
            )
        # 2. Rate? For codecs with several rates it is needed. For other codecs it may only be wrong.
        try:
            decoder_rate_hz = self._decoder_rate_hz(info)
        except ValueError as error:
            self.refuse(f"{error}; request another rate, or receive payloads only (receive_pcm_hz=None)")
            return None, rate_hz or 0
        if rate_hz not in (None, *info.sample_rates_hz, *info.command_rates_hz):
            self.ignored = f"start declares {info.name} with {rate_hz} Hz, which it does not have: {decoder_rate_hz} Hz"
        return info, decoder_rate_hz

    def _decoder_rate_hz(self, info: CodecInfo) -> int:
        """Return the rate of the decoder. Raises ValueError if it cannot be resampled to the rate to deliver."""
        rate_hz = self.media_format.sample_rate_hz
        if info.kind == "frame":
            # A frame decoder can have any rate of its codec, whatever the encoder had: the rate of `start` is a hint.
            wanted = [rate for rate in (self.pcm_hz, rate_hz) if rate in info.sample_rates_hz]
            return info.sample_rate_hz(wanted[0] if wanted else None)
        if len(info.sample_rates_hz) == 1:
            return info.sample_rates_hz[0]
        decoder_rate_hz = info.sample_rate_hz(rate_hz)
        if self.pcm_hz is not None:
            resampler_between("sample_rate of start", decoder_rate_hz, "receive_pcm_hz", self.pcm_hz)
        return decoder_rate_hz
