"""Counts the instance attributes of classes: what methods assign through self, __slots__, and cdef attributes.

The attributes of base classes in the same tree count as well. Value classes hold as many as their subject has:
dataclasses, enums, named tuples, TypedDicts, msgspec's Structs, exceptions.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conventions.circles import module_of
from tests.conventions.imports import source_files, without_strings

MAX_ATTRIBUTES = 15
VALUE_BASES = {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "NamedTuple", "TypedDict", "Struct"}


@dataclass(frozen=True)
class Class:
    """A class as one file shows it."""

    module: str
    name: str
    bases: tuple[str, ...]
    attributes: frozenset[str]
    is_value: bool = False


def _last(node: ast.expr) -> str:
    """The last name of `a.b.name`, `name(...)` or `name[...]`."""
    match node:
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return _last(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _slots(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__slots__")], value=value):
                names = [value] if isinstance(value, ast.Constant) else getattr(value, "elts", [])
                yield from (str(name.value) for name in names if isinstance(name, ast.Constant))


def _assigned(node: ast.ClassDef) -> Iterator[str]:
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(method):
                match inner:
                    case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                        yield name


def python_classes(text: str, module: str) -> Iterator[Class]:
    """Every class of Python source."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            yield Class(
                module,
                node.name,
                tuple(map(_last, node.bases)),
                frozenset([*_slots(node), *_assigned(node)]),
                any(_last(decorator) == "dataclass" for decorator in node.decorator_list),
            )


_CYTHON_CLASS = re.compile(r"^(?:cdef[ \t]+)?class[ \t]+(\w+)[ \t]*(?:\(([^)]*)\))?[ \t]*:")
_CDEF = re.compile(r"^cdef[ \t]+(?!class\b|struct\b|enum\b|inline\b)(.+)$")
_SELF = re.compile(r"\bself\.(\w+)[ \t]*(?:[-+*/|&^%]|//|<<|>>)?=(?!=)")


def cython_classes(text: str, module: str) -> Iterator[Class]:
    """Every class at the first level of Cython source."""
    lines = without_strings(text).split("\n")
    for at, line in enumerate(lines):
        found = _CYTHON_CLASS.match(line)
        if found:
            bases = tuple(name.strip().rpartition(".")[2] for name in (found[2] or "").split(",") if name.strip())
            yield Class(module, found[1], bases, frozenset(_declared(_body(lines[at + 1 :]))))


def _body(lines: list[str]) -> list[str]:
    """The lines up to the next one without indentation."""
    for at, line in enumerate(lines):
        if line.strip() and not line[0].isspace():
            return lines[:at]
    return lines


def _declared(body: list[str]) -> Iterator[str]:
    """The names that a class body declares, at its first level or in a `cdef:` block, or assigns through self."""
    indents = [len(line) - len(line.lstrip()) for line in body if line.strip()]
    block = False
    for line in filter(str.strip, body):
        depth = len(line) - len(line.lstrip())
        code = line.strip()
        if depth == indents[0]:
            block = code == "cdef:"
            found = _CDEF.match(code)
            yield from _declarators(found[1] if found else "")
        elif block:
            yield from _declarators(code)
        yield from _SELF.findall(line)


def _declarators(code: str) -> Iterator[str]:
    """The names of `readonly int* a, b[4]`; a method declares none."""
    pointer = re.search(r"\(\*[ \t]*(\w+)\)", code)
    if pointer:
        yield pointer[1]
    elif "(" not in code:
        for part in re.sub(r"\[[^\]]*\]", "", code).split(","):
            yield from re.findall(r"(\w+)[ \t]*$", part)


def classes_in(root: Path) -> list[Class]:
    """The classes of the package below root; stubs repeat those of compiled modules."""
    return [
        one
        for path in source_files(root)
        if path.suffix != ".pyi"
        for one in (python_classes if path.suffix == ".py" else cython_classes)(
            path.read_text("utf-8"), module_of(path, root)
        )
    ]


class _Tree:
    """Classes by name, so that the bases of one can be followed."""

    def __init__(self, classes: Iterable[Class]) -> None:
        self.named: dict[str, list[Class]] = {}
        for one in classes:
            self.named.setdefault(one.name, []).append(one)

    def _parts(self, name: str, module: str) -> list[Class]:
        """A class of this name: that of the module, with its declaration in the .pxd, or else the first one."""
        found = self.named.get(name, [])
        owner = module if any(one.module == module for one in found) else (found[0].module if found else "")
        return [one for one in found if one.module == owner]

    def attributes(self, name: str, module: str) -> set[str]:
        names: set[str] = set()
        for part in self._parts(name, module):
            names |= part.attributes
            for base in part.bases:
                if (base, part.module) != (name, module):
                    names |= self.attributes(base, part.module)
        return names

    def is_value(self, name: str, module: str) -> bool:
        if name in VALUE_BASES:
            return True
        known = getattr(builtins, name, None)
        if isinstance(known, type) and issubclass(known, BaseException):
            return True
        parts = self._parts(name, module)
        return any(one.is_value or any(self.is_value(base, one.module) for base in one.bases) for one in parts)


def crowded(classes: Iterable[Class], most: int = MAX_ATTRIBUTES) -> dict[str, int]:
    """How many attributes each class has that holds too many, by its full name."""
    listed = list(classes)
    tree = _Tree(listed)
    counts = {
        f"{one.module}.{one.name}": len(tree.attributes(one.name, one.module))
        for one in listed
        if not tree.is_value(one.name, one.module)
    }
    return {name: count for name, count in counts.items() if count > most}
