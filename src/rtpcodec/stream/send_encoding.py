"""The first half of the sending chain: PCM or payloads in, the payloads of messages out."""

from __future__ import annotations

from typing import Literal

from typing_extensions import Buffer

from rtpcodec.audio.resample import Resampler
from rtpcodec.errors import LocalProtocolError
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.packing import Item, packing_of
from rtpcodec.stream.plan import StreamPlan


class SendEncoder:
    """Resample, encode and pack into the payloads of messages."""

    __slots__ = ("_mode", "_packing", "_resampler", "pcm_hz")

    def __init__(self, plan: StreamPlan, pcm_hz: int | None, max_queue_ms: float) -> None:
        self._mode = plan.mode
        self._packing = packing_of(plan, pcm_hz, max_queue_ms)
        self.pcm_hz = pcm_hz or self._packing.sample_rate_hz
        """The rate of the PCM that `put_pcm` takes."""
        same_rate = self.pcm_hz == self._packing.sample_rate_hz
        self._resampler = None if same_rate else Resampler(self.pcm_hz, self._packing.sample_rate_hz)

    @property
    def frame_ms(self) -> float | None:
        """How long an item becomes that is filled with silence for a mark; None: only `flush` completes one."""
        return self._packing.frame_ms

    @property
    def pending_ms(self) -> float:
        """Audio that waits for the rest of its item."""
        return self._packing.pending_ms

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """The items that PCM completes. ValueError, TypeError: not 16-bit PCM, and nothing of it was accepted."""
        if self._resampler is not None:
            pcm = self._resampler.resample(pcm)
        return self._packing.put_pcm(pcm)

    def put_encoded(self, payload: Buffer) -> list[Item]:
        """The items that octets in the send codec, or an MP3 file, complete."""
        return self._packing.put_payload(memoryview(payload))

    def encoded_ms(self, payload: Buffer, mode: Literal["rtp", "mp3"], call: str) -> float:
        """How long such octets play. LocalProtocolError: `call` is for the other mode. PayloadError, ValueError."""
        if self._mode != mode:
            raise LocalProtocolError(f"the plan's mode is {self._mode!r}, {call} needs {mode!r}")
        octets = memoryview(payload)
        if octets.itemsize != 1:
            raise TypeError(f"payload has items of format '{octets.format}', octets ('B', 'b', 'c') are needed")
        return self._packing.payload_ms(octets)

    def flush_resampler(self) -> list[Item]:
        """The items that the resampler's tail completes."""
        return [] if self._resampler is None else self._packing.put_pcm(self._resampler.flush())

    def flush_item(self) -> list[Item]:
        """The partial item, filled with silence."""
        return self._packing.flush()

    def reset(self) -> None:
        """Drop the resampler's history and the partial item."""
        self._packing.reset()
        if self._resampler is not None:
            self._resampler.reset()

    def follow(self, heard: PayloadFormat | None) -> None:
        """Send in the packing and mode that the far end's payloads ask for: see Packing.follow."""
        self._packing.follow(heard)

    def describe(self) -> str:
        """Codec, rate and the conversion before it, for people."""
        coded = self._packing.describe()
        return coded if self._resampler is None else f"{self.pcm_hz} Hz -> {coded}"
