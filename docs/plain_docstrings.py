"""Sphinx extension: docstrings are plain text with `code`, not reStructuredText.

In reStructuredText `*_into` begins an emphasis and `send_` is a link, and one backtick is not code. So every mark but
the backtick is escaped before napoleon reads the sections `Args:`, `Returns:` and `Raises:`.

napoleon reads the text before the first colon of an attribute's docstring, and of a section `Returns:`, as a type.
Ours have no types there, so an empty comment is put above such a text: the first line then has no colon.
A page named as `docs/NAME.md` becomes a link with the title of the page.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_SECTION = re.compile(r"\s*(?:Args|Returns|Raises|Yields|Attributes|Examples?):$")
_EMBEDDED_SIGNATURE = re.compile(r"[\w.]+\(.*\)(?: -> .+)?$")
_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_PAGE = re.compile(r"\bdocs/([\w/-]+)\.md(?:#[\w-]+)?")
_RETURNS = re.compile(r"\s*(?:Returns|Yields):$")
_EMPTY_COMMENT = ["..", ""]
_VALUES = {"attribute", "data", "property"}
_MARK = re.compile(r"(?<=\w)_(?!\w)|[*|\\]")


def escape(line: str) -> str:
    """Return a line in which only `code` has a meaning."""
    parts = _CODE.split(line)
    for at, part in enumerate(parts):
        if at % 2 == 0:
            parts[at] = _PAGE.sub(r":doc:`/\1`", _MARK.sub(lambda mark: "\\" + mark[0], part))
        elif not part.startswith("``"):
            parts[at] = f"`{part}`"
    return "".join(parts)


def plain(lines: list[str]) -> Iterator[str]:
    """Return the lines of a docstring as reStructuredText, examples as they are.

    Outside of the sections, an indented line continues the one above it, and less indentation begins a paragraph.
    """
    is_example = is_section = False
    indent = 0
    before = ""
    for line in lines:
        is_example = line.lstrip().startswith(">>>") or (is_example and bool(line.strip()))
        if not line.strip() or is_example:
            yield line
        elif _SECTION.match(line):
            is_section = True
            yield line
            if _RETURNS.match(line):
                yield from (" " * (len(line) - len(line.lstrip()) + 4) + mark for mark in _EMPTY_COMMENT)
        else:
            own_indent = len(line) - len(line.lstrip())
            is_section = is_section and own_indent > 0
            if not is_section and before.strip() and own_indent > indent:
                yield " " * indent + escape(line.lstrip())
            else:
                if not is_section and before.strip() and own_indent < indent:
                    yield ""
                yield escape(line)
                indent = own_indent
        before = line


def docstring_of_value(name: str, value: object) -> list[str]:
    """Return the docstring below a module's variable, from the source of the module that defines it."""
    # Here, so that the rest of this module is tested without Sphinx.
    from sphinx.errors import PycodeError  # noqa: PLC0415
    from sphinx.pycode import ModuleAnalyzer  # noqa: PLC0415

    own_name = name.rpartition(".")[2]
    for module, loaded in tuple(sys.modules.items()):
        if module.startswith("rtpcodec") and vars(loaded).get(own_name) is value:
            try:
                found = ModuleAnalyzer.for_module(module).find_attr_docs().get(("", own_name))
            except PycodeError:  # a compiled module
                continue
            if found:
                return list(found)
    return []


def is_of_type(lines: list[str], value: object) -> bool:
    """Report whether a docstring is that of the type of a value, such as that of int for a number."""
    text = inspect.getdoc(type(value)) or ""
    return [line.strip() for line in lines if line.strip()] == [
        line.strip() for line in text.splitlines() if line.strip()
    ]


def read_docstring(_app: Sphinx, what: str, name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """Rewrite a docstring in place, without the signature that Cython puts above it."""
    if what == "data" and is_of_type(lines, thing):
        lines[:] = docstring_of_value(name, thing)
    if lines and _EMBEDDED_SIGNATURE.match(lines[0]):
        del lines[0]
    lines[:] = plain(lines)
    if what in _VALUES and lines:
        lines[:0] = _EMPTY_COMMENT


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension; docstrings are rewritten before napoleon sees them."""
    app.connect("autodoc-process-docstring", read_docstring, priority=400)
    return {"parallel_read_safe": True}
