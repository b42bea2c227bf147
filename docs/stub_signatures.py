"""Sphinx extension: signatures of compiled functions, methods and classes come from their stubs.

A module of Cython has docstrings and no types; its `.pyi` has types and no docstrings. autodoc reads either. So the
modules are imported, which gives the docstrings, and this extension puts in the signatures of the stubs.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

Signature = tuple[str, str | None]


def stub_path(module: str) -> Path | None:
    """Return the stub of a compiled module, or None for a module of another kind."""
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    suffix = next((suffix for suffix in EXTENSION_SUFFIXES if file.endswith(suffix)), None)
    if suffix is None:
        return None
    path = Path(file.removesuffix(suffix) + ".pyi")
    return path if path.is_file() else None


def signature_of(function: ast.FunctionDef, *, bound: bool) -> Signature:
    """Return the arguments and the return type of a function as text; a bound one has no `self`."""
    arguments = function.args
    static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list)
    if bound and not static:
        first = arguments.posonlyargs or arguments.args
        del first[:1]
    return f"({ast.unparse(arguments)})", None if function.returns is None else ast.unparse(function.returns)


@cache
def signatures(path: Path) -> dict[str, Signature]:
    """Return the signatures of a stub by their qualified names; the first one of overloads."""
    found: dict[str, Signature] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, signature_of(node, bound=False))
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    found.setdefault(f"{node.name}.{member.name}", signature_of(member, bound=True))
    return found


def made_by(made: type, known: dict[str, Signature]) -> Signature | None:
    """Return the signature of a class."""
    found = known.get(f"{made.__qualname__}.__init__") or known.get(f"{made.__qualname__}.__new__")
    return None if found is None else (found[0], None)


def replaced(_app: Sphinx, kind: str, _name: str, obj: object, *others: object) -> Signature | None:
    """Replace the signature of a compiled function or method by that of its stub; for Sphinx's event."""
    _, given, _ = others  # options, signature, return type
    owner = getattr(obj, "__objclass__", None)
    module = getattr(owner or obj, "__module__", None)
    path = stub_path(module) if isinstance(module, str) else None
    if path is None or given is None or kind in {"attribute", "property"}:
        return None
    known = signatures(path)
    return made_by(obj, known) if isinstance(obj, type) else known.get(getattr(obj, "__qualname__", ""))


def placeholder(cls: type) -> object:
    """Stand for the `__new__` of a compiled class."""
    return object.__new__(cls)


def class_attribute(thing: type, name: str, *default: object) -> object:
    """Read an attribute of a class for autodoc.

    A compiled class has no signature of its own, and autodoc asks its event about existing signatures only. So it gets
    the placeholder as `__new__`, whose signature is then replaced.
    """
    if name == "__new__":
        path = stub_path(thing.__module__)
        if path is not None and made_by(thing, signatures(path)) is not None:
            return placeholder
    return getattr(thing, name, *default)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension."""
    app.add_autodoc_attrgetter(type, class_attribute)
    app.connect("autodoc-process-signature", replaced)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
