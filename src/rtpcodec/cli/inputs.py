"""The input files of a command line: files, folders and patterns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from glob import glob
from pathlib import Path, PurePath
from typing import Final, NamedTuple

from rtpcodec.files.target_kinds import TARGET_KINDS

AUDIO_SUFFIXES: Final = frozenset(
    {".wave", ".rf64", *(suffix for kind in TARGET_KINDS.values() for suffix in kind.suffixes)}
)
"""The suffixes of a folder's audio files."""
CAPTURE_SUFFIXES: Final = (".pcap", ".pcapng", ".cap", ".pcap.gz", ".pcapng.gz", ".cap.gz")
_CAPTURE_MAGIC: Final = frozenset(
    bytes.fromhex(one) for one in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34", "34cdb2a1", "0a0d0d0a")
)
_GZIP: Final = b"\x1f\x8b"
_CHARACTERS_OF_PATTERNS: Final = "*?["


class Input(NamedTuple):
    """One file."""

    path: str
    """The path as on the command line, or in a folder that is named there."""
    below: str
    """The path relative to that folder; for a file named on the command line, its name."""


Wanted = Callable[[str], bool]
"""Returns whether a file of a folder is an input, by its name."""


def is_audio(name: str) -> bool:
    """Return whether a file has the suffix of an audio file."""
    return PurePath(name).suffix.lower() in AUDIO_SUFFIXES


def is_capture(name: str) -> bool:
    """Return whether a file has the suffix of a packet capture."""
    return name.lower().endswith(CAPTURE_SUFFIXES)


def is_capture_file(path: str) -> bool:
    """Return whether a file is a packet capture, by its first octets; a file of gzip by its name."""
    if not Path(path).is_file():
        return False  # a pipe, which cannot be read twice
    with Path(path).open("rb") as file:
        magic = file.read(4)
    return magic in _CAPTURE_MAGIC or ((not magic or magic.startswith(_GZIP)) and is_capture(path))


class Inputs:
    """Finds the files of the arguments, each once, in the order of their names."""

    __slots__ = ("_folders", "_seen", "_wanted", "_without", "left_out")

    def __init__(self, wanted: Wanted | None, *, without: str | None = None) -> None:
        """Select files of folders by `wanted` (None: all), except those in the folder `without`."""
        self._wanted = wanted
        self._without = None if without is None else Path(without).resolve()
        self._seen: set[str] = set()
        self._folders: dict[str, str] = {}
        self.left_out = 0
        """The number of files in folders that are hidden or not wanted."""

    def of(self, arguments: Iterable[str]) -> Iterator[Input]:
        """Yield the files, each for the first argument that includes it. FileNotFoundError: an argument has no file."""
        for argument in arguments:
            path = Path(argument)
            if path.is_dir():
                yield from self._below(argument.rstrip("/") or "/")
            elif path.exists():
                yield from self._new(Input(argument, path.name))
            elif any(character in argument for character in _CHARACTERS_OF_PATTERNS):
                for found in _matching(argument):
                    yield from self._new(found)
            else:
                raise FileNotFoundError(f"{argument} does not exist")

    def _below(self, folder: str) -> Iterator[Input]:
        begins = len(folder.rstrip("/")) + 1
        for parent, folders, names in os.walk(folder):
            inside = parent.rstrip("/")
            folders[:] = sorted(name for name in folders if not self._is_left_out(f"{inside}/{name}", name))
            for name in sorted(names):
                path = f"{inside}/{name}"
                for found in self._new(Input(path, path[begins:])):
                    if name.startswith(".") or (self._wanted is not None and not self._wanted(name)):
                        self.left_out += 1
                    else:
                        yield found

    def _new(self, found: Input) -> Iterator[Input]:
        """Yield a file, unless it was found before."""
        real = unlinked(found.path, self._folders)
        if real not in self._seen:
            self._seen.add(real)
            yield found

    def _is_left_out(self, path: str, name: str) -> bool:
        return name.startswith(".") or (self._without is not None and Path(path).resolve() == self._without)


def unlinked(path: str, folders: dict[str, str]) -> str:
    """Return a path whose folder has no links; `folders` caches the resolved folders."""
    folder, _, name = path.rpartition("/")
    if folder not in folders:
        folders[folder] = str(Path(folder or ("/" if path.startswith("/") else ".")).resolve())
    return f"{folders[folder]}/{name}"


def _matching(pattern: str) -> Iterator[Input]:
    found = sorted(glob(pattern, recursive=True))  # noqa: PTH207 -- Path.glob has no absolute patterns
    if not found:
        raise FileNotFoundError(f"no file matches {pattern}")
    for path in found:
        if Path(path).is_file():
            yield Input(path, PurePath(path).name)
