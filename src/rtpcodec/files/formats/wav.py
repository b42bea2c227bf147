"""Reads WAV, RF64, BW64 and RIFX files, every channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from rtpcodec.audio.wav_format import WavFormat, read_format
from rtpcodec.audio.wav_samples import interleaved
from rtpcodec.errors import AudioFileError
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.source import PIECE_FRAMES, SoundSource
from rtpcodec.pickling import Live

MP3_TAG: Final = 0x55
"""The format tag of MP3, the only supported coding in packets; the data chunk is a whole MP3 file."""
BLOCK_OCTETS: Final = 256 * 1024
"""Octets per read, or one frame if that is longer, so that memory does not depend on the header."""


class WavSource(Live):
    """Reads a WAV file of any coding that WavReader reads. Use from one thread at a time."""

    __slots__ = ("_convert", "_file", "_format", "facts")

    def __init__(self, file: BinaryIO, found: WavFormat) -> None:
        """Begin to read; the file is at its first sample."""
        self._file = file
        self._format = found
        self._convert = interleaved(found)
        self.facts = AudioFacts(
            container="rf64" if found.is_rf64 else "wav",
            codec=_codec_name(found),
            sample_rate_hz=found.sample_rate_hz,
            channels=found.channels,
            samples=None if found.data_octets is None else found.data_octets // found.frame_octets,
            notes=_notes(found),
        )

    def pieces(self) -> Iterator[bytes]:
        """Yield the frames of the file, without an incomplete last one. OSError."""
        frame = self._format.frame_octets
        left = self._format.data_octets
        block = frame * max(1, min(PIECE_FRAMES, BLOCK_OCTETS // frame))
        samples = 0
        while left is None or left >= frame:
            found = self._file.read(block if left is None else min(block, left))
            whole = len(found) - len(found) % frame
            if whole:
                samples += whole // frame
                yield self._convert(found[:whole])
            if left is not None:
                left -= len(found)
            if not whole:
                break
        self.facts = replace(self.facts, samples=samples)

    def close(self) -> None:
        """Do nothing, because the reader does not own the file."""


def _codec_name(found: WavFormat) -> str:
    if found.coding == "mulaw":
        return "PCMU"
    if found.coding == "alaw":
        return "PCMA"
    return f"{'float' if found.coding == 'float' else 'PCM'} {found.bits}"


def _notes(found: WavFormat) -> tuple[str, ...]:
    """Return notes about the sizes in the header."""
    declared, octets = found.declared_octets, found.data_octets
    if octets is None:
        return ()
    if declared is None:
        return ("the header does not say how many samples there are; all up to the end of the file are read",)
    if declared > octets:
        return (f"the header says {declared} octets of samples, the file has {octets}",)
    return ()


def open_source(file: BinaryIO, name: str) -> SoundSource:
    """Open a WAV file.

    Args:
        file: the file at its header; a stream is possible if the format precedes the samples.
        name: name of the file, for errors.

    Raises:
        AudioFileError: the file breaks a rule of its format.
        MissingExtra: MP3 in WAV without soundfile.
        OSError: the file cannot be read.
    """
    try:
        found = read_format(file, name, other_tags=(MP3_TAG,))
    except AudioFileError as error:
        raise AudioFileError(name, error.offset_octets, error.rule) from None
    if found.coding != "other":
        return WavSource(file, found)
    from rtpcodec.files.formats.wav_mp3 import Mp3InWav  # noqa: PLC0415 -- few files need libsndfile

    return Mp3InWav(file, name, found, _notes(found))
