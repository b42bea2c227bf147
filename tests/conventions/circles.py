"""Finds circles between modules, each as a path: imports in functions, for types only and by cimport count as well.

A module is one node, whatever files it has: a.pyx, a.pxd and a.pyi are rtpcodec.a. A module's package counts only
where it is named itself: `from rtpcodec.rtp import reorder` points at rtpcodec.rtp.reorder.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path

from tests.conventions.imports import imports_of, source_files

ARROW = " > "


def module_of(path: Path, root: Path) -> str:
    """The dotted name of a file below root, the folder that holds the package."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def edges_of(root: Path) -> dict[str, set[str]]:
    """The modules of the package that each one imports."""
    files = source_files(root)
    edges: dict[str, set[str]] = {module_of(path, root): set() for path in files}
    for path in files:
        source = module_of(path, root)
        for one in imports_of(path, root):
            inner = [f"{one.module}.{name}" for name in one.names]
            # The package itself is named where one of the names is not a module of it.
            named = [name if name in edges else one.module for name in inner] or [one.module]
            edges[source] |= {name for name in named if name in edges and name != source}
    return edges


def _shortest(start: str, edges: Mapping[str, set[str]]) -> list[str] | None:
    """The shortest way from a module back to itself."""
    ways = deque([[start]])
    seen = set()
    while ways:
        way = ways.popleft()
        for target in sorted(edges[way[-1]]):
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return None


def circles(edges: Mapping[str, set[str]]) -> set[str]:
    """The shortest circle through each module that is in one, as a path from its first name by the alphabet."""
    found = set()
    for module in edges:
        way = _shortest(module, edges)
        if way is not None:
            at = way.index(min(way))
            found.add(ARROW.join([*way[at:], *way[: at + 1]]))
    return found
