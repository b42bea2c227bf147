"""Finds names of the package that texts for users mention and that it does not export.

A name is `rtpcodec.x.y` or `from rtpcodec.x import y` in README, docs (decisions apart), examples and docstrings. It
must be in the API snapshot: in `rtpcodec.__all__` or in the `__all__` of a public module (`tests/conventions/api.py`).
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from tests.conventions import api

ROOT = Path(__file__).parents[2]
_IMPORT = re.compile(r"from (rtpcodec(?:\.\w+)*) import (\([^)]*\)|[^\n#`;\"']+)")
_DOTTED = re.compile(r"(?<![\w./@-])rtpcodec((?:\.[A-Za-z_]\w*)+)(?![\w/]|\.\w)")
_FILES = {"service", "toml", "md", "py"}
"""Endings of file names that look like attributes."""
FOR_CONTRIBUTORS = {"docs/architecture.md"}
"""Pages that name modules for those who change the package."""


def names_in(text: str) -> Iterator[str]:
    """The names without `rtpcodec.`, in the order of the text."""
    for found in _IMPORT.finditer(text):
        module = found[1].removeprefix("rtpcodec").lstrip(".")
        for name in re.findall(r"(\w+)(?:\s+as\s+\w+)?\s*(?:,|$|\))", found[2].strip()):
            yield f"{module}.{name}".lstrip(".")
    for found in _DOTTED.finditer(_IMPORT.sub(lambda one: " " * len(one[0]), text)):
        if found[1][1:] not in _FILES and not re.search(r"\.__(?!version)", found[1]):
            yield found[1][1:]


def texts() -> Iterator[tuple[str, str, bool]]:
    """Every text by its place; whether it may name private modules, because it is for contributors."""
    pages = (path for path in (ROOT / "docs").rglob("*.md") if not {"adr", "_build", "renamed.md"} & {*path.parts})
    for path in (ROOT / "README.md", *pages, *(ROOT / "examples").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        yield name, path.read_text("utf-8"), name in FOR_CONTRIBUTORS
    for path in sorted((ROOT / "src" / "rtpcodec").rglob("*.py*")):
        if path.suffix in {".py", ".pyx"}:
            yield path.relative_to(ROOT).as_posix(), "\n".join(_docstrings(path)), True


def _docstrings(path: Path) -> list[str]:
    text = path.read_text("utf-8")
    if path.suffix == ".pyx":
        return re.findall(r'"""(.*?)"""', text, re.DOTALL)
    return [
        node.value.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]


@functools.cache
def exported() -> frozenset[str]:
    """The names of the snapshot; those of adapters and of modules with two names included."""
    found, aliases = api.offered_things()
    names = {*found, *aliases}
    for name, thing in found.items():
        if isinstance(thing, api.Adapter):
            names |= {f"{name}.{key}" for key in thing.body}
    for name, shortest in aliases.items():
        if isinstance(found[shortest], ModuleType):
            names |= {name + one.removeprefix(shortest) for one in found if one.startswith(f"{shortest}.")}
    return frozenset(names)


@functools.cache
def is_exported(name: str) -> bool:
    """Report whether a name is in the snapshot, or is a member of a class there."""
    if name in exported():
        return True
    owner, _, member = name.rpartition(".")
    thing = api.offered_things()[0].get(api.offered_things()[1].get(owner, owner))
    return api.is_class(thing) and hasattr(thing, member)


@functools.cache
def is_module(name: str) -> bool:
    """Report whether a name is that of a module."""
    try:
        return importlib.util.find_spec(f"rtpcodec.{name}") is not None
    except ModuleNotFoundError:
        return False


def unexported() -> list[str]:
    """One sentence per name that is mentioned and not exported."""
    return sorted(
        {
            f"{place} names rtpcodec.{name}, which is not exported"
            for place, text, may_name_modules in texts()
            for name in names_in(text)
            if not is_exported(name) and not (may_name_modules and is_module(name))
        }
    )
