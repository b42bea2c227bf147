"""What becomes of PCM and payloads on their way into the queue: the payloads of messages, each with its duration."""

from __future__ import annotations

from typing import Final, Protocol

from typing_extensions import Buffer

from rtpcodec.audio.frames import Framer
from rtpcodec.codecs import CodecInfo, Encoder
from rtpcodec.stream.plan import StreamPlan

FRAME_MS: Final = 20.0
"""The shortest chunk that the carrier takes (media streaming, section 6.2): the finest cut for an interruption."""

Item = tuple[bytes, float]
"""The payload of one message and how long it plays, in ms."""


class Packing(Protocol):
    """Turns what is played into items. What does not fill an item yet is kept, and padded by `flush` alone."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM that it takes."""

    @property
    def frame_ms(self) -> float:
        """The longest that a partial item can become by `flush`."""

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

    __slots__ = ("_encoder", "_framer", "_info", "frame_ms", "sample_rate_hz")

    def __init__(self, info: CodecInfo, encoder: Encoder) -> None:
        self._info = info
        self._encoder = encoder
        self.sample_rate_hz = encoder.sample_rate_hz
        units = int(self.sample_rate_hz * FRAME_MS / 1000) // info.samples_per_unit
        self.frame_ms = units * info.samples_per_unit * 1000 / self.sample_rate_hz
        self._framer = Framer(units * info.octets_per_unit)

    @property
    def pending_ms(self) -> float:
        """Octets of the partial frame, as time."""
        units = self._framer.pending_octets // self._info.octets_per_unit
        return units * self._info.samples_per_unit * 1000 / self.sample_rate_hz

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """The frames that PCM completes."""
        return self._cut(self._encoder.encode(pcm))

    def put_payload(self, payload: memoryview) -> list[Item]:
        """The frames that octets complete."""
        self._info.samples_in(payload)
        return self._cut(bytes(payload))

    def payload_ms(self, payload: Buffer) -> float:
        """Their samples, as time."""
        return self._info.samples_in(payload) * 1000 / self.sample_rate_hz

    def flush(self) -> list[Item]:
        """The partial frame, filled with the codec's silence."""
        missing = self._framer.missing_octets // self._info.octets_per_unit * self._info.samples_per_unit
        return self.put_pcm(bytes(2 * missing))

    def reset(self) -> None:
        """Forget the partial frame."""
        self._framer.reset()

    def describe(self) -> str:
        """Codec and rate."""
        return f"{self._info.name} {self.sample_rate_hz} Hz"

    def _cut(self, octets: bytes) -> list[Item]:
        return [(frame, self.frame_ms) for frame in self._framer.put(octets)]


def packing_of(plan: StreamPlan) -> Packing:
    """The packing for what a plan sends."""
    info = plan.send_info
    return SamplePacking(info, info.encoder(plan.send_sample_rate_hz, **plan.codec_options(info.name)))
