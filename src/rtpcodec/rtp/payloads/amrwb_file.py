"""Storage files of AMR-WB, usually named .awb: a magic, then frames one after the other (RFC 4867 section 5)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Final

from typing_extensions import Buffer

from rtpcodec.codecs.amrwb_frame import FRAME_OCTETS, HEADER_ZEROS, NO_DATA_FRAME, frame_type
from rtpcodec.errors import PayloadError

__all__ = ["StoredFrames", "amrwb_octets", "read_amrwb", "write_amrwb"]

MAGIC = b"#!AMR-WB\n"
MANY_CHANNELS_MAGIC = b"#!AMR-WB_MC1.0\n"
NARROW_MAGIC = b"#!AMR\n"
MAGIC_OCTETS: Final = len(MANY_CHANNELS_MAGIC)
"""The octets needed to recognise every magic."""
_READ_OCTETS: Final = 64 * 1024
"""Octets per read: more than 20 seconds."""


def wrong_magic(head: bytes) -> str | None:
    """Return the error in the first octets of a file, at least MAGIC_OCTETS or the whole file; None: it has none."""
    if head.startswith(MANY_CHANNELS_MAGIC):
        return "has several channels (#!AMR-WB_MC1.0), only one is read"
    if head.startswith(NARROW_MAGIC):
        return "begins with #!AMR, which is the narrow-band codec"
    return None if head.startswith(MAGIC) else "does not begin with #!AMR-WB and a line feed"


class StoredFrames:
    """Iterates over the frames of a file after its magic, in bounded memory. Use from one thread at a time."""

    __slots__ = ("_buffer", "_read", "missing_octets", "place")

    def __init__(self, read: Callable[[int], bytes], begun: bytes = b"") -> None:
        """Begin after the magic.

        Args:
            read: returns the next octets of the file, b"" at its end.
            begun: octets after the magic that were already read.
        """
        self._read = read
        self._buffer = begun
        self.place = len(MAGIC)
        """The octet of the file where the next frame begins."""
        self.missing_octets = 0
        """The octets that the last frame lacks at the end of the file."""

    def frames(self) -> Iterator[bytes]:
        """Yield whole frames, up to the end or to octets that do not begin a frame. OSError."""
        while True:
            at, end = 0, len(self._buffer)
            while at < end and (octets := self.needed_octets(self._buffer[at])) and at + octets <= end:
                self.place += octets
                yield self._buffer[at : at + octets]
                at += octets
            self._buffer = self._buffer[at:]
            needed = self.needed_octets(self._buffer[0]) if self._buffer else None
            if self._buffer and needed is None:
                return
            more = self._read(_READ_OCTETS)
            if not more:
                self.missing_octets = (needed or 0) - len(self._buffer)
                return
            self._buffer += more

    @staticmethod
    def needed_octets(header: int) -> int | None:
        """Return the length of the frame that begins with this octet; None: not the first octet of a frame."""
        return None if header & HEADER_ZEROS else FRAME_OCTETS.get(header >> 3)

    @property
    def rest(self) -> bytes:
        """The octets read that are not a whole frame; empty at the end of a valid file."""
        return self._buffer


def read_amrwb(source: str | PathLike[str] | Buffer) -> Iterator[bytes]:
    """Yield the frames of a file, or of the octets of a file, for the decoder.

    Raises:
        PayloadError: at once, if it is not a file of this kind or has several channels; after the last whole frame, if
            the file ends inside a frame or continues with an invalid one. The message names the octet.
        OSError: the file cannot be read.

    >>> frames = [bytes.fromhex("4c1234567890"), bytes.fromhex("7c")]
    >>> list(read_amrwb(amrwb_octets(frames))) == frames
    True
    """
    octets = Path(source).read_bytes() if isinstance(source, str | PathLike) else bytes(memoryview(source))
    wrong = wrong_magic(octets)
    if wrong is not None:
        size = "" if octets.startswith((MANY_CHANNELS_MAGIC, NARROW_MAGIC)) else f" of {len(octets)} octets"
        raise PayloadError(f"AMR-WB file{size} {wrong}")
    return _frames(octets)


def _frames(octets: bytes) -> Iterator[bytes]:
    file = io.BytesIO(octets)
    file.seek(len(MAGIC))
    walk = StoredFrames(file.read)
    yield from walk.frames()
    if walk.missing_octets:
        there = len(walk.rest)
        raise PayloadError(
            f"AMR-WB file ends inside the frame at octet {walk.place}: "
            f"{there} of {there + walk.missing_octets} octets are there"
        )
    if walk.rest:
        raise PayloadError(f"AMR-WB file: octet {walk.place} is 0x{walk.rest[0]:02X}, which does not begin a frame")


def amrwb_octets(frames: Iterable[bytes | None]) -> bytes:
    """Return the octets of a file. A frame that was not received is None. PayloadError: not a valid frame."""
    return MAGIC + b"".join([_checked(frame) for frame in frames])


def write_amrwb(path: str | PathLike[str], frames: Iterable[bytes | None]) -> None:
    """Write or replace a file. A frame that was not received is None.

    Raises:
        PayloadError: not a valid frame; the file is unchanged.
        OSError: the file cannot be written.
    """
    Path(path).write_bytes(amrwb_octets(frames))


def _checked(frame: bytes | None) -> bytes:
    if frame is None:
        return NO_DATA_FRAME
    frame_type(frame)
    return frame
