"""Every import in Python and Cython sources, wherever it stands: in functions, under TYPE_CHECKING, by cimport."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "rtpcodec"
SUFFIXES = (".py", ".pyi", ".pyx", ".pxd")


@dataclass(frozen=True)
class Import:
    """One imported module by its full dotted name, the names taken from it, and the line."""

    module: str
    line: int
    names: tuple[str, ...] = ()
    is_relative: bool = False


def _absolute(module: str, dots: int, parents: tuple[str, ...]) -> str:
    """The full name of a relative import; parents are the packages that hold the file."""
    if not dots:
        return module
    base = parents[: len(parents) - dots + 1]
    return ".".join([*base, *([module] if module else [])])


def python_imports(text: str, parents: tuple[str, ...]) -> Iterator[Import]:
    """Imports of Python source, also those by import_module with a literal name."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from (Import(alias.name, node.lineno) for alias in names)
            case ast.ImportFrom(module=module, level=dots, names=names):
                taken = tuple(alias.name for alias in names)
                yield Import(_absolute(module or "", dots, parents), node.lineno, taken, dots > 0)
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(module)), *_]
            ):
                if name in {"import_module", "__import__"}:
                    yield Import(module, node.lineno)


_STRING = re.compile(r'""".*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*', re.DOTALL)
_FROM = re.compile(r"(?:^|[;:])[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+c?import\b[ \t]*(\([^)]*\)|[^\n;]*)", re.MULTILINE)
_PLAIN = re.compile(r"(?:^|[;:])[ \t]*c?import[ \t]+([^\n;]+)", re.MULTILINE)


def without_strings(text: str) -> str:
    """Cython source without strings, comments and continued lines; every line keeps its number."""
    code = _STRING.sub(lambda found: "\n" * found[0].count("\n"), text)
    return re.sub(r"\\\n([^\n]*)", r"  \1\n", code)


def cython_imports(text: str, parents: tuple[str, ...]) -> Iterator[Import]:
    """Imports and cimports of Cython source."""
    code = without_strings(text)
    for found in _FROM.finditer(code):
        names = tuple(_names(found[3].strip("() \t")))
        line = 1 + code.count("\n", 0, found.start(2))
        yield Import(_absolute(found[2], len(found[1]), parents), line, names, bool(found[1]))
    for found in _PLAIN.finditer(code):
        for name in _names(found[1]):
            yield Import(name, 1 + code.count("\n", 0, found.start(1)))


def _names(listed: str) -> Iterator[str]:
    for name in listed.split(","):
        if name.strip():
            yield name.split(" as ")[0].strip()


def source_files(root: Path) -> list[Path]:
    """The sources of the package below root, the folder that holds it."""
    return sorted(path for path in (root / PACKAGE).rglob("*") if path.suffix in SUFFIXES)


def imports_of(path: Path, root: Path) -> Iterator[Import]:
    """Every import of a file below root."""
    parents = path.relative_to(root).parts[:-1]
    find = python_imports if path.suffix in {".py", ".pyi"} else cython_imports
    return find(path.read_text("utf-8"), parents)


def relative_imports(root: Path) -> list[str]:
    """One sentence per relative import."""
    return [
        f"{path.relative_to(root).as_posix()}:{one.line} imports {one.module} by a relative name"
        for path in source_files(root)
        for one in imports_of(path, root)
        if one.is_relative
    ]
