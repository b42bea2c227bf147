"""What becomes of PCM and payloads on their way into the queue: the payloads of messages, each with its duration."""

from __future__ import annotations

from typing import Final, Protocol

from typing_extensions import Buffer

from rtpcodec.audio.frames import Framer
from rtpcodec.codecs import CodecInfo
from rtpcodec.codecs._amrwb import AmrWbEncoder
from rtpcodec.codecs.info import Encoder, FrameEncoder
from rtpcodec.errors import PayloadError
from rtpcodec.kernels.pcm import copy_samples
from rtpcodec.rtp.payloads import AmrWbFormat, PayloadFormat, payload_format
from rtpcodec.stream.plan import MIN_MESSAGE_MS, StreamPlan

FRAME_MS: Final = float(MIN_MESSAGE_MS)
"""Of sample codecs: the shortest chunk that the carrier takes is the finest cut for an interruption."""

Item = tuple[bytes, float]
"""The payload of one message and how long it plays, in ms."""


class Packing(Protocol):
    """Turns what is played into items. What does not fill an item yet is kept, and padded by `flush` alone."""

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
        """The items that are complete now. ValueError, TypeError: not 16-bit PCM, nothing of it was taken."""

    def put_payload(self, payload: memoryview) -> list[Item]:
        """The same of octets that are encoded already. PayloadError: nothing of them was taken."""

    def payload_ms(self, payload: Buffer) -> float:
        """How long such octets play. PayloadError: they are none of the codec."""

    def flush(self) -> list[Item]:
        """The item that was partial, filled with silence."""

    def reset(self) -> None:
        """Forget the partial item: an interruption."""

    def describe(self) -> str:
        """Codec and rate, for people."""


class SamplePacking:
    """Sample codecs: encode, then cut, so that PCM and payloads share frames of 20 ms."""

    __slots__ = ("_encoder", "_framer", "_info", "_part_of_unit", "frame_ms", "sample_rate_hz")

    def __init__(self, info: CodecInfo, encoder: Encoder) -> None:
        self._info = info
        self._encoder = encoder
        self.sample_rate_hz = encoder.sample_rate_hz
        units = int(self.sample_rate_hz * FRAME_MS / 1000) // info.samples_per_unit
        self.frame_ms = units * info.samples_per_unit * 1000 / self.sample_rate_hz
        self._framer = Framer(units * info.octets_per_unit)
        self._part_of_unit = b""  # of G722, which codes pairs of samples: one that waits for its partner

    @property
    def pending_ms(self) -> float:
        """Octets of the partial frame, as time."""
        units = self._framer.pending_octets // self._info.octets_per_unit
        return (units * self._info.samples_per_unit + len(self._part_of_unit) // 2) * 1000 / self.sample_rate_hz

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """The frames that PCM completes."""
        if self._info.samples_per_unit > 1:
            samples = self._part_of_unit + copy_samples(pcm)
            end = len(samples) - len(samples) % (2 * self._info.samples_per_unit)
            pcm, self._part_of_unit = samples[:end], samples[end:]
        return self._cut(self._encoder.encode(pcm))

    def put_payload(self, payload: memoryview) -> list[Item]:
        """The frames that octets complete."""
        self._info.samples_in(payload)
        return [*self._complete_unit(), *self._cut(bytes(payload))]

    def payload_ms(self, payload: Buffer) -> float:
        """Their samples, as time."""
        return self._info.samples_in(payload) * 1000 / self.sample_rate_hz

    def flush(self) -> list[Item]:
        """The partial frame, filled with the codec's silence."""
        completed = self._complete_unit()
        missing = self._framer.missing_octets // self._info.octets_per_unit * self._info.samples_per_unit
        return [*completed, *self.put_pcm(bytes(2 * missing))]

    def reset(self) -> None:
        """Forget the partial frame."""
        self._framer.reset()
        self._part_of_unit = b""

    def describe(self) -> str:
        """Codec and rate."""
        return f"{self._info.name} {self.sample_rate_hz} Hz"

    def _complete_unit(self) -> list[Item]:
        return self.put_pcm(bytes(-len(self._part_of_unit) % (2 * self._info.samples_per_unit)))

    def _cut(self, octets: bytes) -> list[Item]:
        return [(frame, self.frame_ms) for frame in self._framer.put(octets)]


class FramePacking:
    """Frame codecs: cut, then encode; a message carries one payload of one frame, because none could be cut again."""

    __slots__ = ("_clock_hz", "_encoder", "_framer", "_info", "_payloads", "frame_ms", "sample_rate_hz")

    def __init__(self, info: CodecInfo, encoder: FrameEncoder, payloads: PayloadFormat) -> None:
        self._info = info
        self._encoder = encoder
        self._payloads = payloads
        self._clock_hz = info.rtp_clock_hz(encoder.sample_rate_hz)
        self.sample_rate_hz = encoder.sample_rate_hz
        self.frame_ms = encoder.frame_samples * 1000 / self.sample_rate_hz
        self._framer = Framer(2 * encoder.frame_samples)

    @property
    def pending_ms(self) -> float:
        """Samples of the partial frame, as time."""
        return self._framer.pending_octets // 2 * 1000 / self.sample_rate_hz

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """The frames that PCM completes, one payload each."""
        return [(self._payload_of(frame), self.frame_ms) for frame in self._framer.put(copy_samples(pcm))]

    def put_payload(self, payload: memoryview) -> list[Item]:
        """A payload of its own, behind the partial frame, which nothing can complete any more."""
        duration_ms = self.payload_ms(payload)
        return [*self.flush(), (bytes(payload), duration_ms)]

    def payload_ms(self, payload: Buffer) -> float:
        """Its duration by the RTP clock. PayloadError: it is not exactly one payload."""
        return self._payloads.ticks(payload) * 1000 / self._clock_hz

    def flush(self) -> list[Item]:
        """The partial frame, filled with silence."""
        return self.put_pcm(bytes(self._framer.missing_octets))

    def reset(self) -> None:
        """Forget the partial frame and the encoder's history.

        The history is of audio that was dropped: its end lies in the encoder's look-ahead, and predictions from frames
        that the far end never got mislead its decoder. The first packet after a reset predicts nothing.
        """
        self._framer.reset()
        self._encoder.reset()

    def describe(self) -> str:
        """Codec and rate."""
        return f"{self._info.name} {self.sample_rate_hz} Hz"

    def _payload_of(self, pcm: bytes) -> bytes:
        # Frames of silence from an encoder that may say nothing (DTX) go out, too. On this wire no timestamp tells how
        # long a pause is, payloads alone move the far end's clock: what was left out would shorten the pause.
        return self._payloads.payload([self._encoder.encode(pcm)])


class AmrWbPacking(FramePacking):
    """AMR-WB, in the packing and the mode that the far end's own payloads ask for (RFC 4867 section 4.3.1)."""

    __slots__ = ("_amrwb", "_format", "_heard", "_is_auto")

    def __init__(self, info: CodecInfo, encoder: AmrWbEncoder, payloads: AmrWbFormat, *, is_auto: bool) -> None:
        super().__init__(info, encoder, payloads)
        self._amrwb = encoder
        self._format = payloads
        self._is_auto = is_auto
        self._heard: AmrWbFormat | None = None

    def follow(self, heard: PayloadFormat | None) -> None:
        """Take over what payloads from the far end tell from now on; where they are no AMR-WB, what was known holds."""
        if isinstance(heard, AmrWbFormat):
            self._heard = heard

    def payload_ms(self, payload: Buffer) -> float:
        """Its duration by the RTP clock. PayloadError as well: storage form, in which encoders give their frames."""
        duration_ms = super().payload_ms(payload)
        if self._is_auto:
            alone = AmrWbFormat()
            alone.frames(payload)
            if alone.detected == "storage":
                raise PayloadError(
                    "AMR-WB payload is in storage form, which is for files: AmrWbFormat.payload packs frames"
                )
        return duration_ms

    def reset(self) -> None:
        """Forget the partial frame.

        The encoder goes on: all frames predict, and its predictions fit the far end's decoder, which goes on as well,
        better from the frames that were dropped than from nothing (docs/adr/0011 has figures).
        """
        self._framer.reset()

    def describe(self) -> str:
        """Codec, rate and packing."""
        return f"{super().describe()} {self._format.packing}"

    def _payload_of(self, pcm: bytes) -> bytes:
        heard = self._heard
        if heard is not None:
            # Storage form is for files: to hear it is a fault of the sender that we do not repeat (RFC 4867 5).
            if self._is_auto and heard.detected not in (None, "storage"):
                self._format.packing = heard.packing
            if heard.mode_request is not None:
                self._amrwb.mode = heard.mode_request
        return super()._payload_of(pcm)


def packing_of(plan: StreamPlan, pcm_hz: int | None, max_queue_ms: float) -> Packing:
    """The packing for what a plan sends. MissingLibrary: the codec's library is not there. ValueError: the rate."""
    if plan.mode == "mp3":
        from rtpcodec.stream.packing_mp3 import Mp3Packing  # noqa: PLC0415 -- it loads numpy

        # A file says its rate, so PCM of any that MP3 has needs no resampler.
        return Mp3Packing(pcm_hz or plan.send_sample_rate_hz, max_queue_ms)
    info = plan.send_info
    encoder = plan.new_encoder()
    if not isinstance(encoder, FrameEncoder):
        return SamplePacking(info, encoder)
    payloads = payload_format(info, plan.send_sample_rate_hz, **plan.payload_options(info.name))
    if isinstance(encoder, AmrWbEncoder) and isinstance(payloads, AmrWbFormat):
        return AmrWbPacking(info, encoder, payloads, is_auto=plan.amrwb_packing == "auto")
    return FramePacking(info, encoder, payloads)
