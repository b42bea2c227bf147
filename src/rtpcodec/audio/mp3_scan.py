"""Where the files in glued MP3 data begin and end: frames, tags, borders. Time is linear in the data's length."""

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
"""Headers behind the first that must fit it before a frame is believed. Random data has a header every 5,000 octets,
but three that fit not once in 64 KiB of 10^10."""
MAX_JUNK_OCTETS: Final = 64 * 1024
"""Octets in all that are neither frame nor tag: a tag that nobody knows, or a lost piece. More is no MP3."""
MAX_LOSSES: Final = 100
"""How often frames may be lost and found again: each search reads a frame or more anew."""
MAX_PARTS: Final = 1000
"""Glued files, a sentence or more each; each gets an object and a header frame."""
MAX_TAGS: Final = 4 * MAX_PARTS
"""ID3v2 before a file; APE, Lyrics3 and ID3v1 behind it."""
MAX_LYRICS_OCTETS: Final = 11 + 999_999 + 15
"""Lyrics3 v2 tells its length with 6 digits."""
LOOKAHEAD_OCTETS: Final = MAX_JUNK_OCTETS + 8 * MAX_FRAME_OCTETS
"""No decision but the end of Lyrics3 looks further ahead: frames that follow each other behind so much junk."""
FILL_OCTETS: Final = 256 * 1024
"""Read of a file at once."""

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
    """One of the glued files: where its frames lie, without tags and header frame."""

    header: FrameHeader
    """Of its first frame; before that is known, of its header frame."""
    info: Info | None = None
    info_octets: int = 0
    """Of its header frame."""
    frames: int = 0
    octets: int = 0
    """Of its frames."""
    is_vbr: bool = False
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Where they lie: more than one if something lies between them."""

    def add(self, at: int, header: FrameHeader) -> None:
        """One more frame."""
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
        """The encoder's delay and padding in samples, if they are told and can be true."""
        if self.info is None or self.info.delay_samples is None or self.info.padding_samples is None:
            return None
        delay, padding = self.info.delay_samples, self.info.padding_samples
        if self.info.frames and self.info.frames > self.frames:
            padding = 0  # its end is cut off
        return (delay, padding) if delay + padding <= self.frames * self.header.samples else None

    @property
    def samples(self) -> int:
        """How many it has of each channel."""
        return self.frames * self.header.samples - sum(self.delays or ())

    @property
    def is_full(self) -> bool:
        """It has all frames and octets that its header frame tells: the next frame is another file's."""
        info = self.info
        if info is None or not info.frames or info.frames != self.frames:
            return False
        return info.octets in {None, self.octets, self.octets + self.info_octets}

    @property
    def missing_frames(self) -> int:
        """Frames that its header frame names and the file lacks. A header frame may count itself."""
        info = self.info
        if info is None or not info.frames or info.frames <= self.frames:
            return 0
        counts_itself = info.frames == self.frames + 1 and info.octets in {self.octets, self.octets + self.info_octets}
        return 0 if counts_itself else info.frames - self.frames

    def raw(self, data: bytes) -> bytes:
        """Its frames alone."""
        return b"".join(data[start:end] for start, end in self.spans)

    def file(self, data: bytes) -> bytes:
        """Its frames behind a header frame that is true."""
        frames = self.raw(data)
        info = Info(self.frames, self.octets, *(self.delays or (None, None)))
        return info_frame(frames[:HEADER_OCTETS], info, is_vbr=self.is_vbr) + frames


def begins_tag(data: bytes, at: int) -> bool:
    """Whether a tag begins here; its end, which may be far away, is not looked for."""
    return data.startswith((b"TAG", b"APETAGEX", b"LYRICSBEGIN"), at) or _id3v2_end(data, at) is not None


def tag_end(data: bytes, at: int) -> int:
    """Where the tag ends that begins here; may be behind the data's end. ValueError: Lyrics3 without an end."""
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
    """ID3v2.4 3.1: ten octets, the length syncsafe and without header and footer; an extended header lies within."""
    head = data[at : at + _ID3V2_OCTETS]
    if not head.startswith(b"ID3") or len(head) < _ID3V2_OCTETS or 0xFF in head[3:5] or max(head[6:]) > 0x7F:
        return None
    octets = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
    return at + _ID3V2_OCTETS + octets + (_ID3V2_OCTETS if head[5] & 0x10 else 0)


def _is_sync(data: bytes, at: int, header: FrameHeader) -> bool:
    """Whether enough frames of one stream follow each other here, or fewer up to the end, a tag or another stream."""
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
    """The first offset before `end` where frames or a tag begin again."""
    for found in _CANDIDATE.finditer(data, at, end + _CANDIDATE_OCTETS - 1):
        start = found.start()
        if start >= end:
            break
        header = read_header(data, start)
        if begins_tag(data, start) if header is None else _is_sync(data, start, header):
            return start
    return None


def is_free_format(data: bytes, at: int) -> bool:
    """Whether frames of free format begin here: the same header twice more, at equal distances but for padding."""
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
    """The part of a file that a scan sees. Of data in memory it is all; of a file it moves forward.

    Use from one thread at a time.
    """

    __slots__ = ("_read", "begins", "broken_at", "data", "may_have_info", "refill_at")

    def __init__(self, data: bytes, read: Callable[[int], bytes] | None = None) -> None:
        """Begin with data, and read the rest; `read` returns as many octets as asked for, fewer at the end only."""
        self._read = read
        self.begins = 0
        """The offset of its first octet in the file."""
        self.broken_at = 0
        """The offset in the file of what a scan has refused."""
        self._see(data)

    def _see(self, data: bytes) -> None:
        self.data = data
        self.may_have_info = _INFO.search(data) is not None
        """Whether a header frame can be in it."""
        self.refill_at = len(data) - LOOKAHEAD_OCTETS if self._read else len(data)
        """Where a scan has to move it on: what lies ahead does not reach for every decision."""

    def broken(self, at: int) -> int:
        """Note that a scan refuses what lies at an offset, and return that in the file."""
        self.broken_at = self.begins + at
        return self.broken_at

    def move(self, at: int, ahead: int = LOOKAHEAD_OCTETS) -> int:
        """Let it begin at one of its offsets, or behind, and reach so far; what lies before is dropped. OSError.

        Returns:
            The offset in it: 0, more only if the file ends before.
        """
        if self._read is None:
            return at
        # 1. Pass over what lies between, such as a picture in a tag.
        left = at - len(self.data)
        while left > 0 and (passed := self._read(min(left, FILL_OCTETS))):
            left -= len(passed)
        # 2. Keep the rest, and read on.
        kept = self.data[at:]
        found = self._read(max(ahead + FILL_OCTETS - len(kept), 0))
        self.begins += at - max(left, 0)
        if len(kept) + len(found) < ahead + FILL_OCTETS:
            self._read = None
        self._see(kept + found)
        return max(left, 0)


class _Losses:
    """Counts what is neither frame nor tag."""

    def __init__(self) -> None:
        self._junk_octets = 0
        self._losses = 0

    def go_on(self, window: Window, at: int, found: int | None) -> int:
        """Where to go on after frames were lost at an offset and found again. ValueError: too much, or too often."""
        end = len(window.data) if found is None else found
        self._junk_octets += end - at
        self._losses += 1
        if self._junk_octets > MAX_JUNK_OCTETS:
            raise ValueError(
                f"more than {MAX_JUNK_OCTETS} octets are neither MP3 frame nor tag, "
                f"octets from {window.broken(at)} on too"
            )
        if self._losses > MAX_LOSSES:
            raise ValueError(
                f"MP3 frames do not follow each other in more than {MAX_LOSSES} places, "
                f"octet {window.broken(at)} the last"
            )
        return end


def walk(source: bytes | Window) -> Iterator[tuple[int, FrameHeader | None]]:
    """Offsets and headers of all whole frames; a tag comes with None. What is neither is passed over.

    A frame that is cut is left out: at the end, or because frames begin anew inside. Offsets are those in the data, of
    a window in what it shows then. ValueError: free format, or one of the limits of this file.
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
                f"the MP3 frames from octet {window.broken(at)} on are of free format, which tells no bit rate"
            )
        else:
            again = _resync(data, at + 1, at + 1 + MAX_JUNK_OCTETS)
        at, stream = losses.go_on(window, at, again), None
        header = read_header(data, at)


def _is_whole(data: bytes, end: int, header: FrameHeader, following: FrameHeader | None) -> bool:
    """Whether a frame goes up to an offset: another one, a tag or nothing follows it there."""
    if following:
        return following.stream is header.stream or _is_sync(data, end, following)
    return end == len(data) or begins_tag(data, end)


def _tag_end(window: Window, at: int) -> int:
    """Where the tag in the window ends. ValueError: Lyrics3 without an end, with its offset in the file."""
    try:
        return tag_end(window.data, at)
    except ValueError:
        raise ValueError(
            f"the Lyrics3 tag at octet {window.broken(at)} has no end within {MAX_LYRICS_OCTETS} octets"
        ) from None


def parts_along(window: Window) -> Iterator[tuple[int, FrameHeader | None, Part | None]]:
    """As `walk`, with the part that each frame was added to; a header frame comes as the part that it begins alone."""
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
    """The glued files. ValueError: as `walk`, or more than MAX_PARTS of them, or than MAX_TAGS tags."""
    parts: list[Part] = []
    tags = 0
    for at, _, part in parts_along(Window(data)):
        if part is None:
            tags += 1
            if tags > MAX_TAGS:
                raise ValueError(f"more than {MAX_TAGS} tags, octet {at} the last")
        elif not parts or part is not parts[-1]:
            parts.append(part)
            if len(parts) > MAX_PARTS:
                raise ValueError(f"more than {MAX_PARTS} MP3 files are glued together, octet {at} begins the last")
    return [part for part in parts if part.frames]
