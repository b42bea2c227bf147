"""Finds the imports that point the wrong way through the packages.

    renamed < lazy, pickling < errors, carriers < kernels < audio, compat < codecs < rtp < files < bulk, stream
        < pump < client, server, sim < doctor < adapters, testing, cli

A file may import from its own package and from packages to the left. Packages between two signs do not know each
other. Only cli may import the face, `rtpcodec/__init__.py`; the face loads everything lazily and may import anything.
"""

from __future__ import annotations

from pathlib import Path

from tests.conventions.imports import PACKAGE, imports_of, source_files

FACE = "the package's face"
LEVELS = (
    ("renamed",),
    ("lazy", "pickling"),
    ("errors", "carriers"),
    ("kernels",),
    ("audio", "compat"),
    ("codecs",),
    ("rtp",),
    ("files",),
    ("bulk", "stream"),
    ("pump",),
    ("client", "server", "sim"),
    ("doctor",),
    ("adapters", "testing", "cli"),
    ("__main__",),
)
LEVEL_OF = {package: level for level, packages in enumerate(LEVELS) for package in packages}


def package_of(module: str) -> str | None:
    """The package within ours that a dotted name is in; None for modules of others."""
    first, *rest = module.split(".")
    if first != PACKAGE:
        return None
    return rest[0] if rest else FACE


def is_allowed(source: str, target: str) -> bool:
    """Whether a file of one package may import from another."""
    if source in (target, FACE):
        return True
    if target == FACE:
        return source == "cli"
    return LEVEL_OF.get(source, -1) > LEVEL_OF.get(target, len(LEVELS))


def package_of_file(path: Path, root: Path) -> str:
    """The package within ours that holds a file."""
    parts = path.relative_to(root / PACKAGE).parts
    if parts == ("__init__.py",):
        return FACE
    return parts[0].split(".")[0]


def wrong_imports(root: Path) -> list[str]:
    """One sentence per import that is not allowed, and per file outside the known packages."""
    found = []
    for path in source_files(root):
        package = package_of_file(path, root)
        name = path.relative_to(root).as_posix()
        if package not in LEVEL_OF and package != FACE:
            found.append(f"{name} is not in a known package")
            continue
        for one in imports_of(path, root):
            target = package_of(one.module)
            if target is not None and not is_allowed(package, target):
                found.append(f"{name}:{one.line} imports {one.module}, {package} must not import {target}")
    return found
