"""Safe printing of untrusted text on a terminal: names and contents of files."""

from __future__ import annotations

import sys
import unicodedata
from typing import Final

_ESCAPED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of Unicode: control characters, octets that are not UTF-8, ends of lines and paragraphs."""
_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder the rest of a line."""


def printable(text: str) -> str:
    """Escape characters that would end the line or control the terminal."""
    if text.isprintable():
        return text
    return "".join(_escaped(one) for one in text)


def many(count: int, name: str) -> str:
    """Return a number with a noun, which is given in the singular."""
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def print_any_character() -> None:
    """Print characters that the output's encoding lacks as escapes, instead of an error."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # stdout may be another object
    if reconfigure is not None and sys.stdout.errors == "strict":
        reconfigure(errors="backslashreplace")


def _escaped(character: str) -> str:
    if unicodedata.category(character) in _ESCAPED or character in _DIRECTIONS:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
