"""Recognises the kind of an audio file: by its first octets, a raw file by its name, or by the caller's `kind`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import BinaryIO, Final, cast

from rtpcodec.audio.file_headers import kind_of
from rtpcodec.audio.mp3_frames import read_header
from rtpcodec.audio.mp3_scan import begins_tag, tag_end
from rtpcodec.audio.not_mp3 import foreign
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.errors import AudioFileError
from rtpcodec.files.input import InputFile
from rtpcodec.files.source import SoundSource

_MODULES: Final = {"awb": "awb", "flac": "flac", "mp3": "mp3", "ogg": "ogg_opus", "wav": "wav"}
"""The module of `formats` whose `open_source` reads each kind, imported when first needed."""


@dataclass(frozen=True, slots=True)
class RawKind:
    """The coding of a raw file, which the file itself does not contain."""

    codec: str
    sample_rate_hz: int
    byte_order: ByteOrder | None = None


_RAW: Final = {
    "ulaw": RawKind("PCMU", 8000),
    "alaw": RawKind("PCMA", 8000),
    "g722": RawKind("G722", 16_000),
    # Big-endian by RFC 3551 section 4.5.11, at the rate that carriers document.
    "l16": RawKind("L16", 16_000, "big"),
    # Asterisk's signed linear format.
    "sln": RawKind("L16", 8000, "little"),
}
_OTHER_NAMES: Final = {"pcmu": "ulaw", "mulaw": "ulaw", "ul": "ulaw", "pcma": "alaw", "al": "alaw", "slin": "sln"}
_SUFFIX_RATES_HZ: Final = {
    "sln12": 12_000, "sln16": 16_000, "sln24": 24_000, "sln32": 32_000, "sln44": 44_100, "sln48": 48_000,
    "sln96": 96_000, "sln192": 192_000,
}  # fmt: skip
_SUFFIXES: Final = {"oga": "ogg", "opus": "ogg", "rf64": "wav", "wave": "wav"}
"""Suffixes of kinds with a header that differ from the kind's name."""
_FORMS: Final = {b"RIFF": "wav", b"RIFX": "wav", b"RF64": "wav", b"BW64": "wav", b"fLaC": "flac", b"OggS": "ogg"}

KINDS: Final = (*sorted(_MODULES), *sorted(_RAW))
"""The possible values of `kind`."""
READABLE: Final = "WAV, FLAC, MP3, Ogg Opus, AMR-WB (.awb) and raw payloads are read"


def open_source(
    file: InputFile, kind: str | None, sample_rate_hz: int | None, byte_order: ByteOrder | None
) -> tuple[SoundSource, tuple[str, ...]]:
    """Open the reader of a file's kind.

    Args:
        file: the file, at its beginning.
        kind: one of KINDS, even if the octets contradict it; None: by the octets, for raw files by the name.
        sample_rate_hz: sample rate of a raw file in Hz; None: that of its kind.
        byte_order: byte order of a raw file; None: that of its kind.

    Returns:
        The reader, and notes about contradictions.

    Raises:
        AudioFileError: the file cannot be read.
        ValueError: an unknown kind.
        MissingExtra: a package is missing.
        OSError: the file cannot be read.
    """
    # 1. The kind by the caller or the name, and by the content.
    name, head = file.file_name, file.head
    said, raw = _said(kind) if kind is not None else _by_suffix(name)
    content = _by_content(file)
    notes: tuple[str, ...] = ()
    if kind is None and content is None and (other := _unread(head)):
        raise AudioFileError(name, 0, f"it is {other}, {READABLE}")
    # 2. The content overrides the name, the caller overrides the content. A contradiction is a note.
    if kind is None and content is not None:
        if said not in (None, content):
            notes = (f"the name says {said}, the octets say {content}",)
        said, raw = content, None
    elif kind is not None and content not in (None, said):
        notes = (f"it is read as {said} on request, its octets say {content}",)
    # 3. A raw file; others must not have a raw file's arguments.
    if raw is not None:
        return _open_raw(file, raw, sample_rate_hz, byte_order), notes
    if sample_rate_hz is not None or byte_order is not None:
        given = "byte_order" if sample_rate_hz is None else "sample_rate_hz"
        raise AudioFileError(name, 0, f"{given} is given, which only raw files need: it is read as {said or 'unknown'}")
    # 4. Neither name nor signature: guess, or refuse with a reason.
    if said is None:
        said = _guessed(name, head)
    return _opener(said)(file, name), notes


def _said(kind: str) -> tuple[str, RawKind | None]:
    found = _OTHER_NAMES.get(kind.lower(), kind.lower())
    if found not in KINDS:
        raise ValueError(f"kind is {kind!r}, allowed are {', '.join(KINDS)}")
    return found, _RAW.get(found)


def _by_suffix(name: str) -> tuple[str | None, RawKind | None]:
    suffix = PurePath(name).suffix[1:].lower()
    if suffix in _SUFFIX_RATES_HZ:
        return suffix, RawKind("L16", _SUFFIX_RATES_HZ[suffix], "little")
    found = _OTHER_NAMES.get(suffix, _SUFFIXES.get(suffix, suffix))
    return (found, _RAW.get(found)) if found in KINDS else (None, None)


def _by_content(file: InputFile) -> str | None:
    """Return the kind whose signature the file begins with. Signatures are too long to be payloads by chance."""
    head = file.head
    if head.startswith(b"ID3") and begins_tag(head, 0):
        at = tag_end(head, 0)
        if (head[at : at + 4] or file.octets_at(at, 4)) == b"fLaC":
            return "flac"
    found = kind_of(head)
    if found is None:
        return None
    if found.is_mp3:
        return "mp3"
    if head.startswith(b"#!AMR"):
        return "awb"
    return _FORMS.get(head[:4])


def _unread(head: bytes) -> str | None:
    """Return the name of a known kind that is not supported."""
    found = kind_of(head)
    return found.name if found else None


def _guessed(name: str, head: bytes) -> str:
    """Return the kind of a file by a short signature, if neither its name nor a long one shows it."""
    if not head:
        raise AudioFileError(name, 0, "it has 0 octets, an audio file is needed")
    if head[:4] in _FORMS:
        return _FORMS[head[:4]]
    if head.startswith(b"#!AMR"):
        return "awb"
    if read_header(head, 0) is not None or begins_tag(head, 0):
        return "mp3"
    if name.lower().endswith(".raw"):
        raise AudioFileError(name, 0, f"its name does not say its coding: kind is needed, one of {', '.join(_RAW)}")
    found = foreign(head) or f"of an unknown kind, it begins with octets {head[:8].hex(' ')}"
    raise AudioFileError(name, 0, f"it is {found}; {READABLE}, raw ones by their name or kind")


def _opener(kind: str) -> Callable[[BinaryIO, str], SoundSource]:
    module = import_module(f"rtpcodec.files.formats.{_MODULES[kind]}")
    return cast("Callable[[BinaryIO, str], SoundSource]", module.open_source)


def _open_raw(file: InputFile, raw: RawKind, sample_rate_hz: int | None, byte_order: ByteOrder | None) -> SoundSource:
    from rtpcodec.files.formats.raw import RawSource  # noqa: PLC0415 -- loads the codecs, which other kinds do not need

    order = raw.byte_order if byte_order is None else byte_order
    return RawSource(file, raw.codec, raw.sample_rate_hz if sample_rate_hz is None else sample_rate_hz, order)
