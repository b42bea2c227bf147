"""The first half of the send chain: PCM or encoded audio in, payloads of messages (items) out."""

from __future__ import annotations

from typing_extensions import Buffer

from rtpcodec.audio.rates import resampler_between
from rtpcodec.errors import LocalProtocolError
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.packing import Item, packing_of
from rtpcodec.stream.plan import StreamPlan


class SendEncoder:
    """Resample, encode and pack audio into items. Use from one thread at a time."""

    __slots__ = ("_mode", "_packing", "_resampler", "pcm_hz")

    def __init__(self, plan: StreamPlan, pcm_hz: int | None, max_queue_ms: float) -> None:
        self._mode = plan.mode
        self._packing = packing_of(plan, pcm_hz, max_queue_ms)
        self.pcm_hz = pcm_hz or self._packing.sample_rate_hz
        """The rate of the PCM that `put_pcm` accepts."""
        self._resampler = resampler_between(
            "send_pcm_hz", self.pcm_hz, "send_rate_hz of the plan", self._packing.sample_rate_hz
        )

    @property
    def frame_ms(self) -> float | None:
        """Duration of an item that is padded so that a mark can follow; None: only `flush` completes an item."""
        return self._packing.frame_ms

    @property
    def pending_ms(self) -> float:
        """Audio in the partial item, which waits for the rest."""
        return self._packing.pending_ms

    def put_pcm(self, pcm: Buffer) -> list[Item]:
        """Add PCM at pcm_hz, and return the items that it completes.

        Raises: ValueError, TypeError if it is not 16-bit PCM; nothing was added then.
        """
        if self._resampler is not None:
            pcm = self._resampler.resample(pcm)
        return self._packing.put_pcm(pcm)

    def put_encoded(self, payload: Buffer) -> list[Item]:
        """Add octets in the send codec, or in mode mp3 an MP3 file, and return the items that they complete."""
        return self._packing.put_payload(memoryview(payload))

    def encoded_ms(self, payload: Buffer, mode: str, call: str) -> float:
        """Return the duration in ms of octets for `put_encoded`.

        payload: the octets.
        mode: the plan's mode that the calling method needs.
        call: the name of that method, for the error.
        Raises: LocalProtocolError if the plan has the other mode, TypeError if the items are not octets, PayloadError
        if they are not a payload of the send codec, ValueError if they are not an MP3 file.
        """
        if self._mode != mode:
            raise LocalProtocolError(f"the plan's mode is {self._mode!r}, {call} needs {mode!r}")
        octets = memoryview(payload)
        if octets.itemsize != 1:
            raise TypeError(f"payload has items of format '{octets.format}', octets ('B', 'b', 'c') are needed")
        return self._packing.payload_ms(octets)

    def flush_resampler(self) -> list[Item]:
        """End the resampler's input, and return the items that its tail completes."""
        return [] if self._resampler is None else self._packing.put_pcm(self._resampler.flush())

    def flush_item(self) -> list[Item]:
        """Pad the partial item with silence and return it."""
        return self._packing.flush()

    def reset(self) -> None:
        """Clear the resampler's history and the partial item; keep the settings."""
        self._packing.reset()
        if self._resampler is not None:
            self._resampler.reset()

    def follow(self, heard: PayloadFormat | None) -> None:
        """Send in the packing and mode that the far end's payloads ask for: see Packing.follow."""
        self._packing.follow(heard)

    def describe(self) -> str:
        """Describe resampling, codec and rate for people."""
        coded = self._packing.describe()
        return coded if self._resampler is None else f"{self.pcm_hz} Hz -> {coded}"
