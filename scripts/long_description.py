"""README.md as the description of the package, for package indexes: a relative link there leads nowhere.

Each becomes its words and the name of its file, which the source distribution holds.
"""

from __future__ import annotations

import re

_RELATIVE_LINK = re.compile(r"\[([^\]]+)\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)\s]*)?\)")


def long_description(readme: str) -> str:
    """Return the text with each relative link replaced by its words and the file's name in the source distribution."""
    return _RELATIVE_LINK.sub(lambda link: link[1] if link[1] == link[2] else f"{link[1]} (`{link[2]}`)", readme)
