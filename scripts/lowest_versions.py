"""The lowest version that pyproject.toml allows of each dependency of users: `lowest_versions.py [--installed] FILE`.

Prints `name==version` per line, the constraints of `scripts/lowest.sh`. With `--installed`, ends with an error where
the environment holds another version: what a test extra needs must not hide a bound that is too low.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

USERS_EXTRAS = ("mp3", "client", "server", "sim", "cli", "demo")
_REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)>=([0-9.]+)(?:;.*)?")


def requirements(text: str) -> Iterator[str]:
    """Yield the requirements of the package, its users' extras and its build."""
    tables = tomllib.loads(text)
    yield from tables["build-system"]["requires"]
    yield from tables["project"]["dependencies"]
    for extra in USERS_EXTRAS:
        yield from tables["project"]["optional-dependencies"][extra]


def lowest(text: str) -> dict[str, str]:
    """Return the lower bound of each dependency; ValueError: a requirement without one, or with two bounds."""
    bounds: dict[str, str] = {}
    for requirement in requirements(text):
        found = _REQUIREMENT.fullmatch(requirement)
        if found is None:
            raise ValueError(f"{requirement!r} is not of the form name>=version")
        name, bound = found.groups()
        if bounds.setdefault(name, bound) != bound:
            raise ValueError(f"{name} has the bounds {bounds[name]} and {bound}")
    return bounds


def is_version(installed: str, bound: str) -> bool:
    """Whether both are the same release: 2 is 2.0.0."""
    numbers = [[int(part) for part in words.split(".")] for words in (installed, bound)]
    length = max(map(len, numbers))
    return len({tuple(parts + [0] * (length - len(parts))) for parts in numbers}) == 1


def main(arguments: list[str]) -> int:
    """Print the constraints, or compare them with what is installed."""
    bounds = lowest(Path(arguments[-1]).read_text(encoding="utf-8"))
    if "--installed" not in arguments:
        print(*(f"{name}=={bound}" for name, bound in bounds.items()), sep="\n")
        return 0
    others = [f"{name} {version(name)}" for name, bound in bounds.items() if not is_version(version(name), bound)]
    if others:
        print(f"lowest: not at the bound: {', '.join(others)}", file=sys.stderr)
    return bool(others)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
