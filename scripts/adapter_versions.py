"""Prints the installed versions of the frameworks that an environment of `make adapters` has.

`adapter_versions.py NAME PINNED`: the name of the environment, and the file whose frameworks are listed.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path


def frameworks(text: str) -> list[str]:
    """Return the names in a file of constraints `name==version`."""
    return [line.split("==")[0] for line in text.splitlines() if "==" in line]


def main(arguments: list[str]) -> None:
    """Print one line."""
    name, pinned = arguments
    found = (f"{framework} {version(framework)}" for framework in frameworks(Path(pinned).read_text(encoding="utf-8")))
    print(f"adapters: {name} versions:", ", ".join(found))


if __name__ == "__main__":
    main(sys.argv[1:])
