"""Scanner of concatenated MP3 files: frames, tags, borders. Its time is linear in the length of the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from rtpcodec.audio.mp3_frames import (
    HEADER_OCTETS,
    MAX_FRAME_OCTETS,
    FrameHeader,
    Info,
    info_frame,
    read_header,
    read_info,
)

SYNC_FRAMES: Final = 2
"""Headers after the first that must match it before a frame is accepted. Random data has a header every 5,000 octets,
but three that match in less than one of 10^10 pieces of 64 KiB."""
MAX_JUNK_OCTETS: Final = 64 * 1024
"""Total octets that are neither frame nor tag: an unknown tag, or a lost piece. Data with more is not an MP3."""
MAX_LOSSES: Final = 100
"""How often synchronisation may be lost: each search reads a frame or more again."""
MAX_PARTS: Final = 1000
"""Concatenated files, a sentence or more each; each gets an object and a header frame."""
MAX_TAGS: Final = 4 * MAX_PARTS
"""ID3v2 before a file; APE, Lyrics3 and ID3v1 after it."""
MAX_LYRICS_OCTETS: Final = 11 + 999_999 + 15
"""The length of Lyrics3 v2 has 6 digits."""
LOOKAHEAD_OCTETS: Final = MAX_JUNK_OCTETS + 8 * MAX_FRAME_OCTETS
"""The lookahead of every decision except the end of Lyrics3: frames in a row after the maximum of junk."""
FILL_OCTETS: Final = 256 * 1024
"""Octets that are read from a file at once."""

_ID3V2_OCTETS: Final = 10
_ID3V1_OCTETS: Final = 128
_ENHANCED_OCTETS: Final = 227
_APE_OCTETS: Final = 32
_APE_HAS_ITEMS_BEHIND: Final = 0x20
_INFO: Final = re.compile(rb"Xing|Info|VBRI")
_LYRICS_END: Final = re.compile(rb"LYRICSEND|\d{6}LYRICS200")
_CANDIDATE: Final = re.compile(
    rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][^\xf0-\xff]|ID3[\x02-\x04]|APETAGEX|LYRICSBEGIN", re.DOTALL
)
_LYRICS_BEGIN: Final = b"LYRICSBEGIN"
_CANDIDATE_OCTETS: Final = len(_LYRICS_BEGIN)


@dataclass(slots=True)
class Part:
    """One of the concatenated files: the positions of its frames, without tags and header frame."""

    header: FrameHeader
    """The header of its first frame; before that is known, of its header frame."""
    info: Info | None = None
    info_octets: int = 0
    """Length of its header frame."""
    frames: int = 0
    octets: int = 0
    """Total length of its frames."""
    is_vbr: bool = False
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Start and end of its frames; more than one span if other octets separate them."""

    def add(self, at: int, header: FrameHeader) -> None:
        """Add a frame."""
        end = at + header.octets
        if not self.frames:
            self.header = header
        if self.spans and self.spans[-1][1] == at:
            self.spans[-1] = (self.spans[-1][0], end)
        else:
            self.spans.append((at, end))
        self.is_vbr |= header.bit_rate_kbps != self.header.bit_rate_kbps
        self.frames += 1
        self.octets += header.octets

    @property
    def delays(self) -> tuple[int, int] | None:
        """The encoder's delay and padding in samples, if the header frame has plausible values."""
        if self.info is None or self.info.delay_samples is None or self.info.padding_samples is None:
            return None
        delay, padding = self.info.delay_samples, self.info.padding_samples
        if self.info.frames and self.info.frames > self.frames:
            padding = 0  # its end is cut off
        return (delay, padding) if delay + padding <= self.frames * self.header.samples else None

    @property
    def samples(self) -> int:
        """Samples per channel."""
        return self.frames * self.header.samples - sum(self.delays or ())

    @property
    def is_full(self) -> bool:
        """Whether it has all frames and octets that its header frame counts: the next frame belongs to another file."""
        info = self.info
        if info is None or not info.frames or info.frames != self.frames:
            return False
        return info.octets in {None, self.octets, self.octets + self.info_octets}

    @property
    def missing_frames(self) -> int:
        """Frames that its header frame counts but the file lacks. A header frame may count itself."""
        info = self.info
        if info is None or not info.frames or info.frames <= self.frames:
            return 0
        counts_itself = info.frames == self.frames + 1 and info.octets in {self.octets, self.octets + self.info_octets}
        return 0 if counts_itself else info.frames - self.frames

    def raw(self, data: bytes) -> bytes:
        """Return its frames only."""
        return b"".join(data[start:end] for start, end in self.spans)

    def file(self, data: bytes) -> bytes:
        """Return its frames after a correct header frame."""
        frames = self.raw(data)
        info = Info(self.frames, self.octets, *(self.delays or (None, None)))
        return info_frame(frames[:HEADER_OCTETS], info, is_vbr=self.is_vbr) + frames


def begins_tag(data: bytes, at: int) -> bool:
    """Report whether a tag begins here, without a search for its end."""
    return data.startswith((b"TAG", b"APETAGEX", b"LYRICSBEGIN"), at) or _id3v2_end(data, at) is not None


def tag_end(data: bytes, at: int) -> int:
    """Return the end of the tag that begins here; it may lie beyond the data. ValueError: an endless Lyrics3."""
    if data.startswith(b"TAG", at):
        return at + (_ENHANCED_OCTETS if data.startswith(b"TAG+", at) else _ID3V1_OCTETS)
    if data.startswith(b"APETAGEX", at):
        flags = data[at + 23 : at + 24]
        items = data[at + 12 : at + 16] if flags and flags[0] & _APE_HAS_ITEMS_BEHIND else b""
        return at + _APE_OCTETS + int.from_bytes(items, "little")
    if data.startswith(_LYRICS_BEGIN, at):
        found = _LYRICS_END.search(data, at, at + MAX_LYRICS_OCTETS)
        if found is None:
            raise ValueError(f"the Lyrics3 tag at octet {at} has no end within {MAX_LYRICS_OCTETS} octets")
        return found.end()
    return _id3v2_end(data, at) or at


def _id3v2_end(data: bytes, at: int) -> int | None:
    """Return the end of an ID3v2 tag, None if there is none.

    ID3v2.4 section 3.1: a header of ten octets with a syncsafe length, which excludes header and footer and includes an
    extended header.
    """
    head = data[at : at + _ID3V2_OCTETS]
    if not head.startswith(b"ID3") or len(head) < _ID3V2_OCTETS or 0xFF in head[3:5] or max(head[6:]) > 0x7F:
        return None
    octets = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return at + _ID3V2_OCTETS + octets + (_ID3V2_OCTETS if head[5] & 0x10 else 0)


def _is_sync(data: bytes, at: int, header: FrameHeader) -> bool:
    """Report whether enough frames of one stream follow each other here, or fewer up to the end, a tag or a border."""
    stream = header.stream
    for count in range(SYNC_FRAMES):
        if not header.octets:
            return False
        at += header.octets
        if at >= len(data):
            return at == len(data) or count > 0
        following = read_header(data, at)
        if following is None:
            return begins_tag(data, at)
        if following.stream != stream:
            return count > 0
        header = following
    return True


def _resync(data: bytes, at: int, end: int) -> int | None:
    """Return the first offset before `end` where frames or a tag begin again."""
    for found in _CANDIDATE.finditer(data, at, end + _CANDIDATE_OCTETS - 1):
        start = found.start()
        if start >= end:
            break
        header = read_header(data, start)
        if begins_tag(data, start) if header is None else _is_sync(data, start, header):
            return start
    return None


def is_free_format(data: bytes, at: int) -> bool:
    """Report whether free-format frames begin here: two more equal headers at equal distances, except for padding."""
    header = read_header(data, at)
    if header is None or header.octets:
        return False
    third_octets = bytes(data[at + 2] & 0xFC | low for low in range(4))
    again = re.compile(re.escape(data[at : at + 2]) + b"[" + re.escape(third_octets) + b"]", re.DOTALL)
    second = again.search(data, at + HEADER_OCTETS, at + MAX_FRAME_OCTETS)
    if second is None:
        return False
    third = 2 * second.start() - at
    return again.search(data, third - 1, third + 4) is not None


class Window:
    """The part of a file in a scan's memory: all data in memory, or a range of a file that moves forward.

    Use from one thread at a time.
    """

    __slots__ = ("_read", "begins", "broken_at", "data", "may_have_info", "refill_at")

    def __init__(self, data: bytes, read: Callable[[int], bytes] | None = None) -> None:
        """Begin with data; `read` returns the requested number of octets of the rest, fewer only at the end."""
        self._read = read
        self.begins = 0
        """The offset of its first octet in the file."""
        self.broken_at = 0
        """The offset in the file of data that a scan has refused."""
        self._see(data)

    def _see(self, data: bytes) -> None:
        self.data = data
        self.may_have_info = _INFO.search(data) is not None
        """Whether it may contain a header frame."""
        self.refill_at = len(data) - LOOKAHEAD_OCTETS if self._read else len(data)
        """The offset from which a scan must move it forward, because the lookahead is too short."""

    def broken(self, at: int) -> int:
        """Record that a scan refuses the data at an offset, and return the offset in the file."""
        self.broken_at = self.begins + at
        return self.broken_at

    def move(self, at: int, ahead: int = LOOKAHEAD_OCTETS) -> int:
        """Move forward to an offset, which may be after its end, and read at least `ahead` octets from there. OSError.

        Returns:
            The new offset of that position: 0, or more if the file ends before it.
        """
        if self._read is None:
            return at
        # 1. Skip octets that are not needed, such as a picture in a tag.
        left = at - len(self.data)
        while left > 0 and (passed := self._read(min(left, FILL_OCTETS))):
            left -= len(passed)
        # 2. Keep the rest, and read more.
        kept = self.data[at:]
        found = self._read(max(ahead + FILL_OCTETS - len(kept), 0))
        self.begins += at - max(left, 0)
        if len(kept) + len(found) < ahead + FILL_OCTETS:
            self._read = None
        self._see(kept + found)
        return max(left, 0)


class _Losses:
    """Counts octets that are neither frame nor tag, and losses of synchronisation."""

    def __init__(self) -> None:
        self._junk_octets = 0
        self._losses = 0

    def count(self, window: Window, at: int, found: int | None) -> int:
        """Count a loss at an offset; return where to continue. ValueError: too many octets, or too many losses."""
        end = len(window.data) if found is None else found
        self._junk_octets += end - at
        self._losses += 1
        if self._junk_octets > MAX_JUNK_OCTETS:
            raise ValueError(
                f"more than {MAX_JUNK_OCTETS} octets are neither MP3 frame nor tag, "
                f"including those from octet {window.broken(at)}"
            )
        if self._losses > MAX_LOSSES:
            raise ValueError(
                f"MP3 frames do not follow each other in more than {MAX_LOSSES} places, "
                f"the last one at octet {window.broken(at)}"
            )
        return end


def walk(source: bytes | Window) -> Iterator[tuple[int, FrameHeader | None]]:
    """Yield offsets and headers of all whole frames; a tag has None as header. Other octets are skipped.

    A truncated frame is skipped: at the end, or if other frames begin inside it. Offsets refer to the data, or to the
    current content of a window. ValueError: free format, or one of the limits of this module.
    """
    window = Window(source) if isinstance(source, bytes) else source
    data, at, stream, losses = window.data, 0, None, _Losses()
    header = read_header(data, 0)
    while True:
        if at >= window.refill_at:
            at = window.move(at)
            data = window.data
            if at >= len(data):
                return
            header = read_header(data, at)
        if header and ((header.stream is stream and header.octets) or _is_sync(data, at, header)):
            end = at + header.octets
            following = read_header(data, end)
            again = None if _is_whole(data, end, header, following) else _resync(data, at + HEADER_OCTETS, end)
            if again is None:
                if end > len(data):
                    return
                yield at, header
                stream = header.stream
                at, header = end, following
                continue
        elif begins_tag(data, at):
            yield at, None
            if data.startswith(_LYRICS_BEGIN, at):
                at = window.move(at, MAX_LYRICS_OCTETS)
                data = window.data
            at, stream = _tag_end(window, at), None
            header = read_header(data, at)
            continue
        elif is_free_format(data, at):
            raise ValueError(
                f"the MP3 frames from octet {window.broken(at)} on are of free format, which does not name its bit rate"
            )
        else:
            again = _resync(data, at + 1, at + 1 + MAX_JUNK_OCTETS)
        at, stream = losses.count(window, at, again), None
        header = read_header(data, at)


def _is_whole(data: bytes, end: int, header: FrameHeader, following: FrameHeader | None) -> bool:
    """Report whether a frame ends at an offset: another frame, a tag or the end of the data is there."""
    if following:
        return following.stream is header.stream or _is_sync(data, end, following)
    return end == len(data) or begins_tag(data, end)


def _tag_end(window: Window, at: int) -> int:
    """Return the end of the tag in the window. ValueError: an endless Lyrics3, with its offset in the file."""
    try:
        return tag_end(window.data, at)
    except ValueError:
        raise ValueError(
            f"the Lyrics3 tag at octet {window.broken(at)} has no end within {MAX_LYRICS_OCTETS} octets"
        ) from None


def parts_along(window: Window) -> Iterator[tuple[int, FrameHeader | None, Part | None]]:
    """Yield as `walk`, with the part to which each frame was added; a header frame yields only the part it begins."""
    part: Part | None = None
    for at, header in walk(window):
        if header is None:
            part = None
            yield at, None, None
            continue
        info = read_info(window.data, at, header) if window.may_have_info else None
        if info or part is None or part.header.stream is not header.stream or (part.info and part.is_full):
            part = Part(header, info, header.octets if info else 0)
        if not info:
            part.add(window.begins + at, header)
        yield at, None if info else header, part


def parts_of(data: bytes) -> list[Part]:
    """Return the concatenated files. ValueError: as for `walk`, or more than MAX_PARTS files or MAX_TAGS tags."""
    parts: list[Part] = []
    tags = 0
    for at, _, part in parts_along(Window(data)):
        if part is None:
            tags += 1
            if tags > MAX_TAGS:
                raise ValueError(f"more than {MAX_TAGS} tags, the last one at octet {at}")
        elif not parts or part is not parts[-1]:
            parts.append(part)
            if len(parts) > MAX_PARTS:
                raise ValueError(f"more than {MAX_PARTS} MP3 files are glued together, the last one at octet {at}")
    return [part for part in parts if part.frames]
