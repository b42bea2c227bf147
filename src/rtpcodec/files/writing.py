"""Writes audio files from PCM: `create_audio`."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from typing_extensions import Buffer

from rtpcodec.files.output import output_file
from rtpcodec.files.part_file import PART_SUFFIX, PartLock
from rtpcodec.files.target import SoundTarget
from rtpcodec.files.target_kinds import TargetKind, target_kind
from rtpcodec.pickling import Live

_SAMPLE_OCTETS: Final = 2
_ITEM_FORMATS: Final = ("h", "B", "b", "c")


def create_audio(
    target: str | PathLike[str] | BinaryIO,
    *,
    sample_rate_hz: int,
    channels: int = 1,
    kind: str | None = None,
    replace: bool = True,
    **options: object,
) -> AudioWriter:
    """Create an audio file of the kind that its name says.

    Args:
        target: path of the file; or a binary file object, which stays open.
        sample_rate_hz: sample rate of the PCM and of the file in Hz.
        channels: number of channels of the PCM and of the file.
        kind: wav, flac, mp3, ogg (Opus), awb (AMR-WB), ulaw, alaw, g722, l16 or sln; None: by the suffix of the name.
        replace: whether an existing file may be replaced.
        options: options of the kind: `bit_rate_kbps` (mp3), `byte_order` (`big` or `little`, for l16 and sln).

    Returns:
        A writer, which is a context manager.

    Raises:
        ValueError: a kind, rate or number of channels that cannot be written.
        FileExistsError: the file exists and must not be replaced, or another process or thread is writing it.
        MissingExtra: a package is missing, with the extra to install.
        MissingLibrary: a codec's shared library is missing.
        OSError: the file cannot be written.

    >>> import io
    >>> out = io.BytesIO()
    >>> with create_audio(out, sample_rate_hz=8000, kind="ulaw") as audio:
    ...     audio.write(bytes(4))
    >>> out.getvalue().hex()
    'ffff'
    """
    named = fspath(target) if isinstance(target, str | PathLike) else None
    found = target_kind(kind, named)
    found.require(sample_rate_hz, channels)
    if named is None:
        assert not isinstance(target, str | PathLike)  # noqa: S101 -- it has no name
        sound = _open(found, output_file(target), sample_rate_hz, channels, options)
        return AudioWriter(sound, found, sample_rate_hz, channels)
    place = _place_of(Path(named), replace)
    try:
        sound = _open(found, place.file, sample_rate_hz, channels, options)
    except BaseException:
        place.remove()
        raise
    return AudioWriter(sound, found, sample_rate_hz, channels, place)


def _place_of(path: Path, replace: bool) -> _Place:
    """Open the temporary name of a file, which one writer at a time has."""
    if not replace:
        _require_absent(path)
    part = path.with_name(path.name + PART_SUFFIX)
    lock = PartLock(str(part))
    try:
        return _Place(path, part, part.open("w+b"), replace, lock)
    except BaseException:
        lock.release()
        raise


def write_whole(path: str, octets: Buffer, finished: Callable[[], object], *, replace: bool) -> None:
    """Write complete octets to a file, as `create_audio` does.

    Args:
        path: path of the file.
        octets: content of the file.
        finished: called when the file is complete under its temporary name.
        replace: whether an existing file may be replaced.

    Raises:
        FileExistsError: the file exists and must not be replaced, or another process or thread is writing it.
        OSError: the file cannot be written. No file remains, also after an exception of `finished`.
    """
    part = path + PART_SUFFIX
    lock = PartLock(part)
    try:
        _write_part(part, octets)
        finished()
        if not replace:
            _require_absent(path)
        os.replace(part, path)  # noqa: PTH105 -- paths as objects take longer than the file
    except BaseException:
        with suppress(OSError):
            os.unlink(part)  # noqa: PTH108 -- as above
        raise
    finally:
        lock.release()


def _write_part(part: str, octets: Buffer) -> None:
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        left = memoryview(octets).cast("B")
        while left:
            left = left[os.write(file, left) :]
    finally:
        os.close(file)


class _Place:
    """The file on its way to its name."""

    __slots__ = ("_lock", "file", "part", "path", "replace")

    def __init__(self, path: Path, part: Path, file: BinaryIO, replace: bool, lock: PartLock) -> None:
        self.path = path
        self.part = part
        self.file = file
        self.replace = replace
        self._lock = lock

    def complete(self) -> int:
        """Close the file; return how many octets it has."""
        self.file.close()
        return self.part.stat().st_size

    def publish(self) -> None:
        """Give the complete file its name."""
        if not self.replace:
            _require_absent(self.path)
        self.part.replace(self.path)
        self._lock.release()

    def remove(self) -> None:
        """Remove the temporary file."""
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self.part.unlink()
        self._lock.release()


class AudioWriter(Live):
    """Writes native int16 PCM to one audio file; context manager. Use from one thread at a time.

    A path is written as NAME.part and renamed by `close`. If the block ends with an exception, or after `abort`, no new
    file remains and an existing one is unchanged.
    """

    __slots__ = ("_frame_octets", "_place", "_sound", "channels", "kind", "sample_rate_hz", "samples_written")

    def __init__(
        self, sound: SoundTarget, kind: TargetKind, sample_rate_hz: int, channels: int, place: _Place | None = None
    ) -> None:
        self.kind = kind.name
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.samples_written = 0
        """Samples per channel written so far."""
        self._sound: SoundTarget | None = sound
        self._place = place
        self._frame_octets = _SAMPLE_OCTETS * channels

    def write(self, pcm: Buffer) -> None:
        """Append native int16 PCM: interleaved channels, any number of whole frames.

        Raises:
            ValueError: pcm ends inside a frame, or the file is closed. Nothing was appended.
            TypeError: the items are not 16-bit samples or octets. Nothing was appended.
            OSError: the file cannot be written.
        """
        view = memoryview(pcm)
        if view.format not in _ITEM_FORMATS:
            raise TypeError(f"pcm has items of format '{view.format}', 16-bit samples ('h') or octets are needed")
        if view.nbytes % self._frame_octets:
            raise ValueError(
                f"pcm has {view.nbytes} octets, a multiple of {self._frame_octets} is needed: "
                f"16-bit samples of {self.channels} channel{'s' * (self.channels > 1)}"
            )
        if self._sound is None:
            raise ValueError("the file is closed, nothing can be written")
        self._sound.write(pcm)
        self.samples_written += view.nbytes // self._frame_octets

    def finish(self) -> int | None:
        """Complete the file under its temporary name; `close` then only renames it. Further calls do nothing.

        Returns:
            The size of the file in octets; None for a file object.

        Raises:
            OSError: the file cannot be written. No file remains.
        """
        sound, self._sound = self._sound, None
        try:
            if sound is not None:
                sound.finish()
            return None if self._place is None else self._place.complete()
        except BaseException:
            self.abort()
            raise

    def close(self) -> None:
        """Complete and rename the file. Further calls do nothing.

        Raises:
            FileExistsError: a file of this name has appeared in the meantime; it is unchanged.
            OSError: the file cannot be written. No file remains.
        """
        self.finish()
        place, self._place = self._place, None
        if place is not None:
            try:
                place.publish()
            except BaseException:
                place.remove()
                raise

    def abort(self) -> None:
        """Remove the incomplete file. After `close` this does nothing."""
        self._sound = None
        place, self._place = self._place, None
        if place is not None:
            place.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def __repr__(self) -> str:
        return f"<AudioWriter {self.kind} {self.sample_rate_hz} Hz {self.samples_written} samples>"


def _open(
    kind: TargetKind, file: BinaryIO, sample_rate_hz: int, channels: int, options: dict[str, object]
) -> SoundTarget:
    module = import_module(kind.module)  # a format's libraries are loaded when a file of it is written
    sound: SoundTarget = module.open_target(file, sample_rate_hz, channels, **{**kind.options, **options})
    return sound


def _require_absent(path: str | Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(f"{path} already exists")
