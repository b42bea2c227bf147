"""Reads AMR-WB storage files (.awb) in pieces (docs/ogg-opus.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final

from rtpcodec.codecs.amrwb import AMRWB
from rtpcodec.codecs.amrwb_frame import FRAME_SAMPLES, GOOD_QUALITY
from rtpcodec.errors import AudioFileError
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.file_notes import FileNotes
from rtpcodec.pickling import Live
from rtpcodec.rtp.payloads.amrwb_file import MAGIC, MAGIC_OCTETS, StoredFrames, wrong_magic

_PIECE_FRAMES: Final = 50
"""Frames per piece, a second."""
_FRAME_MS: Final = 20.0


class AwbSource(Live):
    """Reads an .awb file. Use from one thread at a time.

    The decoder fills frames without speech data. Damaged frames (quality bit 0) are concealed and noted. An incomplete
    last frame is dropped and noted.
    """

    __slots__ = ("_decoder", "_facts", "_name", "_notes", "_samples", "_walk")

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Read the magic. AudioFileError, OSError, MissingLibrary."""
        head = b""
        while len(head) < MAGIC_OCTETS and (more := file.read(MAGIC_OCTETS - len(head))):
            head += more
        wrong = wrong_magic(head)
        if wrong is not None:
            raise AudioFileError(name, 0, f"AMR-WB file {wrong}")
        self._walk = StoredFrames(file.read, head[len(MAGIC) :])
        self._decoder = AMRWB.decoder()
        self._name = name
        self._notes = FileNotes()
        self._samples: int | None = None
        self._facts = AudioFacts(
            container="awb", codec="AMR-WB", sample_rate_hz=self._decoder.sample_rate_hz, channels=1
        )

    @property
    def facts(self) -> AudioFacts:
        """Facts so far."""
        return replace(self._facts, samples=self._samples, notes=self._notes.texts())

    def pieces(self) -> Iterator[bytes]:
        """Yield PCM at 16 kHz. AudioFileError: octets that begin no frame. OSError."""
        decode = self._decoder.decode
        samples = 0
        walk = self._walk
        frames = walk.frames()
        place = walk.place
        while group := list(islice(frames, _PIECE_FRAMES)):
            for frame in group:
                if not frame[0] & GOOD_QUALITY:
                    self._notes.add("a damaged frame is concealed", place, _FRAME_MS)
                place += len(frame)
            samples += len(group) * FRAME_SAMPLES
            yield b"".join(map(decode, group))
        if walk.missing_octets:
            self._notes.add("the file ends inside a frame, which is left out", walk.place)
        elif walk.rest:
            rule = f"0x{walk.rest[0]:02X} does not begin an AMR-WB frame (RFC 4867 section 5.3)"
            raise AudioFileError(self._name, walk.place, rule)
        self._samples = samples

    def close(self) -> None:
        """Do nothing, because the reader does not own the file."""


def open_source(file: BinaryIO, name: str) -> AwbSource:
    """Open an .awb file, which need not be seekable.

    Args:
        file: the file at its first octet; it stays open.
        name: name of the file, for errors.

    Raises:
        AudioFileError: another kind, the narrow-band codec, or several channels.
        MissingLibrary: the codec's shared library is missing.
        OSError: the file cannot be read.
    """
    return AwbSource(file, name)
