"""Ogg Opus written page by page: nothing of the file is read or changed again (docs/ogg-opus.md)."""

from __future__ import annotations

import zlib
from typing import Any, BinaryIO, Final

from typing_extensions import Buffer

from rtpcodec.codecs._opus import OpusEncoder
from rtpcodec.codecs.opus import OPUS
from rtpcodec.codecs.opus_packet import CLOCK_HZ
from rtpcodec.files.formats.ogg_pages import BEGINS, ENDS, MAX_SEGMENTS, lacing, page_octets
from rtpcodec.files.formats.opus_head import head_octets, tags_octets
from rtpcodec.pickling import Live

SAMPLE_RATES_HZ: Final = (8000, 12_000, 16_000, 24_000, 48_000)
"""The rates at which libopus encodes."""
MAX_PAGE_SAMPLES: Final = CLOCK_HZ
"""A page holds at most a second (RFC 7845 section 6 recommends it), so that a cut file loses no more."""
_SAMPLE_OCTETS: Final = 2


class OggOpusTarget(Live):
    """Writes a file of one Opus stream. Use from one thread at a time.

    The file depends on the PCM and the options alone, not on how the PCM is cut, and has no date or random number:
    its serial number is the CRC of its first packet.
    """

    __slots__ = (
        "_encoded_samples", "_encoder", "_file", "_frame_octets", "_is_finished", "_packets", "_pending", "_position",
        "_pre_skip", "_samples", "_segments", "_sequence", "_serial", "_ticks",
    )  # fmt: skip

    def __init__(self, file: BinaryIO, sample_rate_hz: int, channels: int, **options: Any) -> None:
        """Write nothing yet: the serial number comes from the first packet. ValueError, MissingLibrary."""
        if sample_rate_hz not in SAMPLE_RATES_HZ:
            rates = ", ".join(map(str, SAMPLE_RATES_HZ))
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, Opus has {rates}")
        self._encoder = OpusEncoder(OPUS, sample_rate_hz, channels=channels, **options)
        self._file = file
        self._ticks = CLOCK_HZ // sample_rate_hz
        """Per sample of the encoder."""
        self._frame_octets = _SAMPLE_OCTETS * channels * self._encoder.frame_samples
        self._pre_skip = self._encoder.delay_samples * self._ticks
        self._pending = bytearray()  # PCM of less than a frame
        self._samples = 0
        self._encoded_samples = 0
        self._packets: list[bytes] = []  # of the next page
        self._segments = 0
        self._position = 0  # of the end of the last one of them
        self._serial = 0
        self._sequence = 0
        self._is_finished = False

    def write(self, pcm: Buffer) -> None:
        """Encode PCM and write the pages that are full. OSError; ValueError: no whole frames, or after finish."""
        if self._is_finished:
            raise ValueError("the file is finished")
        octets = memoryview(pcm).cast("B")
        whole = _SAMPLE_OCTETS * self._encoder.channels
        if len(octets) % whole:
            raise ValueError(f"pcm has {len(octets)} octets, frames of {whole} octets are needed")
        self._samples += len(octets) // whole
        self._pending += octets
        self._encode_whole()

    def _encode_whole(self) -> None:
        frame = self._frame_octets
        done = len(self._pending) // frame * frame
        for at in range(0, done, frame):
            self._add(self._encoder.encode(bytes(self._pending[at : at + frame])))
        del self._pending[:done]

    def _add(self, packet: bytes) -> None:
        """Put a packet on the page, and write the page before it if that is full."""
        if not self._sequence:
            self._begin(packet)
        segments = len(packet) // 255 + 1
        begin = self._position - len(self._packets) * self._frame_ticks
        is_full = self._segments + segments > MAX_SEGMENTS
        if self._packets and (is_full or self._position + self._frame_ticks - begin > MAX_PAGE_SAMPLES):
            self._write_page(0, self._position)
        self._packets.append(packet)
        self._segments += segments
        self._encoded_samples += self._encoder.frame_samples
        self._position = self._encoded_samples * self._ticks

    @property
    def _frame_ticks(self) -> int:
        return self._encoder.frame_samples * self._ticks

    def _begin(self, packet: bytes) -> None:
        """Write the two headers, each on a page of its own."""
        self._serial = zlib.crc32(packet)
        head = head_octets(self._encoder.channels, self._pre_skip, self._encoder.sample_rate_hz)
        for flags, header in ((BEGINS, head), (0, tags_octets())):
            self._file.write(
                page_octets([header], flags=flags, position=0, serial=self._serial, sequence=self._sequence)
            )
            self._sequence += 1

    def _write_page(self, flags: int, position: int) -> None:
        self._file.write(
            page_octets(self._packets, flags=flags, position=position, serial=self._serial, sequence=self._sequence)
        )
        self._sequence += 1
        self._packets = []
        self._segments = 0

    def finish(self) -> None:
        """Encode what is held back, with silence behind it, and write the last page. More than once does nothing.

        Its granule position says where the PCM ended, so that decoders cut the silence off.
        """
        if self._is_finished:
            return
        end = self._samples + self._encoder.delay_samples
        frames = max(1, -(-end // self._encoder.frame_samples)) - self._encoded_samples // self._encoder.frame_samples
        self._pending += bytes(frames * self._frame_octets - len(self._pending))
        self._encode_whole()
        self._write_page(ENDS, end * self._ticks)
        self._is_finished = True


def open_target(file: BinaryIO, sample_rate_hz: int, channels: int, **options: Any) -> OggOpusTarget:
    """Begin an Ogg Opus file, which need not be seekable.

    file: written in order, and left open.
    sample_rate_hz: of the PCM: 8000, 12000, 16000, 24000 or 48000.
    channels: 1, or 2 interleaved.
    options: of OpusEncoder: bitrate, complexity, application, vbr, dtx, frame_ms, fec, expected_loss_percent.
    Raises: ValueError for a rate, number of channels or option that is not possible. MissingLibrary.
    """
    return OggOpusTarget(file, sample_rate_hz, channels, **options)
