"""The manifest of a run: a file of JSON lines, a header and then one row per file.

A row is written when the file is complete under its temporary name, and the file is renamed afterwards. A killed
process therefore leaves one of three states, which `Manifest.resume` completes: no row (the file is converted again), a
row and a temporary file (which is renamed), or a row and the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Final, Literal, Self

from rtpcodec.files.part_file import PART_SUFFIX
from rtpcodec.pickling import Live

VERSION: Final = 1
_HEADER: Final = "rtpcodec_manifest"
_HEADER_BEGINS: Final = f'{{"{_HEADER}":'.encode()
_MAX_HEADER_OCTETS: Final = 1 << 20
"""Longer than any command line, so a file without line ends is not read whole."""
_BLOCK_OCTETS: Final = 4096

State = Literal["written", "kept", "failed"]
Row = dict[str, Any]
"""`input`, `output`, `state`, and depending on the state `octets`, `facts`, `error`. If one input has several outputs,
`outputs` has a mapping with `output` and `octets` for each."""


class Manifest(Live):
    """The rows of one run, appended by any thread. Only one process at a time has the file."""

    __slots__ = ("_file", "_lock", "path", "settings")

    def __init__(self, path: Path, file: BinaryIO, settings: Mapping[str, object]) -> None:
        self.path = path
        self.settings = settings
        """The settings of the conversion, as in the header."""
        self._file = file
        self._lock = Lock()

    @classmethod
    def begin(cls, path: Path, settings: Mapping[str, object], *, replace: bool = False) -> Self:
        """Create the file.

        Args:
            path: path of the manifest.
            settings: settings of the conversion; a run that continues must have the same.
            replace: whether an existing manifest may be replaced.

        Raises:
            FileExistsError: the file exists and must not be replaced.
            ValueError: another process is writing it, or it is not a manifest.
            OSError: the file cannot be written.
        """
        if path.exists():
            if not replace:
                raise FileExistsError(f"{path} already exists; --resume {path} continues it")
            _require_manifest(path)
        file = path.open("ab", buffering=0)
        try:
            _require_alone(file, path)
            file.truncate(0)
            manifest = cls(path, file, settings)
            manifest._write(manifest._header())
        except BaseException:
            file.close()
            raise
        return manifest

    @classmethod
    def resume(cls, path: Path, settings: Mapping[str, object]) -> tuple[Self, set[str]]:
        """Open the file of an earlier run, or create it, and complete the interrupted renames of that run.

        Returns:
            The manifest, and the inputs that are done: their outputs exist with the sizes in their rows.

        Raises:
            ValueError: the file is not a manifest, has other settings, or another process is writing it.
            OSError: the file cannot be read or written.
        """
        if path.exists():
            _require_manifest(path)  # before it is truncated: it may be any file
        file = path.open("ab", buffering=0)
        try:
            _require_alone(file, path)
            whole = _octets_of_lines(path)
            file.truncate(whole)  # removes an incomplete last line
            manifest = cls(path, file, settings)
            if not whole:
                manifest._write(manifest._header())
                return manifest, set()
            last = {row["input"]: (row["state"], _outputs(row)) for row in rows_of(path, settings)}
            return manifest, {name for name, (state, outputs) in last.items() if _is_done(state, outputs)}
        except BaseException:
            file.close()
            raise

    def add(self, row: Row) -> None:
        """Append a row. The operating system has it when this returns, so the end of this process loses nothing."""
        self._write(row)

    def _header(self) -> dict[str, object]:
        return {_HEADER: VERSION, "settings": dict(self.settings)}

    def _write(self, row: Mapping[str, object]) -> None:
        line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            begins = os.fstat(self._file.fileno()).st_size
            try:
                while line:
                    line = line[self._file.write(line) or 0 :]
            except OSError:
                self._file.truncate(begins)  # the disk is full: the row of another thread must not continue this line
                raise

    def close(self) -> None:
        """Close the file. Further calls do nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def rows_of(path: Path, settings: Mapping[str, object] | None = None) -> Iterator[Row]:
    """Yield the rows of a manifest, in the order in which they were written.

    Args:
        path: path of the manifest.
        settings: the settings that its header must have; None: any.

    Raises:
        ValueError: the file is not a manifest, or has other settings.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        begun_with = _settings_of(file.readline(), path)
        for name, value in (settings or {}).items():
            if begun_with.get(name) != value:
                raise ValueError(
                    f"{path} was begun with {name} {begun_with.get(name)}, now it is {value}: continue it as it began"
                )
        for number, line in enumerate(file, 2):
            if line.endswith(b"\n"):
                yield _row(line, path, number)


def _require_manifest(path: Path) -> None:
    """Check that a file is a manifest, or ends inside the header of one. ValueError."""
    with path.open("rb") as file:
        line = file.readline(_MAX_HEADER_OCTETS)
    if line.endswith(b"\n"):
        _settings_of(line, path)
    elif not (line.startswith(_HEADER_BEGINS) or _HEADER_BEGINS.startswith(line)):
        raise ValueError(f"{path} is not a manifest: its first line is not a header of one")


def _octets_of_lines(path: Path) -> int:
    """Return the length of all complete lines in octets."""
    with path.open("rb") as file:
        at = file.seek(0, os.SEEK_END)
        while at > 0:
            begins = max(0, at - _BLOCK_OCTETS)
            file.seek(begins)
            found = file.read(at - begins).rfind(b"\n")
            if found >= 0:
                return begins + found + 1
            at = begins
    return 0


def _settings_of(line: bytes, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(line)
        version, settings = header[_HEADER], header["settings"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is not a manifest: its first line is not a header of one") from None
    if version != VERSION or not isinstance(settings, dict):
        raise ValueError(f"{path} is a manifest of version {version}, version {VERSION} is read")
    return settings


def _row(line: bytes, path: Path, number: int) -> Row:
    try:
        row = json.loads(line)
        if isinstance(row["input"], str) and isinstance(row["output"], str) and isinstance(row["state"], str):
            return dict(row)
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(f"{path} line {number} is not a row of a manifest")


def _outputs(row: Row) -> list[tuple[str, int | None]]:
    """Return the names and sizes of the outputs of a row."""
    found = row["outputs"] if isinstance(row.get("outputs"), list) else [row]
    return [(one["output"], one.get("octets")) for one in found if one.get("output") is not None]


def _is_done(state: str, outputs: list[tuple[str, int | None]]) -> bool:
    """Return whether the outputs of a row exist. Rename them if their process was killed before it could."""
    if state == "kept":
        return all(_size(output) is not None for output, _ in outputs)
    if state != "written":
        return False
    for output, octets in outputs:
        if _size(output + PART_SUFFIX) == octets:
            os.replace(output + PART_SUFFIX, output)  # noqa: PTH105 -- a name, as the row has it
        elif _size(output) != octets:
            return False
    return True


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116 -- as above
    except OSError:
        return None


def _require_alone(file: BinaryIO, path: Path) -> None:
    """Lock the file until it is closed. ValueError: another process has it."""
    try:
        import fcntl  # noqa: PLC0415 -- Windows has none
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ValueError(f"{path} is the manifest of a run that is not over") from None
