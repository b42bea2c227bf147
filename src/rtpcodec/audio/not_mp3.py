"""Recognition of data that is not MP3, for error texts."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from rtpcodec.audio.mp3_frames import read_header, read_info
from rtpcodec.audio.mp3_scan import SYNC_FRAMES, begins_tag, tag_end

_HEAD_OCTETS: Final = 256
"""The part of the data that is examined, after its tags."""
_MAX_TAGS_BEFORE: Final = 8
"""The number of tags that are skipped."""
_MAGIC: Final = (
    (rb"RIFF....WAVE", "a WAV file (RIFF)"),
    (rb"RIFF", "a RIFF file"),
    (rb"OggS", "an OGG file"),
    (rb"fLaC", "a FLAC file"),
    (rb"....ftyp", "an MP4 or M4A file"),
    (rb"FORM....AIF[FC]", "an AIFF file"),
    (rb"#!AMR-WB\n", "an AMR-WB file"),
    (rb"#!AMR", "an AMR file"),
    (rb"\.snd", "an AU file"),
    (rb"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (rb"\x1f\x8b", "compressed by gzip"),
    (rb"PK\x03\x04", "a ZIP file"),
    (rb"\xff[\xf0\xf1\xf8\xf9][^\xf0-\xff]", "AAC in ADTS frames"),
    (rb"\xff[\xe4\xe5\xf4\xf5\xfc\xfd][^\xf0-\xff]", "MPEG audio layer II"),
    (rb"\xff[\xe6\xe7\xf6\xf7\xfe\xff][^\xf0-\xff]", "MPEG audio layer I"),
)
_PATTERNS: Final = tuple((re.compile(pattern, re.DOTALL), name) for pattern, name in _MAGIC)
_BASE64: Final = re.compile(rb"(?:data:audio/[\w.+-]+;base64,)?([A-Za-z0-9+/]{16,})={0,2}\Z")


def foreign(data: bytes) -> str | None:
    """Return the kind of the data if its start, after tags, is not MP3; a phrase that follows "data is"."""
    if not data:
        return "empty"
    at = _behind_tags(data)
    head = data[at : at + _HEAD_OCTETS]
    for pattern, name in _PATTERNS:
        if pattern.match(head):
            return name
    return _text(head) if head else None


def describe_frameless(data: bytes) -> str:
    """Describe data without a whole frame; a phrase that follows "data is"."""
    at = _behind_tags(data)
    if at > len(data):
        return f"cut within a tag: {at} octets are needed, {len(data)} are there"
    if at == len(data):
        return f"{at} octets of tags without a frame"
    return _lonely_frame(data, at) or f"nothing known, it begins with octets {data[at : at + 8].hex(' ')}"


def _behind_tags(data: bytes) -> int:
    at = 0
    for _ in range(_MAX_TAGS_BEFORE):
        if not begins_tag(data, at):
            break
        at = tag_end(data, at)
    return at


def _lonely_frame(data: bytes, at: int) -> str | None:
    header = read_header(data, at)
    if header is None:
        return None
    if not header.octets:
        return "MP3 of free format, which does not name its bit rate"
    if at + header.octets > len(data):
        return f"cut within its only frame: {header.octets} octets are needed, {len(data) - at} are there"
    if at + header.octets == len(data) and read_info(data, at, header) is not None:
        return "a header frame (Xing, Info or VBRI) without the frames that it describes"
    return f"damaged, no {SYNC_FRAMES + 1} MP3 frames follow each other"


def _text(head: bytes) -> str | None:
    if any(octet < 0x20 and octet not in b"\t\n\r" for octet in head):
        return None
    start = head.strip().lower()
    if start.startswith(b"<"):
        return "HTML or XML text"
    if start.startswith((b"{", b"[")):
        return "JSON text"
    for name, decoded in (("base64", _from_base64(head)), ("hexadecimal", _from_hex(head))):
        if begins_tag(decoded, 0) or read_header(decoded, 0) is not None:
            return f"{name} text of an MP3 (decode it first)"
    return "text" if head.isascii() else None


def _from_base64(head: bytes) -> bytes:
    found = _BASE64.match(b"".join(head.split()))
    return base64.b64decode(found[1][: len(found[1]) // 4 * 4]) if found else b""


def _from_hex(head: bytes) -> bytes:
    digits = head.strip()
    try:
        return binascii.unhexlify(digits[: len(digits) & ~1])
    except binascii.Error:
        return b""
