"""Reads the ELF headers of what a wheel loads: `check_hardening.py WHEEL ...`.

Every shared object needs: RELRO, a stack that is not executable, no segment that is writable and executable, no text
relocations, no symbol table, no RPATH or RUNPATH that leads out of the wheel. Our own modules bind all addresses
at once (full RELRO), and some of them call the stack protector and fortified functions, or the compiler was not
asked for them. Debian's libraries are opened with RTLD_NOW, which binds them at once as well, but only what their own
linker put under RELRO is read-only then.
"""

from __future__ import annotations

import struct
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

LOAD, DYNAMIC, GNU_STACK, GNU_RELRO = 1, 2, 0x6474E551, 0x6474E552
EXECUTABLE, WRITABLE = 1, 2
SYMBOLS: Final = 2
"""The type of a section that strip removes."""
STRING_TABLE, RPATH, TEXT_RELOCATIONS, BIND_NOW, RUNPATH, FLAGS, FLAGS_1 = 5, 15, 22, 24, 29, 30, 0x6FFFFFFB
DF_TEXT_RELOCATIONS, DF_BIND_NOW, DF_1_NOW = 4, 8, 1
LIBRARIES: Final = "_libs"
"""The folder of other projects' libraries in our wheels."""


@dataclass
class SharedObject:
    """What the headers of a 64-bit ELF file say."""

    segments: dict[int, int] = field(default_factory=dict)
    """Flags by type."""
    loaded_flags: list[int] = field(default_factory=list)
    tags: dict[int, int] = field(default_factory=dict)
    run_paths: list[str] = field(default_factory=list)
    stripped: bool = True


def read(content: bytes) -> SharedObject:
    """Read program headers, dynamic segment and section types. ValueError: not a 64-bit ELF file."""
    if content[:5] != b"\x7fELF\2":
        raise ValueError("not a 64-bit ELF file")
    order = "<" if content[5] == 1 else ">"
    segments_at, sections_at = struct.unpack_from(order + "QQ", content, 32)
    segment_octets, segments, section_octets, sections = struct.unpack_from(order + "HHHH", content, 54)
    found = SharedObject()
    loads: list[tuple[int, int, int]] = []
    entries: list[tuple[int, int]] = []
    for number in range(segments):
        kind, flags, offset, address, _, octets = struct.unpack_from(
            order + "IIQQQQ", content, segments_at + number * segment_octets
        )
        found.segments[kind] = flags
        if kind == LOAD:
            loads.append((address, offset, octets))
            found.loaded_flags.append(flags)
        elif kind == DYNAMIC:
            entries = list(struct.iter_unpack(order + "QQ", content[offset : offset + octets // 16 * 16]))
    found.tags = dict(entries)
    table = found.tags.get(STRING_TABLE, 0)
    strings = next((offset + table - address for address, offset, octets in loads if 0 <= table - address < octets), 0)
    for tag, value in entries:
        if tag in {RPATH, RUNPATH}:
            first = strings + value
            found.run_paths += content[first : content.index(b"\0", first)].decode().split(":")
    found.stripped = not any(
        struct.unpack_from(order + "I", content, sections_at + number * section_octets + 4)[0] == SYMBOLS
        for number in range(sections)
    )
    return found


def faults(name: PurePosixPath, content: bytes) -> list[str]:
    """Return the rules that a shared object of a wheel breaks."""
    one = read(content)
    flags, flags_1 = one.tags.get(FLAGS, 0), one.tags.get(FLAGS_1, 0)
    found = []
    if GNU_RELRO not in one.segments:
        found.append("has no RELRO segment")
    if LIBRARIES not in name.parts and not (BIND_NOW in one.tags or flags & DF_BIND_NOW or flags_1 & DF_1_NOW):
        found.append("is not bound at once (-z now)")
    if one.segments.get(GNU_STACK, EXECUTABLE) & EXECUTABLE:
        found.append("has an executable stack")
    if any(each & EXECUTABLE and each & WRITABLE for each in one.loaded_flags):
        found.append("has a segment that is writable and executable")
    if TEXT_RELOCATIONS in one.tags or flags & DF_TEXT_RELOCATIONS:
        found.append("has text relocations")
    if not one.stripped:
        found.append("has a symbol table, strip it")
    for path in one.run_paths:
        up = path.removeprefix("$ORIGIN").count("..")
        if not path.startswith("$ORIGIN") or up >= len(name.parts):
            found.append(f"has the run path {path}, which leads out of the wheel")
    return found


def main(wheels: list[str]) -> None:
    """Check every shared object of the wheels; SystemExit lists what is wrong."""
    wrong: list[str] = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if ".so" in PurePosixPath(name).suffixes]
            contents = {name: archive.read(name) for name in names}
        for name, content in contents.items():
            wrong += [f"{wheel}: {name} {fault}" for fault in faults(PurePosixPath(name), content)]
        for symbol in (b"\0__stack_chk_fail\0", b"_chk\0"):
            ours = [content for name, content in contents.items() if LIBRARIES not in PurePosixPath(name).parts]
            if ours and not any(symbol in content for content in ours):
                wrong.append(f"{wheel}: no module calls {symbol.strip(bytes(1)).decode()}")
        print(f"  {PurePosixPath(wheel).name}: {len(names)} shared objects")
    if not any(wrong):
        return
    raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1:])
