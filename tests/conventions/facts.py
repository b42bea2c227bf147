"""Finds facts about the carrier that are written outside of `carriers`.

1. A distinctive text of `carriers` (a header, an event type, a code of an error, a path, an environment variable).
2. Another name of `carriers` with an underscore (a field, a member, an action, a value) in two files or more.
3. An enumeration of `carriers`, written as a tuple, a list, a set or a Literal.
4. A limit of `carriers`: a constant of the same number whose name shares two words with it. A code of an error message
   on the stream, wherever it stands.

Docstrings, `__slots__` and names of attributes (`getattr(x, "name")`) do not count; a single member of a Literal counts
for rule 1 alone, since a type must be written out.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from rtpcodec.carriers.telnyx import commands, errors, members, streaming, webhooks

MODULES = (commands, errors, members, streaming, webhooks)
DISTINCTIVE = re.compile(r"telnyx|^x-|^(call|streaming)\.\w|^\d{5,}$|^/calls", re.IGNORECASE)
LIMIT = re.compile(r"^(MIN|MAX)_|_(S|MS|OCTETS)$")
SPELLED_AS_ATTRIBUTE = {"getattr", "setattr", "hasattr"}


def texts_in(value: object) -> Iterator[str]:
    """All texts of a constant."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts_in([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts_in(part)


@dataclass(frozen=True)
class Facts:
    """The facts of some modules, by the rule that guards them."""

    distinctive: frozenset[str]
    names: frozenset[str]
    enumerations: frozenset[frozenset[str]]
    limits: tuple[tuple[str, float], ...]
    codes: frozenset[int]

    @classmethod
    def of(cls, modules: Sequence[ModuleType]) -> Facts:
        constants = {name: value for one in modules for name, value in vars(one).items() if name.isupper()}
        texts = set(texts_in(list(constants.values())))
        distinctive = frozenset(text.lower() for text in texts if DISTINCTIVE.search(text))
        return cls(
            distinctive=distinctive,
            names=frozenset(
                text for text in texts if "_" in text and text.isidentifier() and text.lower() not in distinctive
            ),
            enumerations=frozenset(
                frozenset(value)
                for value in constants.values()
                if isinstance(value, tuple) and len(value) > 1 and all(isinstance(one, str) for one in value)
            ),
            limits=tuple(
                (name, value)
                for name, value in constants.items()
                if isinstance(value, int | float) and LIMIT.search(name)
            ),
            codes=frozenset(
                code for value in constants.values() if isinstance(value, dict) for code in value if code_like(code)
            ),
        )


def code_like(value: object) -> bool:
    return isinstance(value, int) and value >= 100_000


@dataclass(frozen=True)
class Literal:
    """A constant in the source, and the line that it stands on."""

    value: object
    line: int
    in_type: bool = False


def ignored_in(tree: ast.Module) -> set[int]:
    """Nodes that are docstrings, slots or attribute names, by their id."""
    found: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as text):
                found.add(id(text))
            case ast.Assign(targets=[ast.Name(id="__slots__")], value=value):
                found.update(id(part) for part in ast.walk(value))
            case ast.Call(func=ast.Name(id=name), args=[_, ast.Constant() as text, *_]) if name in SPELLED_AS_ATTRIBUTE:
                found.add(id(text))
    return found


def literals(tree: ast.Module) -> Iterator[Literal]:
    """All texts and numbers that count."""
    ignored = ignored_in(tree)
    types = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in ignored:
            yield Literal(node.value, node.lineno, id(node) in types)


def enumerations(tree: ast.Module) -> Iterator[Literal]:
    """All collections of written texts, as sets."""
    ignored = ignored_in(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple | ast.List | ast.Set) and id(node) not in ignored:
            values = [part.value for part in node.elts if isinstance(part, ast.Constant)]
            if len(values) == len(node.elts):
                yield Literal(frozenset(values), node.lineno)


def constants(tree: ast.Module) -> Iterator[tuple[str, float, int]]:
    """Names, values and lines of the module's own numbers."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() | float() as value))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=int() | float() as value))
            ):
                yield name, value, node.lineno


def same_limit(name: str, value: float, limit: tuple[str, float]) -> bool:
    """Whether a constant is a limit of the carrier under another name."""
    words, theirs = {*name.strip("_").split("_")}, {*limit[0].split("_")}
    return value == limit[1] and len(words & theirs) >= 2 and words & {"MIN", "MAX"} == theirs & {"MIN", "MAX"}


def findings_of(name: str, tree: ast.Module, facts: Facts) -> Iterator[str]:
    """What one file repeats, except the names that a single file may write."""
    for one in literals(tree):
        if (isinstance(one.value, str) and one.value.lower() in facts.distinctive) or (
            code_like(one.value) and one.value in facts.codes
        ):
            yield f"{name}:{one.line} writes {one.value!r}, which stands in carriers"
    for one in enumerations(tree):
        if one.value in facts.enumerations:
            yield f"{name}:{one.line} lists {', '.join(sorted(map(str, one.value)))}, which stands in carriers"
    for constant, value, line in constants(tree):
        for limit in facts.limits:
            if same_limit(constant, value, limit):
                yield f"{name}:{line} defines {constant} = {value}, which is {limit[0]} of carriers"


def repeated(root: Path, packages: Sequence[str], facts: Facts) -> list[str]:
    """One sentence for each fact that a package or a module below root repeats."""
    found: list[str] = []
    written: dict[str, dict[str, int]] = defaultdict(dict)
    for package in packages:
        for path in sorted([*(root / package).rglob("*.py"), *root.glob(f"{package}.py")]):
            name, tree = path.relative_to(root).as_posix(), ast.parse(path.read_text("utf-8"))
            found += findings_of(name, tree, facts)
            for one in literals(tree):
                if isinstance(one.value, str) and one.value in facts.names and not one.in_type:
                    written[one.value].setdefault(name, one.line)
    for text, places in sorted(written.items()):
        if len(places) > 1:
            where = " and ".join(f"{name}:{line}" for name, line in places.items())
            found.append(f"{where} write {text!r}, which stands in carriers")
    return found
