"""Checks of a shared library's file, before the loader maps it.

The loader trusts the headers of a file: a truncated one ends the process by SIGBUS, a FIFO blocks it, and any user can
replace the code of a file that every user can write.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

from rtpcodec.codecs import _dynamic

HASHES: Final = "SHA256SUMS"
"""The list of hashes beside the libraries of a wheel, in the format of sha256sum."""
CACHE: Final = Path("/etc/ld.so.cache")
"""The cache of ldconfig, which the loader searches for a bare name."""
MAGIC: Final = b"\x7fELF"
SHARED_OBJECT: Final = 3
DYNAMIC: Final = 2
"""The type of a program header."""
MAX_DYNAMIC_OCTETS: Final = 1 << 16
"""The part of the dynamic segment that is read; libraries have a few dozen entries of 16 octets."""
STRING_TABLE, SYMBOL_TABLE = 5, 6
"""Entries of the dynamic segment without which the loader crashes."""
KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class ForeignLibrary(OSError):
    """A library for another machine, which the loader skips."""


class _Layout(NamedTuple):
    """The structures of one class of ELF file, 32 or 64 bits (System V ABI, chapters 4 and 5)."""

    header: str
    """e_type, e_machine, e_version, e_entry, e_phoff, e_shoff, e_flags, e_ehsize, e_phentsize, e_phnum, e_shentsize,
    e_shnum, e_shstrndx."""
    segment: str
    offset: int
    """Of the segment's members: which one is p_offset."""
    file_octets: int
    """Which one is p_filesz."""
    entry: str
    """d_tag, d_val."""


IDENT_OCTETS: Final = 16
LAYOUTS: Final = {
    1: _Layout("HHIIIIIHHHHHH", "IIIIIIII", 1, 4, "II"),
    2: _Layout("HHIQQQIHHHHHH", "IIQQQQQQ", 2, 5, "QQ"),
}
"""By the class that the file names."""


def require_loadable(path: Path, *, of_package: bool = False) -> None:
    """Check the file at a path, without blocking and without mapping it.

    Args:
        path: an existing name. It is an error if it is not a library.
        of_package: the file belongs to a Python package. Its hash must be in the list beside it, if there is a list.
            Permissions are not checked: a user who can write there can change the package's code too.

    Raises:
        OSError: the file cannot be loaded; the text has path, rule and value.
        ForeignLibrary: the file is for another machine.
    """
    found = _followed(path)
    if not of_package:
        for place in dict.fromkeys((path, path.parent, found, found.parent)):
            if not place.is_symlink() and place.stat().st_mode & stat.S_IWOTH:
                mode = stat.S_IMODE(place.stat().st_mode)
                raise OSError(f"{path}: every user can write to {place}, which has mode {mode:04o}")
    with open(_opened(path, found), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):  # replaced since the first check
            raise OSError(f"{path}: is not a regular file")
        if ours := _own_ident():
            _require_whole(path, file, status.st_size, ours)
        if of_package and (path.parent / HASHES).is_file():
            _require_listed(path, file)


def loader_copies(file_name: str) -> list[Path]:
    """Return the files of a bare name in the folders and in the cache of the system's loader."""
    listed = CACHE.read_bytes() if CACHE.is_file() else b""
    cached = re.findall(rb"\0(/[^\0]*/" + re.escape(os.fsencode(file_name)) + rb")\0", listed)
    folders = [Path(folder) / file_name for folder in _dynamic.loader_folders()]
    candidates = dict.fromkeys(
        [*(folder.absolute() for folder in folders), *(Path(os.fsdecode(one)) for one in cached)]
    )
    return [path for path in candidates if os.path.lexists(path)]


def _followed(path: Path) -> Path:
    """Return the regular file that a path leads to. OSError: there is no such file, with the reason."""
    try:
        found = Path(os.path.realpath(path, strict=True))
        kind = stat.S_IFMT(found.stat().st_mode)
    except OSError as error:
        behind = f"is a link to {path.readlink()}, which " if path.is_symlink() else ""
        raise OSError(f"{path}: {behind}cannot be opened: {error.strerror}") from error
    if kind != stat.S_IFREG:
        raise OSError(f"{path}: is {KINDS.get(kind, 'a special file')}, a regular file is needed")
    return found


def _opened(path: Path, found: Path) -> int:
    """Open without blocking: a FIFO may have replaced the file."""
    try:
        return os.open(found, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(f"{path}: cannot be opened: {error.strerror}") from error


def _own_ident() -> bytes:
    """Return the first octets of our own extension, up to the machine; empty where extensions are not ELF files."""
    with Path(_dynamic.__file__).open("rb") as file:
        first = file.read(20)
    return first if first.startswith(MAGIC) and first[4] in LAYOUTS else b""


def _require_whole(path: Path, file: BufferedReader, size: int, ours: bytes) -> None:
    """Check that all parts that the headers name are within the file.

    The last part of a file is its section headers or its last segment, so this detects every truncation.
    """
    layout = LAYOUTS[ours[4]]
    order = "<" if ours[5] == 1 else ">"
    header = struct.Struct(order + layout.header)
    segment = struct.Struct(order + layout.segment)
    needed = IDENT_OCTETS + header.size
    first = _part(file, 0, needed)
    if not first.startswith(MAGIC):
        raise OSError(f"{path}: is not an ELF file, it begins with {first[:4].hex(' ') or 'nothing'}")
    if size < needed:
        raise OSError(f"{path}: is truncated: it has {size} octets, its header needs {needed}")
    if (first[4:6], first[18:20]) != (ours[4:6], ours[18:20]):
        raise ForeignLibrary(f"{path}: is for another machine, {_machine(first)}; {_machine(ours)} is needed")
    fields = header.unpack_from(first, IDENT_OCTETS)
    kind, segments_at, sections_at, segment_octets, segments, section_octets, sections = (
        fields[i] for i in (0, 4, 5, 8, 9, 10, 11)
    )
    if kind != SHARED_OBJECT:
        raise OSError(f"{path}: is of ELF type {kind}, a shared library has {SHARED_OBJECT}")
    if segments == 0 or segment_octets != segment.size:
        raise OSError(f"{path}: has {segments} program headers of {segment_octets} octets, {segment.size} are needed")
    _require_room(path, size, "program headers", segments_at + segments * segment_octets)
    _require_room(path, size, "section headers", sections_at + sections * section_octets)
    tags: set[int] = set()
    for number, members in enumerate(segment.iter_unpack(_part(file, segments_at, segments * segment_octets))):
        start, octets = members[layout.offset], members[layout.file_octets]
        _require_room(path, size, f"segment {number}", start + octets)
        if members[0] == DYNAMIC:
            entry = struct.Struct(order + layout.entry)
            whole = min(octets, MAX_DYNAMIC_OCTETS) // entry.size * entry.size
            tags |= {tag for tag, value in entry.iter_unpack(_part(file, start, whole)) if value}
    if not {STRING_TABLE, SYMBOL_TABLE} <= tags:
        raise OSError(f"{path}: has no dynamic segment with symbols")


def _part(file: BufferedReader, start: int, octets: int) -> bytes:
    file.seek(start)
    return file.read(octets)


def _require_room(path: Path, size: int, what: str, end: int) -> None:
    if end > size:
        raise OSError(f"{path}: is truncated: it has {size} octets, its {what} end at {end}")


def _machine(first: bytes) -> str:
    return f"{32 * first[4]} bits, byte order {first[5]}, e_machine {first[18:20].hex()}"


def _require_listed(path: Path, file: BufferedReader) -> None:
    """Check the file's hash against the wheel's list."""
    lines = (path.parent / HASHES).read_text("ascii", "replace").splitlines()
    listed = {name: value for value, _, name in (line.partition("  ") for line in lines)}
    file.seek(0)
    found = hashlib.file_digest(file, "sha256").hexdigest()
    expected = listed.get(path.name, "none")
    if expected != found:
        raise OSError(f"{path}: has the SHA-256 {found}, {HASHES} beside it has {expected}")
