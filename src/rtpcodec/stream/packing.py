"""Packings of mode rtp: PCM and payloads on their way into the queue become the payloads of messages."""

from __future__ import annotations

from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio.frames import Framer
from rtpcodec.codecs import CodecInfo
from rtpcodec.codecs.info import Encoder, FrameEncoder
from rtpcodec.kernels.pcm import copy_samples
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, PayloadFormat, payload_format
from rtpcodec.stream.items import Item, Packing
from rtpcodec.stream.plan import MIN_MESSAGE_MS, MP3_RATES_HZ, StreamPlan

__all__ = ["FramePacking", "Item", "Packing", "SamplePacking", "packing_of"]

FRAME_MS: Final = float(MIN_MESSAGE_MS)
"""Of sample codecs: the shortest chunk that the carrier takes is the finest cut for an interruption."""


class SamplePacking:
    """Sample codecs: encode, then cut, so that PCM and payloads share frames of 20 ms."""

    __slots__ = (
        "_encoder",
        "_framer",
        "_info",
        "_part_of_unit",
        "_unit_octets",
        "_unit_samples",
        "frame_ms",
        "sample_rate_hz",
    )

    def __init__(self, info: CodecInfo, encoder: Encoder) -> None:
        self._info = info
        self._encoder = encoder
        self.sample_rate_hz = encoder.sample_rate_hz
        self._unit_octets = info.octets_per_unit
        self._unit_samples = info.samples_per_unit
        units = int(self.sample_rate_hz * FRAME_MS / 1000) // self._unit_samples
        self.frame_ms = units * self._unit_samples * 1000 / self.sample_rate_hz
        self._framer = Framer(units * self._unit_octets)
        self._part_of_unit = b""  # samples of a unit that is not complete, where units have several

    @property
    def pending_ms(self) -> float:
        """Octets of the partial frame, as time."""
        units = self._framer.pending_octets // self._unit_octets
        return (units * self._unit_samples + len(self._part_of_unit) // 2) * 1000 / self.sample_rate_hz

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """Return the frames that PCM completes."""
        if self._unit_samples > 1:
            samples = self._part_of_unit + copy_samples(pcm)
            end = len(samples) - len(samples) % (2 * self._unit_samples)
            pcm, self._part_of_unit = samples[:end], samples[end:]
        return self._cut(self._encoder.encode(pcm))

    def put_payload(self, payload: memoryview) -> list[Item]:
        """Return the frames that octets complete."""
        self._info.samples_in(payload)
        return [*self._complete_unit(), *self._cut(bytes(payload))]

    def payload_ms(self, payload: Buffer) -> float:
        """Return their samples as time."""
        return self._info.samples_in(payload) * 1000 / self.sample_rate_hz

    def flush(self) -> list[Item]:
        """Return the partial frame, filled with the codec's silence."""
        completed = self._complete_unit()
        missing = self._framer.missing_octets // self._unit_octets * self._unit_samples
        return [*completed, *self.put_pcm(bytes(2 * missing))]

    def reset(self) -> None:
        """Drop the partial frame."""
        self._framer.reset()
        self._part_of_unit = b""

    def follow(self, heard: PayloadFormat | None) -> None:
        """Do nothing: octets of samples have one packing."""

    def describe(self) -> str:
        """Return codec and rate."""
        return f"{self._info.name} {self.sample_rate_hz} Hz"

    def _complete_unit(self) -> list[Item]:
        return self.put_pcm(bytes(-len(self._part_of_unit) % (2 * self._unit_samples)))

    def _cut(self, octets: bytes) -> list[Item]:
        return [(frame, self.frame_ms) for frame in self._framer.put(octets)]


class FramePacking:
    """Frame codecs: cut, then encode. A message carries one payload of one frame, because none could be cut again."""

    __slots__ = (
        "_adaptive",
        "_clock_hz",
        "_encoder",
        "_framer",
        "_heard",
        "_info",
        "_payloads",
        "frame_ms",
        "sample_rate_hz",
    )

    def __init__(self, info: CodecInfo, encoder: FrameEncoder, payloads: PayloadFormat) -> None:
        self._info = info
        self._encoder = encoder
        self._payloads = payloads
        self._adaptive = payloads if isinstance(payloads, AdaptivePayloadFormat) else None
        self._heard: PayloadFormat | None = None
        self._clock_hz = info.rtp_clock_hz(encoder.sample_rate_hz)
        self.sample_rate_hz = encoder.sample_rate_hz
        self.frame_ms = encoder.frame_samples * 1000 / self.sample_rate_hz
        self._framer = Framer(2 * encoder.frame_samples)

    @property
    def pending_ms(self) -> float:
        """Samples of the partial frame, as time."""
        return self._framer.pending_octets // 2 * 1000 / self.sample_rate_hz

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """Return the frames that PCM completes, one payload each."""
        return [(self._payload_of(frame), self.frame_ms) for frame in self._framer.put(copy_samples(pcm))]

    def put_payload(self, payload: memoryview) -> list[Item]:
        """Return a payload of its own, behind the partial frame, which nothing can complete any more."""
        duration_ms = self.payload_ms(payload)
        return [*self.flush(), (bytes(payload), duration_ms)]

    def payload_ms(self, payload: Buffer) -> float:
        """Return its duration by the RTP clock. PayloadError: not exactly one payload, or one that must not be sent."""
        duration_ms = self._payloads.ticks(payload) * 1000 / self._clock_hz
        if self._adaptive is not None:
            self._adaptive.require_sendable(payload)
        return duration_ms

    def flush(self) -> list[Item]:
        """Return the partial frame, filled with silence."""
        return self.put_pcm(bytes(self._framer.missing_octets))

    def reset(self) -> None:
        """Drop the partial frame, and the encoder's history where the codec is better off without it.

        The history is of audio that was dropped: its end lies in the encoder's look-ahead, and predictions from frames
        that the far end never received mislead its decoder. The first frame after a reset predicts nothing.
        """
        self._framer.reset()
        if not self._info.keeps_history:
            self._encoder.reset()

    def follow(self, heard: PayloadFormat | None) -> None:
        """Follow the far end from now on; what the payload format before this one has learnt is adopted first."""
        self._adopt()
        self._heard = heard

    def describe(self) -> str:
        """Return codec and rate, and the packing where there are several."""
        coded = f"{self._info.name} {self.sample_rate_hz} Hz"
        return coded if self._adaptive is None else f"{coded} {self._adaptive.packing}"

    def _adopt(self) -> None:
        if self._heard is not None and self._adaptive is not None:
            self._adaptive.adopt(self._heard, self._encoder)

    def _payload_of(self, pcm: bytes) -> bytes:
        self._adopt()
        # Frames of silence from an encoder that may say nothing (DTX) go out, too. On this wire no timestamp says how
        # long a pause is, payloads alone move the far end's clock: what was left out would shorten the pause.
        return self._payloads.payload([self._encoder.encode(pcm)])


def packing_of(plan: StreamPlan, pcm_hz: int | None, max_queue_ms: float) -> Packing:
    """Return the packing for what a plan sends. MissingLibrary, ValueError: the rate."""
    if plan.mode == "mp3":
        from rtpcodec.stream.packing_mp3 import Mp3Packing  # noqa: PLC0415 -- it loads numpy

        # A file says its rate, so PCM of any that MP3 has needs no resampler.
        if pcm_hz is not None and pcm_hz not in MP3_RATES_HZ:
            raise ValueError(f"send_pcm_hz is {pcm_hz!r}, MP3 has {', '.join(map(str, MP3_RATES_HZ))}")
        return Mp3Packing(pcm_hz or plan.send_sample_rate_hz, max_queue_ms)
    info = plan.send_info
    encoder = plan.new_encoder()
    if not isinstance(encoder, FrameEncoder):
        return SamplePacking(info, encoder)
    payloads = payload_format(info, plan.send_sample_rate_hz, **plan.payload_options(info.name))
    return FramePacking(info, encoder, payloads)
