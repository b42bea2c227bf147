"""Audio files of any kind to PCM (docs/files.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from rtpcodec.audio.channels import split
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.errors import AudioFileError
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.input import InputFile
from rtpcodec.files.kinds import open_source
from rtpcodec.files.rates import rate_change, require_file_rate
from rtpcodec.files.source import MAX_PIECE_FRAMES, SoundSource
from rtpcodec.pickling import Live

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SPLIT_CHANNELS: Final = 64
"""Limit of channels read side by side, each with its own filter. Others can be read one by one, or as their mean."""
_SAMPLE_OCTETS: Final = 2


class AudioFileReader(Live):
    """Reads one audio file once: iterable of mono pieces, and context manager. Use from one thread at a time.

    A piece has at most MAX_PIECE_FRAMES samples, so memory does not grow with the file. Another iteration continues
    where the last one stopped.
    """

    __slots__ = ("_channel", "_file", "_mono", "_notes", "_parallel", "_source", "sample_rate_hz")

    def __init__(
        self, file: InputFile, source: SoundSource, *, pcm_hz: int | None, channel: int | None, notes: tuple[str, ...]
    ) -> None:
        found = source.facts
        if channel is not None and not 0 <= channel < found.channels:
            raise ValueError(f"channel is {channel}, {file.file_name} has channels 0 to {found.channels - 1}")
        self._file = file
        self._source = source
        self._channel = channel
        self._notes = notes
        self.sample_rate_hz = found.sample_rate_hz if pcm_hz is None else pcm_hz
        """The sample rate of the pieces in Hz."""
        self._mono: Iterator[bytes] | None = None
        self._parallel: Iterator[tuple[bytes, ...]] | None = None

    @property
    def facts(self) -> AudioFacts:
        """Facts about the file so far; after the last piece, `samples` is the number read."""
        found = self._source.facts
        return replace(found, notes=(*self._notes, *found.notes)) if self._notes else found

    def __iter__(self) -> Iterator[bytes]:
        """Yield native int16 mono PCM at `sample_rate_hz`: the chosen channel, or the mean of all, rounded down.

        Raises:
            AudioFileError: the file breaks a rule; all audio before it has been yielded.
            OSError: the file cannot be read.
            ValueError: `channel_pieces` was called.
        """
        if self._parallel is not None:
            raise ValueError(f"{self._file.file_name} is being read by channel_pieces, it can be read once")
        if self._mono is None:
            taken = ((self._one(piece),) for piece in self._source.pieces())
            self._mono = (pcm for (pcm,) in self._changed(taken, 1))
        return self._mono

    def channel_pieces(self) -> Iterator[tuple[bytes, ...]]:
        """Yield native int16 PCM at `sample_rate_hz` of every channel, all of the same length.

        Raises:
            AudioFileError: the file breaks a rule; all audio before it has been yielded.
            OSError: the file cannot be read.
            ValueError: the file was read as mono, or has more than MAX_SPLIT_CHANNELS channels.
        """
        channels = self._source.facts.channels
        if self._mono is not None:
            raise ValueError(f"{self._file.file_name} is being read as mono, it can be read once")
        if channels > MAX_SPLIT_CHANNELS:
            raise ValueError(
                f"{self._file.file_name} has {channels} channels, {MAX_SPLIT_CHANNELS} at most are read side by side"
            )
        if self._parallel is None:
            taken = ((piece,) if channels == 1 else split(piece, channels) for piece in self._source.pieces())
            self._parallel = self._changed(taken, channels)
        return self._parallel

    def _one(self, piece: bytes) -> bytes:
        """Return the chosen channel, or the mean of all."""
        channels = self._source.facts.channels
        if channels == 1:
            return piece
        import numpy as np  # noqa: PLC0415 -- most files are mono, and need no arrays

        every = np.frombuffer(piece, np.int16).reshape(-1, channels)
        return _mean(every) if self._channel is None else every[:, self._channel].tobytes()

    def _changed(self, taken: Iterator[tuple[bytes, ...]], channels: int) -> Iterator[tuple[bytes, ...]]:
        """Yield pieces of every channel at `sample_rate_hz`, and all audio before an error."""
        from_hz = self._source.facts.sample_rate_hz
        changes = [rate_change(from_hz, self.sample_rate_hz) for _ in range(channels)]
        broken: AudioFileError | None = None
        while broken is None:
            try:
                pieces = next(taken, None)
            except AudioFileError as error:
                broken = error
                break
            if pieces is None:
                break
            # Every channel has the same length, so the changes complete the same pieces.
            parts = (change.pieces(piece) for change, piece in zip(changes, pieces, strict=True))
            yield from _bounded(zip(*parts, strict=True))
        yield from _bounded(zip(*(change.rest() for change in changes), strict=True))
        if broken is not None:
            raise broken

    @property
    def octets_read(self) -> int:
        """Octets of the file read so far, approximately; 0 for a stream or a closed file."""
        return 0 if self._file.closed or not self._file.seekable() else self._file.tell()

    def close(self) -> None:
        """Close the file, unless it was passed in open. Further calls do nothing."""
        self._source.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_audio(
    source: str | PathLike[str] | BinaryIO,
    *,
    pcm_hz: int | None = None,
    channel: int | None = None,
    kind: str | None = None,
    sample_rate_hz: int | None = None,
    byte_order: ByteOrder | None = None,
    name: str | None = None,
) -> AudioFileReader:
    """Open an audio file of any kind and read its header.

    Args:
        source: path; or a binary file, also a pipe, read from its current position and left open.
        pcm_hz: sample rate of the pieces in Hz, 1 to 192000; None: that of the file.
        channel: channel to take, from 0; None: the mean of all, rounded down.
        kind: wav, flac, mp3, ogg or awb; ulaw, alaw, g722, l16 or sln, which are raw. None: by the first octets, for a
            raw file by its name (docs/files.md, Kinds).
        sample_rate_hz: sample rate of a raw file in Hz; None: that of its kind.
        byte_order: byte order of l16 and sln; None: big and little.
        name: name of the file, for errors and its suffix; None: that of the path or the file object.

    Returns:
        A reader, which is a context manager.

    Raises:
        AudioFileError: the file cannot be read, with name, octet and rule.
        ValueError: an impossible argument, or the file does not have the channel.
        MissingExtra: a package is missing, with the extra to install.
        MissingLibrary: a codec's shared library is missing.
        OSError: the file cannot be opened or read.
    """
    if pcm_hz is not None:
        require_file_rate("pcm_hz", pcm_hz)
    file = InputFile(source, name)
    try:
        found, notes = open_source(file, kind, sample_rate_hz, byte_order)
        return AudioFileReader(file, found, pcm_hz=pcm_hz, channel=channel, notes=notes)
    except BaseException:
        file.close()
        raise


def read_audio(
    source: str | PathLike[str] | BinaryIO,
    *,
    pcm_hz: int | None = None,
    channel: int | None = None,
    kind: str | None = None,
    sample_rate_hz: int | None = None,
    byte_order: ByteOrder | None = None,
    name: str | None = None,
) -> tuple[bytes, AudioFacts]:
    """Read a whole audio file of any kind.

    Arguments and errors are those of `open_audio`.

    Returns:
        Native int16 mono PCM at pcm_hz or the file's rate, and the facts about the file.
    """
    with open_audio(
        source,
        pcm_hz=pcm_hz,
        channel=channel,
        kind=kind,
        sample_rate_hz=sample_rate_hz,
        byte_order=byte_order,
        name=name,
    ) as audio:
        pcm = b"".join(audio)
        return pcm, audio.facts


def _mean(every: NDArray[np.int16]) -> bytes:
    return bytes((every.sum(axis=1, dtype="int64") // every.shape[1]).astype("int16").tobytes())


def _bounded(pieces: Iterator[tuple[bytes, ...]]) -> Iterator[tuple[bytes, ...]]:
    """Split pieces that a higher rate has made too long."""
    most = MAX_PIECE_FRAMES * _SAMPLE_OCTETS
    for parts in pieces:
        if len(parts[0]) <= most:
            yield parts
            continue
        for at in range(0, len(parts[0]), most):
            yield tuple(part[at : at + most] for part in parts)
