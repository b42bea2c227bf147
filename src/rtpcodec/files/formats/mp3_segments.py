"""Decodes one MP3 file in segments, with the samples of a single decode.

To libsndfile, a segment is a separate file. Three things cross its borders: a frame may use main data of earlier frames
(ISO/IEC 11172-3 section 2.4.2.7, main_data_begin), its samples overlap with those of the frame before, and the last 529
samples are returned with the next frame. Therefore frames before and after a segment are decoded with it, and dropped.
"""

from __future__ import annotations

import io
from types import ModuleType
from typing import Final

from rtpcodec.audio.mp3_frames import (
    CRC_OCTETS,
    HEADER_OCTETS,
    FrameHeader,
    Info,
    info_frame,
    read_header,
    silent_frame,
)
from rtpcodec.audio.mp3_scan import Part
from rtpcodec.pickling import Live

TURN_FRAMES: Final = 8
"""Frames after which the ring buffer of the synthesis filter is at its start again (16 places, 18 or 36 blocks per
frame). Segments begin at such a frame, so that libmpg123 adds its floats in the same order."""
SEGMENT_FRAMES: Final = 64 * TURN_FRAMES
"""6 to 37 s, depending on the rate: a few MB of samples."""
WARM_FRAMES: Final = 2
"""Frames decoded before a segment: the second one fills the filter's history."""
_RESERVOIR_OCTETS: Final = {"1": 511, "2": 255, "2.5": 255}
"""The greatest main_data_begin, with 9 or 8 bits."""
_NO_CRC: Final = 1


class PartDecoder(Live):
    """Decodes the frames of one part. Use from one thread at a time."""

    __slots__ = ("_before", "_body", "_given", "_held", "_library", "_part")

    def __init__(self, library: ModuleType, part: Part) -> None:
        self._library = library
        self._part = part
        self._before: list[bytes] = []
        """The frames before the segment that the next one needs."""
        self._body: list[bytes] = []
        self._given = False
        """Whether samples were returned, so that the encoder's delay is already removed."""
        self._held = b""
        """The last samples, as many as may be padding."""

    def decode(self, frame: bytes) -> bytes:
        """Add the next frame. Return the samples of a complete segment. LibsndfileError: the segment is lost."""
        self._body.append(frame)
        if len(self._body) <= SEGMENT_FRAMES:
            return b""
        return self._trimmed(self._segment(SEGMENT_FRAMES), is_last=False)

    def rest(self) -> bytes:
        """Return the samples of all frames that remain. LibsndfileError."""
        return self._trimmed(self._segment(len(self._body)) if self._body else b"", is_last=True)

    def _segment(self, frames: int) -> bytes:
        """Decode frames of the body, and keep the frames that the next segment needs."""
        # 1. A file with a header frame, the frames before, the body, and one silent frame.
        before = self._warm()
        made = b"".join((*before, *self._body, silent_frame(self._body[0])))
        count = len(before) + len(self._body) + 1
        file = info_frame(made[:HEADER_OCTETS], Info(count, len(made), 0, 0), is_vbr=True) + made
        # 2. Decode it, and take the samples of the body.
        samples = self._part.header.samples
        with self._library.SoundFile(io.BytesIO(file)) as reader:
            every = reader.read(count * samples, dtype="int16", always_2d=True)
        found = every[len(before) * samples :][: frames * samples]
        # 3. The decoded frames precede the next segment.
        done, self._body = self._body[:frames], self._body[frames:]
        self._before = (self._before + done)[-self._needed(self._before + done) :]
        octets = 2 * self._part.header.stream.channels
        return bytes(found.tobytes()).ljust(frames * samples * octets, b"\0")

    def _needed(self, frames: list[bytes]) -> int:
        """Return how many of the last frames the next segment needs, a multiple of TURN_FRAMES."""
        octets, version = 0, self._part.header.stream.version
        for count, frame in enumerate(reversed(frames[:-WARM_FRAMES]), WARM_FRAMES + 1):
            octets += len(frame) - _main_data_at(frame)
            if octets >= _RESERVOIR_OCTETS[version]:
                return min(-(-count // TURN_FRAMES) * TURN_FRAMES, len(frames))
        return len(frames)

    def _warm(self) -> list[bytes]:
        """Return the frames before the segment; those whose main data may be missing are muted."""
        most = _RESERVOIR_OCTETS[self._part.header.stream.version]
        frames, octets = [], 0
        for frame in self._before[:-WARM_FRAMES]:
            frames.append(_muted(frame, min(octets, most)))
            octets += len(frame) - _main_data_at(frame)
        return frames + self._before[-WARM_FRAMES:]

    def _trimmed(self, pcm: bytes, *, is_last: bool) -> bytes:
        """Remove the encoder's delay and padding, by its header frame."""
        octets = 2 * self._part.header.stream.channels
        delays = self._part.delays
        if not self._given and delays:
            pcm = pcm[delays[0] * octets :]
        self._given = True
        pcm = self._held + pcm
        if is_last:
            return pcm[: len(pcm) - (delays[1] if delays else 0) * octets]
        info = self._part.info
        may_be_padding = (info.padding_samples or 0) * octets if info else 0
        pcm, self._held = pcm[: len(pcm) - may_be_padding], pcm[len(pcm) - may_be_padding :]
        return pcm


def _main_data_at(frame: bytes) -> int:
    header = _header_of(frame)
    return HEADER_OCTETS + CRC_OCTETS * header.has_crc + header.side_octets


def _header_of(frame: bytes) -> FrameHeader:
    header = read_header(frame, 0)
    if header is None:
        raise ValueError(f"octets {frame[:HEADER_OCTETS].hex()} are not a header of an MP3 frame")
    return header


def _muted(frame: bytes, reservoir_octets: int) -> bytes:
    """Return the frame without sound and CRC, with its main data at their place.

    Its side information is 0 except for main_data_begin, because decoders only keep the part of the reservoir that a
    frame uses.
    """
    begins = _main_data_at(frame)
    head = bytes((frame[0], frame[1] | _NO_CRC, frame[2], frame[3]))
    bits = 9 if _header_of(frame).stream.version == "1" else 8
    side = (reservoir_octets << 16 - bits).to_bytes(2, "big")
    return head + side.ljust(begins - HEADER_OCTETS, b"\0") + frame[begins:]
