"""Reads Ogg files: Opus by our own reader, other codecs by libsndfile (docs/ogg-opus.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from rtpcodec.errors import AudioFileError
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.file_notes import FileNotes
from rtpcodec.files.formats.ogg_other import Rewindable, open_other
from rtpcodec.files.formats.ogg_pages import Readable
from rtpcodec.files.formats.ogg_streams import AudioPage, OpusStreams, OtherOgg
from rtpcodec.files.formats.opus_head import OpusHead
from rtpcodec.files.formats.opus_link import RATE_HZ, OpusLink
from rtpcodec.files.source import MAX_PIECE_FRAMES, SoundSource
from rtpcodec.pickling import Live


class OggOpusSource(Live):
    """Reads all links of the Opus stream in an Ogg file. Use from one thread at a time.

    The channels are those of the first link. A later stereo link is mixed to mono, a later mono link is in both
    channels.
    """

    __slots__ = ("_facts", "_items", "_link", "_notes", "_samples")

    def __init__(self, file: Readable, name: str) -> None:
        """Read up to the first header. AudioFileError, OSError, MissingLibrary; OtherOgg: the file has no Opus."""
        self._notes = FileNotes()
        self._items = OpusStreams(file, name, self._notes).items()
        head = next(self._items)
        assert isinstance(head, OpusHead)  # noqa: S101 -- pages of a link follow its header
        self._facts = AudioFacts(container="ogg", codec="OPUS", sample_rate_hz=RATE_HZ, channels=len(head.mapping))
        self._samples: int | None = None
        self._link = OpusLink(head, self._facts.channels, self._notes)

    @property
    def facts(self) -> AudioFacts:
        """Facts so far."""
        return replace(self._facts, samples=self._samples, notes=self._notes.texts())

    def pieces(self) -> Iterator[bytes]:
        """Yield PCM at 48 kHz. AudioFileError, OSError."""
        octets = 2 * self._facts.channels
        waiting: list[bytes] = []
        frames = samples = 0
        broken: AudioFileError | None = None
        packets = self._decoded()
        while True:
            try:
                pcm = next(packets, None)
            except AudioFileError as error:
                broken, pcm = error, None
            more = 0 if pcm is None else len(pcm) // octets
            if waiting and (pcm is None or frames + more > MAX_PIECE_FRAMES):
                samples += frames
                yield b"".join(waiting)
                waiting, frames = [], 0
            if pcm is None:
                break
            if more:
                waiting.append(pcm)
                frames += more
        if broken is not None:
            raise broken
        self._samples = samples

    def _decoded(self) -> Iterator[bytes]:
        for item in self._items:
            if isinstance(item, AudioPage):
                yield from self._link.decode(item)
            else:
                self._link = OpusLink(item, self._facts.channels, self._notes)

    def close(self) -> None:
        """Do nothing, because the reader does not own the file."""


def open_source(file: BinaryIO, name: str) -> SoundSource:
    """Open an Ogg file, which need not be seekable.

    Args:
        file: the file at its first octet; it stays open.
        name: name of the file, for errors.

    Raises:
        AudioFileError: the file cannot be read.
        MissingLibrary: Opus without libopus.
        MissingExtra: another codec without soundfile.
        OSError: the file cannot be read.
    """
    source = Rewindable(file)
    try:
        found = OggOpusSource(source, name)
    except OtherOgg as other:
        return open_other(source, name, *other.args)
    source.drop_kept()
    return found
