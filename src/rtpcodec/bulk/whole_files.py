"""Reads and writes files of rows for the recipes in examples/: a file is complete or absent, and an error is a row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from rtpcodec.files.part_file import PART_SUFFIX

__all__ = ["convert_files", "write_row"]

Rows = list[dict[str, Any]]

G722_FILES: Final = 16
"""Files of G.722 per call, enough to fill a bank. Other files are converted singly, so their octets stay in the
cache."""


def convert_files(
    names: list[str], source: Path, target: Path, to: str, transcode: Callable[[Rows], Iterable[Any]]
) -> Rows:
    """Read local files, transcode them and write the results.

    Call it from any number of threads, with different names.

    Args:
        names: paths relative to `source`, ordered by kind. `a/b.ulaw` becomes `a/b.ulaw.wav` in `target`.
        source: folder of the files.
        target: folder of the results.
        to: kind of `transcode`, and last suffix of the results.
        transcode: `transcode_batch` with its arguments.

    Returns:
        The rows without octets, in the order of `names`. A file that cannot be read or written has an `error`.
    """
    for folder in {name.rpartition("/")[0] for name in names}:
        with suppress(OSError):  # without a folder, writing the file fails, and its row says so
            (target / folder).mkdir(parents=True, exist_ok=True)
    at_once = G722_FILES if names and names[0].endswith(".g722") else 1
    batches = (names[at : at + at_once] for at in range(0, len(names), at_once))
    done = (row for batch in batches for row in transcode([_read(name, source) for name in batch]))
    return [_write(row, target / f"{row['path']}.{to}") for row in done]


def _read(name: str, source: Path) -> dict[str, Any]:
    try:
        with (source / name).open("rb", buffering=0) as file:
            return {"path": name, "bytes": file.read()}
    except OSError as error:
        return {"path": name, "bytes": None, "error": f"{name}: {error.strerror}"}


def _write(row: dict[str, Any], path: Path) -> dict[str, Any]:
    octets = row.pop("bytes")
    if octets is None:
        return row
    part = path.with_name(path.name + PART_SUFFIX)
    try:
        part.write_bytes(octets)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        row["error"] = f"{path.name} cannot be written: {error.strerror}"
    return row


def write_row(row: dict[str, Any], files: Any, path: str) -> dict[str, Any]:
    """Write the result of a row to any filesystem of fsspec.

    Args:
        row: result row.
        files: the filesystem. A local file is renamed when it is complete; an object of a store appears complete.
        path: path in the filesystem.

    Returns:
        The row without octets. If they cannot be written, it has an `error`, and no file remains.
    """
    octets = row.pop("bytes")
    if octets is None:
        return row
    try:
        _write_whole(files, path, octets)
    except Exception as error:  # filesystems raise exceptions of any class
        said = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        row["error"] = f"{path.rpartition('/')[2]} cannot be written: {said}"
    return row


def _write_whole(files: Any, path: str, octets: bytes) -> None:
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    if "file" not in files.protocol:
        files.pipe_file(path, octets)
        return
    part = path + PART_SUFFIX
    try:
        files.pipe_file(part, octets)
        os.replace(part, path)  # noqa: PTH105 -- `mv` of the filesystem moves into a folder of the name
    except BaseException:
        with suppress(OSError):
            os.unlink(part)  # noqa: PTH108
        raise
