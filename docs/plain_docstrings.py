"""Sphinx extension: docstrings are plain text with `code`, not reStructuredText.

In reStructuredText `*_into` begins an emphasis and `send_` is a link, and one backtick is not code. So every mark but
the backtick is escaped before napoleon reads the sections `Args:`, `Returns:` and `Raises:`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_SECTION = re.compile(r"\s*(?:Args|Returns|Raises|Yields|Attributes|Examples?):$")
_EMBEDDED_SIGNATURE = re.compile(r"[\w.]+\(.*\)(?: -> .+)?$")
_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_MARK = re.compile(r"(?<=\w)_(?!\w)|[*|\\]")


def escape(line: str) -> str:
    """Return a line in which only `code` has a meaning."""
    parts = _CODE.split(line)
    for at, part in enumerate(parts):
        if at % 2 == 0:
            parts[at] = _MARK.sub(lambda mark: "\\" + mark[0], part)
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


def read_docstring(_app: Sphinx, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    """Rewrite a docstring in place, without the signature that Cython puts above it."""
    if lines and _EMBEDDED_SIGNATURE.match(lines[0]):
        del lines[0]
    lines[:] = plain(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension; docstrings are rewritten before napoleon sees them."""
    app.connect("autodoc-process-docstring", read_docstring, priority=400)
    return {"parallel_read_safe": True}
