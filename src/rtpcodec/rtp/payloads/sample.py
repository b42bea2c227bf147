"""Payloads of sample codecs: the octets of the codec, unchanged (RFC 3551 section 4.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from typing_extensions import Buffer

from rtpcodec.codecs.info import CodecInfo
from rtpcodec.errors import PayloadError
from rtpcodec.pickling import Value


class SampleFormat(Value):
    """Payload format of sample codecs: a payload is one piece for the decoder, of any number of whole units."""

    __slots__ = ("_info", "clock_hz", "sample_rate_hz")

    def __init__(self, info: CodecInfo, sample_rate_hz: int | None = None) -> None:
        self._info = info
        self.sample_rate_hz = info.sample_rate_hz(sample_rate_hz)
        """The sample rate of the audio in Hz."""
        self.clock_hz = info.rtp_clock_hz(sample_rate_hz)
        """The RTP clock in Hz."""

    def frames(self, payload: Buffer, /) -> list[bytes]:
        """Return the whole payload. PayloadError: it ends inside a unit."""
        self._info.samples_in(payload)
        return [payload if isinstance(payload, bytes) else bytes(memoryview(payload))]

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        """Return the pieces joined. PayloadError: they end inside a unit."""
        joined = b"".join(frames)
        self._info.samples_in(joined)
        return joined

    def ticks(self, payload: Buffer, /) -> int:
        """Return the duration by the RTP clock, for G722 not the sample rate. PayloadError: it ends inside a unit."""
        return self._info.samples_in(payload) * self.clock_hz // self.sample_rate_hz

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        """Yield pieces of whole units. PayloadError: it ends inside a unit, or max_octets is less than a unit."""
        self._info.samples_in(payload)
        unit = self._info.octets_per_unit
        step = max_octets - max_octets % unit
        if step <= 0:
            raise PayloadError(f"max_octets is {max_octets}, a unit of {self._info.name} has {unit}")
        for start in range(0, len(payload), step):
            yield payload[start : start + step], self.ticks(payload[:start])

    def __repr__(self) -> str:
        return f"<SampleFormat {self._info.name} {self.sample_rate_hz} Hz>"
