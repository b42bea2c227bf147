"""AMR-WB storage files (.awb) to PCM, piece by piece (docs/ogg-opus.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final

from rtpcodec.codecs.amrwb import AMRWB
from rtpcodec.codecs.amrwb_frame import FRAME_SAMPLES, GOOD_QUALITY
from rtpcodec.errors import AudioFileError
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.oddities import Oddities
from rtpcodec.pickling import Live
from rtpcodec.rtp.payloads.amrwb_file import MAGIC, MAGIC_OCTETS, StoredFrames, wrong_magic

_PIECE_FRAMES: Final = 50
"""A second."""
_FRAME_MS: Final = 20.0


class AwbSource(Live):
    """Reads an .awb file. Use from one thread at a time.

    Frames without speech data are filled by the decoder, damaged ones (quality bit 0) are concealed and noted. A frame
    that the end of the file cuts is left out and noted.
    """

    __slots__ = ("_decoder", "_facts", "_name", "_oddities", "_samples", "_walk")

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
        self._oddities = Oddities()
        self._samples: int | None = None
        self._facts = AudioFacts(
            container="awb", codec="AMR-WB", sample_rate_hz=self._decoder.sample_rate_hz, channels=1
        )

    @property
    def facts(self) -> AudioFacts:
        """Facts known so far."""
        return replace(self._facts, samples=self._samples, notes=self._oddities.notes())

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
                    self._oddities.add("a damaged frame is concealed", place, _FRAME_MS)
                place += len(frame)
            samples += len(group) * FRAME_SAMPLES
            yield b"".join(map(decode, group))
        if walk.missing_octets:
            self._oddities.add("the file ends inside a frame, which is left out", walk.place)
        elif walk.rest:
            rule = f"0x{walk.rest[0]:02X} begins no AMR-WB frame (RFC 4867 section 5.3)"
            raise AudioFileError(self._name, walk.place, rule)
        self._samples = samples

    def close(self) -> None:
        """Do nothing: the file is not this reader's."""


def open_source(file: BinaryIO, name: str) -> AwbSource:
    """Open an .awb file, which need not be seekable.

    file: at its first octet; it stays open.
    name: the file's, for errors.
    Raises: AudioFileError for another kind, the narrow-band codec and several channels; OSError; MissingLibrary.
    """
    return AwbSource(file, name)
