"""Finds every import of the package in .py, .pyi, .pyx and .pxd files, and tells those that point the wrong way.

    errors, carriers < kernels < audio, compat < codecs < rtp < stream < client, server, sim < cli

A file may import from its own room and from rooms to the left. client, server and sim do not know each other. The
package's own face may be imported by cli alone; it loads everything lazily, so it may point anywhere itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "rtpcodec"
FACE = "the package's face"
LEVELS = (
    ("errors", "carriers"),
    ("kernels",),
    ("audio", "compat"),
    ("codecs",),
    ("rtp",),
    ("stream",),
    ("client", "server", "sim"),
    ("cli",),
)
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
SUFFIXES = (".py", ".pyi", ".pyx", ".pxd")


@dataclass(frozen=True)
class Import:
    """One imported module, by its full dotted name, and the line that asks for it."""

    module: str
    line: int


def room_of(module: str) -> str | None:
    """The room of a dotted name; None for modules of others."""
    package, *rest = module.split(".")
    if package != PACKAGE:
        return None
    return rest[0] if rest else FACE


def is_allowed(source_room: str, target_room: str) -> bool:
    """Whether a file of one room may import from another."""
    if source_room in (target_room, FACE):
        return True
    if target_room == FACE:
        return source_room == "cli"
    return LEVEL_OF.get(source_room, -1) > LEVEL_OF.get(target_room, len(LEVELS))


def _absolute(module: str, dots: int, parents: tuple[str, ...]) -> str:
    """The full name behind a relative one; parents are the packages that hold the file."""
    if not dots:
        return module
    base = parents[: len(parents) - dots + 1]
    return ".".join([*base, *([module] if module else [])])


def python_imports(text: str, parents: tuple[str, ...]) -> Iterator[Import]:
    """Imports of Python source, wherever they stand, also by import_module with a written name."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from (Import(alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(module=module, level=dots):
                yield Import(_absolute(module or "", dots, parents), node.lineno)
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(module)), *_]
            ):
                if name in {"import_module", "__import__"}:
                    yield Import(module, node.lineno)


_STRING = re.compile(r'""".*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*', re.DOTALL)
_FROM = re.compile(r"(?:^|[;:])[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+c?import\b", re.MULTILINE)
_PLAIN = re.compile(r"(?:^|[;:])[ \t]*c?import[ \t]+([^\n;]+)", re.MULTILINE)


def cython_imports(text: str, parents: tuple[str, ...]) -> Iterator[Import]:
    """Imports and cimports of Cython source; strings and comments are no code."""
    code = _STRING.sub(lambda found: "\n" * found[0].count("\n"), text).replace("\\\n", "  ")
    for found in _FROM.finditer(code):
        yield Import(_absolute(found[2], len(found[1]), parents), 1 + code.count("\n", 0, found.start(2)))
    for found in _PLAIN.finditer(code):
        for name in found[1].split(","):
            yield Import(name.split(" as ")[0].strip(), 1 + code.count("\n", 0, found.start(1)))


def imports_of(path: Path, root: Path) -> Iterator[Import]:
    """Every import of a file below root, the folder that holds the package."""
    parents = path.relative_to(root).parts[:-1]
    find = python_imports if path.suffix in {".py", ".pyi"} else cython_imports
    return find(path.read_text("utf-8"), parents)


def room_of_file(path: Path, root: Path) -> str:
    """The room that a file belongs to."""
    parts = path.relative_to(root / PACKAGE).parts
    if parts == ("__init__.py",):
        return FACE
    return parts[0].split(".")[0]


def wrong_imports(root: Path) -> list[str]:
    """One sentence for each import that is not allowed, and for each file in no known room."""
    found = []
    for path in sorted(path for path in (root / PACKAGE).rglob("*") if path.suffix in SUFFIXES):
        room = room_of_file(path, root)
        name = path.relative_to(root).as_posix()
        if room not in LEVEL_OF and room != FACE:
            found.append(f"{name} is in no room that the house knows")
            continue
        for one in imports_of(path, root):
            target = room_of(one.module)
            if target is not None and not is_allowed(room, target):
                found.append(f"{name}:{one.line} imports {one.module}, {room} may not import {target}")
    return found
