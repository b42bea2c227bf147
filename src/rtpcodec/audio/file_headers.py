"""Signatures of files, to recognise a file where PCM or payloads are expected.

Fewer than one in 10^9 random inputs begin with one of the signatures. MP3 frames have no signature, so several in a row
are needed. docs/audio-checks.md lists them (Files and floats taken for audio).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import Final

from rtpcodec.audio.mp3_frames import HEADER_OCTETS, FrameHeader, read_header, read_info

HEAD_OCTETS: Final = 8192
"""The part of a chunk that is examined: four of the longest MP3 frames and some more."""
MAX_CARRIED: Final = 4
"""Beginnings that are carried at once: a chunk may continue one, and begin another."""
MP3_FRAMES: Final = 4
"""Frame headers in a row that identify MP3."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file, and the advice for it."""

    name: str
    """Its name with article and signature, such as "a WAV file (RIFF)"."""
    remedy: str
    """What to do instead of using its octets as audio."""

    @property
    def is_mp3(self) -> bool:
        """Whether it is MP3, or has a tag like MP3."""
        return self.name.startswith("an MP3")


_READ_WAV: Final = "read it with rtpcodec.audio.files.read_wav"
_DECODE: Final = "decode it to PCM first, for example with soundfile"
_DECODE_MP3: Final = "decode it with rtpcodec.audio.mp3.decode, or send it by play_mp3 in a plan of mode mp3"
_STATUS: Final = "it is probably the error text of a service: check the status of its answer first"

_Atoms = tuple[bytes | None, ...]
"""The possible octets at each position; None: any octet."""


def _atoms(*parts: bytes | int | tuple[bytes, ...]) -> _Atoms:
    """Build a signature: bytes are literal, a number is that many octets of any value, a tuple lists alternatives."""
    places: list[bytes | None] = []
    for part in parts:
        if isinstance(part, int):
            places += [None] * part
        else:
            places += part if isinstance(part, tuple) else [bytes((octet,)) for octet in part]
    return tuple(places)


_SIZE: Final = 4
_UNFLAGGED: Final = bytes(range(0, 256, 16))
"""Flags of ID3; the lower four bits are unused."""
_SEVEN_BITS: Final = bytes(range(128))
_SIGNATURES: Final[tuple[tuple[_Atoms, FileKind], ...]] = (
    (_atoms(b"RIFF", _SIZE, b"WAVE"), FileKind("a WAV file (RIFF)", _READ_WAV)),
    (_atoms(b"RF64", _SIZE, b"WAVE"), FileKind("a WAV file (RF64)", _READ_WAV)),
    (_atoms(b"BW64", _SIZE, b"WAVE"), FileKind("a WAV file (BW64)", _READ_WAV)),
    (_atoms(b"RIFX", _SIZE, b"WAVE"), FileKind("a WAV file (RIFX)", _READ_WAV)),
    (_atoms(b"FORM", _SIZE, b"AIF", (b"FC",)), FileKind("an AIFF file", _DECODE)),
    (_atoms(b"OggS\0", (bytes(range(8)),)), FileKind("an Ogg file", _DECODE)),
    (_atoms(b"fLaC", (b"\0\x80",), b"\0\0\x22"), FileKind("a FLAC file", _DECODE)),
    (_atoms(b".snd\0\0", 2, _SIZE, b"\0\0\0", (bytes(range(1, 28)),)), FileKind("an AU file", _DECODE)),
    (_atoms(b"caff\0\1\0\0"), FileKind("a CAF file", _DECODE)),
    (_atoms(b"\x1aE\xdf\xa3", (bytes(range(0x80, 0xFF)),), b"\x42\x86"), FileKind("a WebM file", _DECODE)),
    (_atoms(b"\x1aE\xdf\xa3\1", 7, b"\x42\x86"), FileKind("a WebM file", _DECODE)),
    (_atoms(b"#!AMR-WB\n"), FileKind("an AMR-WB file", "read its frames with rtpcodec.rtp.payloads.amrwb_file")),
    (_atoms(b"#!AMR\n"), FileKind("an AMR file", _DECODE)),
    (
        _atoms(b"ID3", (b"\2\3\4", b"\0", _UNFLAGGED), (_SEVEN_BITS,) * 4),
        FileKind("an MP3 file (ID3)", _DECODE_MP3),
    ),
)
_MP3: Final = FileKind("an MP3 file (frames)", _DECODE_MP3)
_HTML: Final = FileKind("HTML or XML text", _STATUS)
_JSON: Final = FileKind("JSON text", _STATUS)
_NUMBERS: Final = FileKind("JSON text (numbers)", "convert the numbers to 16-bit samples first")

_BLANKS: Final = b" \t\r\n"
_MAX_BLANKS: Final = 8
_MARKUP: Final = (b"<!doctype", b"<html ", b"<html>", b"<?xml ")
_JSON_MEMBER: Final = re.compile(rb'\[?\s{0,8}\{\s{0,8}"[A-Za-z_][\w .-]{0,40}"\s{0,4}:[\s"\d{\[tfn-]')
_JSON_NUMBERS: Final = re.compile(rb"\[[\s\d.,eE+-]{16}")
_TEXT: Final = bytes((*_BLANKS, *range(0x20, 0x7F)))
_TEXT_OCTETS: Final = 80
"""The length of text that is examined."""

_SYNC: Final = frozenset(bytes((0xFF, second)) for second in (0xE2, 0xE3, 0xF2, 0xF3, 0xFA, 0xFB))
_TEXT_STARTS: Final = (
    *product(_BLANKS, _BLANKS + b"<{["), *product(b"<", b"!hH?"), *product(b"{", _BLANKS + b'"'),
    *product(b"[", _BLANKS + b"{-0123456789"),
)  # fmt: skip
_STARTS: Final = frozenset(map(bytes, _TEXT_STARTS)) | _SYNC | {
    first + second for (first, second, *_), _ in _SIGNATURES if first and second
}  # fmt: skip
_BY_FIRST: Final = {
    octet: tuple(one for one in _SIGNATURES if one[0][0] == bytes((octet,))) for octet in b"RBFOf.c\x1a#I"
}
FILE_STARTS: Final = _STARTS | {start[:1] for start in _STARTS}
"""The first two octets of all signatures (one octet for a chunk of one); other chunks cannot begin a known file."""


class HeaderWatch:
    """Looks for files in a stream of chunks: at the start of each chunk, and across the borders of chunks.

    A file in the middle of a chunk is not found. Use from one thread at a time.

    >>> watch = HeaderWatch()
    >>> watch.look(b"RIFF"), watch.carried
    (None, (b'RIFF',))
    >>> watch.look(bytes(4) + b"WAVEfmt ").name
    'a WAV file (RIFF)'
    """

    __slots__ = ("carried",)

    def __init__(self) -> None:
        self.carried: tuple[bytes, ...] = ()
        """Possible beginnings of files that may continue in the next chunk. If it is empty, only chunks that begin with
        one of FILE_STARTS need to be examined."""

    def look(self, chunk: bytes) -> FileKind | None:
        """Return the kind of file that begins with this chunk, or with the carried octets before it."""
        if not chunk:
            return None
        beginnings = [*(carried + chunk for carried in self.carried), chunk]
        self.carried = ()
        for octets in beginnings:
            found = _found(octets[:HEAD_OCTETS])
            if isinstance(found, FileKind):
                self.carried = ()
                return found
            if found and len(octets) < HEAD_OCTETS and len(self.carried) < MAX_CARRIED:
                self.carried += (octets,)
        return None

    def clear(self) -> None:
        """Drop the carried octets: the next chunk does not continue the previous ones."""
        self.carried = ()


def kind_of(octets: bytes) -> FileKind | None:
    """Return the kind of file that begins with the octets."""
    found = _found(octets[:HEAD_OCTETS])
    return found if isinstance(found, FileKind) else None


def _found(octets: bytes) -> FileKind | bool:
    """Return the kind of file; True: more octets are needed to decide; False: not a known file."""
    if octets[:2] not in FILE_STARTS:
        return False
    if octets[0] == 0xFF:
        return _mp3(octets)
    if octets[0] in b" \t\r\n<{[":
        return _text(octets[:_TEXT_OCTETS])
    unfinished = False
    for atoms, kind in _BY_FIRST[octets[0]]:
        if all(atom is None or octet in atom for octet, atom in zip(octets, atoms, strict=False)):
            if len(octets) >= len(atoms):
                return kind
            unfinished = True
    return unfinished


def _text(octets: bytes) -> FileKind | bool:
    text = octets.lstrip(_BLANKS)
    if len(octets) - len(text) > _MAX_BLANKS:
        return False
    if text.lower().startswith(_MARKUP):
        return _HTML
    if _JSON_MEMBER.match(text):
        return _JSON
    if _JSON_NUMBERS.match(text):
        return _NUMBERS
    return len(octets) < _TEXT_OCTETS and not octets.translate(None, _TEXT)


def _mp3(octets: bytes) -> FileKind | bool:
    """Decide about octets that begin with the sync word of an MP3 frame.

    The sync word has 11 bits, and each further frame header adds about 18 bits of evidence. Periodic audio repeats any
    pattern, so equal frames are not counted.
    """
    if len(octets) < HEADER_OCTETS:
        return octets[:2] in _SYNC or octets == b"\xff"
    first = header = read_header(octets, 0)
    at = 0
    before = b""
    headers = 0
    while header is not None and _continues(first, header):
        body = octets[at + HEADER_OCTETS : at + header.octets]
        if not at and len(octets) >= header.octets and read_info(octets, at, header):
            return _MP3
        headers += body[: len(before)] != before[: len(body)] or not at
        if headers == MP3_FRAMES:
            return _MP3
        before = body
        at += header.octets
        if at + HEADER_OCTETS > len(octets):
            return True
        header = read_header(octets, at)
    return False


def _continues(first: FrameHeader | None, header: FrameHeader) -> bool:
    return first is not None and header.octets > 0 and header.stream == first.stream
