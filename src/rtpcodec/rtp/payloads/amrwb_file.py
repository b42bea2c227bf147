"""Storage files of AMR-WB, usually named .awb: a magic, then frames one after the other (RFC 4867 section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from typing_extensions import Buffer

from rtpcodec.codecs.amrwb_frame import FRAME_OCTETS, HEADER_ZEROS, NO_DATA_FRAME, frame_type
from rtpcodec.errors import PayloadError

MAGIC = b"#!AMR-WB\n"
MANY_CHANNELS_MAGIC = b"#!AMR-WB_MC1.0\n"
NARROW_MAGIC = b"#!AMR\n"


def read_amrwb(source: str | PathLike[str] | Buffer) -> Iterator[bytes]:
    """Yield the frames of a file, or of the octets of one, as a decoder takes them.

    PayloadError at once: not a file of this kind, or one of several channels. PayloadError after the last whole frame:
    the file ends inside a frame, or continues with octets that are not a valid frame; the message says at which octet.
    OSError.

    >>> frames = [bytes.fromhex("4c1234567890"), bytes.fromhex("7c")]
    >>> list(read_amrwb(amrwb_octets(frames))) == frames
    True
    """
    octets = Path(source).read_bytes() if isinstance(source, str | PathLike) else bytes(memoryview(source))
    if octets.startswith(MANY_CHANNELS_MAGIC):
        raise PayloadError("AMR-WB file has several channels (#!AMR-WB_MC1.0), only one is read")
    if octets.startswith(NARROW_MAGIC):
        raise PayloadError("AMR-WB file begins with #!AMR, which is the narrow-band codec")
    if not octets.startswith(MAGIC):
        raise PayloadError(f"AMR-WB file of {len(octets)} octets does not begin with #!AMR-WB and a line feed")
    return _frames(octets)


def _frames(octets: bytes) -> Iterator[bytes]:
    place = len(MAGIC)
    while place < len(octets):
        header = octets[place]
        needed = FRAME_OCTETS.get(header >> 3)
        if header & HEADER_ZEROS or needed is None:
            raise PayloadError(f"AMR-WB file: octet {place} is 0x{header:02X}, which begins no frame")
        if place + needed > len(octets):
            there = len(octets) - place
            raise PayloadError(
                f"AMR-WB file ends inside the frame at octet {place}: {there} of {needed} octets are there"
            )
        yield octets[place : place + needed]
        place += needed


def amrwb_octets(frames: Iterable[bytes | None]) -> bytes:
    """Return the octets of a file. None stands for a frame that was not received. PayloadError: not a valid frame."""
    return MAGIC + b"".join([_checked(frame) for frame in frames])


def write_amrwb(path: str | PathLike[str], frames: Iterable[bytes | None]) -> None:
    """Write a file, or replace it. None and PayloadError as for amrwb_octets, before anything is written. OSError."""
    Path(path).write_bytes(amrwb_octets(frames))


def _checked(frame: bytes | None) -> bytes:
    if frame is None:
        return NO_DATA_FRAME
    frame_type(frame)
    return frame
