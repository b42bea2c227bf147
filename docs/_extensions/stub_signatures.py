"""Gives compiled objects the typed signature of their stub, and lets docstrings be plain text with `code`.

Sphinx itself reads a .pyi in place of the compiled module, which loses every docstring, so conf.py switches that off.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_SECTION = re.compile(r"\s*(?:Args|Arguments|Returns|Raises|Yields|Attributes|Note|Notes|Example|Examples):$")
_EMBEDDED = re.compile(r"[\w.]+\(.*\)(?: -> .+)?$")
_CODE = re.compile(r"(``.+?``|`[^`]+`)")


@functools.cache
def _stub_of(module: str) -> dict[str, tuple[str, str | None]]:
    """Return arguments and result of the functions of a compiled module by qualified name."""
    origin = Path(inspect.getfile(importlib.import_module(module)))
    stub = origin.with_name(origin.name.split(".")[0] + ".pyi")
    if origin.suffix == ".py" or not stub.exists():
        return {}
    body = ast.parse(stub.read_text("utf-8")).body
    owners = [("", body), *((f"{node.name}.", node.body) for node in body if isinstance(node, ast.ClassDef))]
    found: dict[str, tuple[str, str | None]] = {}
    for prefix, nodes in owners:
        for node in nodes:
            if isinstance(node, ast.FunctionDef):
                returned = ast.unparse(node.returns) if node.returns else None
                found[prefix + node.name.replace("__new__", "__init__")] = (_arguments(node, bool(prefix)), returned)
    return found


def _arguments(node: ast.FunctionDef, is_method: bool) -> str:
    given = node.args
    decorators = {ast.unparse(one) for one in node.decorator_list}
    if is_method and "staticmethod" not in decorators:
        # `self` or `cls`
        (given.posonlyargs or given.args).pop(0)
    return f"({ast.unparse(given)})"


def _typed_signature(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, arguments: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    module = getattr(getattr(thing, "__objclass__", thing), "__module__", None)
    if what not in {"function", "method", "class", "exception"} or not str(module).startswith("rtpcodec."):
        return arguments, returned
    qualified = f"{thing.__qualname__}.__init__" if inspect.isclass(thing) else thing.__qualname__
    found = _stub_of(str(module)).get(qualified)
    if found is None:
        return arguments, returned
    return found[0], None if inspect.isclass(thing) else found[1]


def _escaped(line: str) -> str:
    """Return a line whose marks are text: only `code` has a meaning."""
    parts = _CODE.split(line)
    for at, part in enumerate(parts):
        if at % 2:
            parts[at] = part if part.startswith("``") else f"`{part}`"
        else:
            parts[at] = re.sub(r"(?<=\w)_(?!\w)|[*|\\]", lambda mark: "\\" + mark[0], part)
    return "".join(parts)


def _plain(lines: list[str]) -> Iterator[str]:
    """Return lines of reStructuredText for a docstring of plain text: text may be indented anywhere."""
    is_example = False
    before = 0
    for line in lines:
        is_example = line.lstrip().startswith(">>>") or (is_example and bool(line.strip()))
        if not line.strip() or is_example:
            yield line
            continue
        indent = len(line) - len(line.lstrip())
        yield line if _SECTION.match(line) else _escaped(line)
        before = indent
    del before


def _readable_docstring(_app: Sphinx, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    if lines and _EMBEDDED.match(lines[0]):
        del lines[0]
    lines[:] = _plain(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension; docstrings are read before napoleon sees them."""
    app.connect("autodoc-process-signature", _typed_signature)
    app.connect("autodoc-process-docstring", _readable_docstring, priority=400)
    return {"parallel_read_safe": True}
