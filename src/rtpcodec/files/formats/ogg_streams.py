"""Finds the Opus streams of an Ogg file among others, link after link, and joins their pages to packets.

A link is a group of interleaved streams, whose first pages precede all others; a chained file has several links
(RFC 3533 section 4). The first Opus stream of each link is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rtpcodec.codecs.opus_packet import MAX_OCTETS
from rtpcodec.errors import AudioFileError
from rtpcodec.files.formats.file_notes import FileNotes
from rtpcodec.files.formats.ogg_pages import BEGINS, CONTINUED, ENDS, OggPage, Readable, read_pages
from rtpcodec.files.formats.opus_head import HEAD_MAGIC, TAGS_MAGIC, OpusHead, OpusHeadError, read_head

_CODECS: Final = {
    b"\x01vorbis": "Vorbis",
    b"\x7fFLAC": "FLAC",
    b"Speex   ": "Speex",
    b"\x80theora": "Theora",
    b"fishead\0": "Skeleton",
    b"OVP80": "VP8",
    b"CELT    ": "CELT",
}
"""Codecs by the beginning of a stream's first packet."""
UNKNOWN: Final = "an unknown codec"
_MAX_CODECS: Final = 8
"""Limit of codecs named in an error."""
_BEHIND: Final = 1 << 31
"""A page number that is further ahead, modulo 2**32, is an earlier one."""
_NONE: Final = OggPage(0, 0, 0, 0, 0, b"", b"")


class OtherOgg(Exception):
    """The first link has no Opus stream. Arguments: the names of its codecs, the octet after its first pages."""


@dataclass(frozen=True, slots=True)
class AudioPage:
    """The packets that end on one page of the stream."""

    packets: list[bytes]
    position: int
    """The granule position of the last one's end; negative: unknown."""
    ends: bool
    """Whether it is the last page of the link."""
    lost: bool
    """Whether a page before it is missing, or the beginning of its first packet."""
    offset_octets: int


class OpusStreams:
    """Reads the Opus streams of a file, which need not be seekable."""

    def __init__(self, file: Readable, name: str, notes: FileNotes) -> None:
        self._pages = read_pages(file, notes)
        self._name = name
        self._notes = notes
        self._serial: int | None = None
        self._codecs: list[str] = []
        self._is_grouping = False  # only first pages of this link were read so far
        self._has_ended = True
        self._needs_tags = True
        self._links = 0
        self._channels = 0  # of the first link
        self._last = _NONE
        self._lost = False
        self._pending: bytearray | None = None

    def items(self) -> Iterator[OpusHead | AudioPage]:
        """Yield the header of each link, then its pages on which packets end.

        Raises:
            AudioFileError: a broken header, or a later link without Opus.
            OtherOgg: the first link has no Opus.
            OSError: the file cannot be read.
        """
        for page in self._pages:
            if page.flags & BEGINS:
                head = self._begun(page)
                if head is not None:
                    yield head
            elif page.serial == self._serial:
                self._is_grouping = False
                found = self._page(page)
                if found is not None:
                    yield found
            else:
                self._is_grouping = False
                if self._serial is None:
                    raise self._without_opus(page.offset_octets)
        if self._serial is None:
            raise self._without_opus(0)
        if not self._has_ended:
            self._notes.add("the file ends without a page that ends its stream", self._last.offset_octets)

    def _without_opus(self, offset_octets: int) -> Exception:
        if not self._links:
            return OtherOgg(tuple(self._codecs), offset_octets)
        codecs = ", ".join(self._codecs) or "no beginning"
        return AudioFileError(self._name, offset_octets, f"link {self._links + 1} has {codecs}, Opus is needed")

    def _begun(self, page: OggPage) -> OpusHead | None:
        """Take the first page of a stream. Return its header if this is the stream to read."""
        # 1. Another codec: beside Opus it is ignored, otherwise remembered for the error.
        is_opus = page.body.startswith(HEAD_MAGIC)
        if not is_opus:
            codec = next((name for magic, name in _CODECS.items() if page.body.startswith(magic)), UNKNOWN)
            if not self._has_ended:
                self._notes.add(f"a stream beside Opus ({codec}) is left out", page.offset_octets)
                return None
            if self._serial is not None or not self._is_grouping:
                self._serial, self._codecs = None, []
            if len(self._codecs) < _MAX_CODECS:
                self._codecs.append(codec)
            self._is_grouping = True
            return None
        # 2. A second Opus stream of this link, or a new link before the end of the last one.
        if not self._has_ended:
            if self._is_grouping and page.serial != self._serial:
                self._notes.add("a second Opus stream beside the first is left out", page.offset_octets)
                return None
            self._notes.add("a stream begins before the previous one has ended", page.offset_octets)
        # 3. The header, which starts a link.
        packets, is_whole = page.parts()
        if len(packets) != 1 or not is_whole:
            raise AudioFileError(
                self._name, page.offset_octets, "OpusHead is not the only packet of its page (RFC 7845 section 3)"
            )
        try:
            head = read_head(packets[0])
        except OpusHeadError as error:
            raise AudioFileError(self._name, page.offset_octets, str(error)) from None
        self._serial = page.serial
        self._links += 1
        self._channels = self._channels or len(head.mapping)
        if len(head.mapping) != self._channels:
            self._notes.add("a link has another number of channels than the first", page.offset_octets)
        self._is_grouping = self._needs_tags = True
        self._has_ended = bool(page.flags & ENDS)
        self._last = page
        self._lost = False
        self._pending = None
        return head

    def _page(self, page: OggPage) -> AudioPage | None:
        """Take another page of the stream. Return its packets, unless it is dropped."""
        # 1. After the end, a repetition, or too late? 2. Pages missing? 3. Packets.
        if self._has_ended:
            self._notes.add("a page after the end of its stream is left out", page.offset_octets)
            return None
        if self._repeats(page):
            self._notes.add("a page that repeats the previous one is left out", page.offset_octets)
            return None
        ahead = (page.sequence - self._last.sequence - 1) & 0xFFFFFFFF
        if ahead >= _BEHIND and 0 < page.position <= self._last.position:
            self._notes.add("a page that is too late is left out", page.offset_octets)
            return None
        if ahead >= _BEHIND:
            self._notes.add("page numbers go back", page.offset_octets)
        elif ahead:
            self._notes.add("pages are missing before a page", page.offset_octets)
            self._lost = True
            self._pending = None
        self._last = page
        self._has_ended = bool(page.flags & ENDS)
        packets = self._packets(page)
        if packets and self._needs_tags:
            packets = self._after_tags(packets, page.offset_octets)
        if not packets:
            return None
        lost, self._lost = self._lost, False
        return AudioPage(packets, page.position, self._has_ended, lost, page.offset_octets)

    def _repeats(self, page: OggPage) -> bool:
        last = self._last
        return (page.sequence, page.position, page.body) == (last.sequence, last.position, last.body)

    def _packets(self, page: OggPage) -> list[bytes]:
        """Return the packets that end on a page, and keep the beginning of one that does not."""
        parts, is_whole = page.parts()
        packets = []
        pending, self._pending = self._pending, None
        if page.flags & CONTINUED and parts:
            more = parts.pop(0)
            if pending is None:
                if not self._lost:
                    self._notes.add("a packet without its beginning is left out", page.offset_octets)
                self._lost = True
            else:
                # One octet beyond the limit is kept, so that the packet is refused.
                pending += more[: MAX_OCTETS + 1 - len(pending)]
                if not parts and not is_whole:
                    self._pending = pending
                    return []
                packets.append(bytes(pending))
        elif pending is not None:
            self._notes.add("a packet without its end is left out", page.offset_octets)
            self._lost = True
        if parts and not is_whole:
            self._pending = bytearray(parts.pop())
        return packets + parts

    def _after_tags(self, packets: list[bytes], offset_octets: int) -> list[bytes]:
        """Return the packets after the comment header. AudioFileError: it is missing, although no page is."""
        self._needs_tags = False
        if packets[0].startswith(TAGS_MAGIC):
            return packets[1:]
        if not self._lost:
            rule = "the second packet does not begin with OpusTags (RFC 7845 section 5.2)"
            raise AudioFileError(self._name, offset_octets, rule)
        return packets
