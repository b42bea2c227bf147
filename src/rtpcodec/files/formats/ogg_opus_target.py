"""Writes Ogg Opus page by page; written octets are never read or changed (docs/ogg-opus.md)."""

from __future__ import annotations

import zlib
from typing import Any, BinaryIO, Final

from typing_extensions import Buffer

from rtpcodec.codecs._opus import OpusEncoder
from rtpcodec.codecs.opus import OPUS
from rtpcodec.codecs.opus_packet import CLOCK_HZ
from rtpcodec.files.formats.ogg_pages import PageWriter
from rtpcodec.files.formats.opus_head import head_octets, tags_octets
from rtpcodec.pickling import Live

SAMPLE_RATES_HZ: Final = (8000, 12_000, 16_000, 24_000, 48_000)
"""The rates at which libopus encodes."""
PAGE_SAMPLES: Final = CLOCK_HZ
"""A page has at most a second (RFC 7845 section 6), so that a truncated file loses no more than that."""
_SAMPLE_OCTETS: Final = 2
_SLICE_OCTETS: Final = 64 * 1024
"""Long PCM is copied in slices of this size."""


class OggOpusTarget(Live):
    """Writes a file of one Opus stream. Use from one thread at a time.

    The file depends only on the PCM and the options, not on how the PCM is divided. It has no date or random number:
    its serial number is the CRC of its first packet.
    """

    __slots__ = ("_encoder", "_file", "_frame_octets", "_frames", "_is_finished", "_pages", "_pending", "_samples")

    def __init__(self, file: BinaryIO, sample_rate_hz: int, channels: int, **options: Any) -> None:
        """Create the encoder; the first page needs the first packet's CRC. ValueError, MissingLibrary."""
        if sample_rate_hz not in SAMPLE_RATES_HZ:
            rates = ", ".join(map(str, SAMPLE_RATES_HZ))
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, Opus has {rates}")
        self._encoder = OpusEncoder(OPUS, sample_rate_hz, channels=channels, **options)
        self._file = file
        self._pages: PageWriter | None = None
        self._frame_octets = _SAMPLE_OCTETS * channels * self._encoder.frame_samples
        self._pending = bytearray()
        """PCM of less than a frame."""
        self._samples = 0
        """Samples per channel so far."""
        self._frames = 0
        """Frames encoded so far."""
        self._is_finished = False

    def write(self, pcm: Buffer) -> None:
        """Encode PCM and write full pages. OSError; ValueError: not whole frames, or called after `finish`."""
        if self._is_finished:
            raise ValueError("the file is finished")
        octets = memoryview(pcm).cast("B")
        whole = _SAMPLE_OCTETS * self._encoder.channels
        if len(octets) % whole:
            raise ValueError(f"pcm has {len(octets)} octets, frames of {whole} octets are needed")
        for begin in range(0, len(octets), _SLICE_OCTETS):
            part = octets[begin : begin + _SLICE_OCTETS]
            self._samples += len(part) // whole
            self._encode(part)

    def _encode(self, octets: Buffer) -> None:
        """Encode all whole frames."""
        self._pending += octets
        done = len(self._pending) // self._frame_octets * self._frame_octets
        for at in range(0, done, self._frame_octets):
            self._add(self._encoder.encode(bytes(self._pending[at : at + self._frame_octets])))
        del self._pending[:done]

    def _add(self, packet: bytes) -> None:
        """Add a packet to the page."""
        pages = self._pages
        if pages is None:
            pages = self._pages = self._begun(packet)
        frame = self._ticks(self._encoder.frame_samples)
        # A page waits for the next packet, because `finish` writes the last page, with its flag.
        if (pages.packets + 1) * frame > PAGE_SAMPLES:
            pages.flush()
        self._frames += 1
        pages.add(packet, self._frames * frame)

    def _ticks(self, samples: int) -> int:
        """Convert samples to 48 kHz."""
        return samples * CLOCK_HZ // self._encoder.sample_rate_hz

    def _begun(self, packet: bytes) -> PageWriter:
        """Write the two headers, each on a separate page."""
        pages = PageWriter(self._file, zlib.crc32(packet))
        pre_skip = self._ticks(self._encoder.delay_samples)
        for header in (head_octets(self._encoder.channels, pre_skip, self._encoder.sample_rate_hz), tags_octets()):
            pages.add(header, 0)
            pages.flush()
        return pages

    def finish(self) -> None:
        """Encode the remaining samples, padded with silence, and write the last page. Further calls do nothing.

        The last granule position is the end of the PCM, so decoders drop the silence.
        """
        if self._is_finished:
            return
        end = self._samples + self._encoder.delay_samples
        frames = -(-end // self._encoder.frame_samples) - self._frames
        self._encode(bytes(frames * self._frame_octets - len(self._pending)))
        assert self._pages is not None  # noqa: S101 -- an encoder's delay is never 0: there is a frame
        self._pages.flush(ends=True, position=self._ticks(end))
        self._is_finished = True


def open_target(file: BinaryIO, sample_rate_hz: int, channels: int, **options: Any) -> OggOpusTarget:
    """Begin an Ogg Opus file, which need not be seekable.

    Args:
        file: written in order, and left open.
        sample_rate_hz: sample rate of the PCM: 8000, 12000, 16000, 24000 or 48000.
        channels: 1, or 2 interleaved.
        options: options of OpusEncoder: bitrate, complexity, application, vbr, dtx, frame_ms, fec,
            expected_loss_percent.

    Raises:
        ValueError: an impossible rate, number of channels or option.
        MissingLibrary: the codec's shared library is missing.
    """
    return OggOpusTarget(file, sample_rate_hz, channels, **options)
