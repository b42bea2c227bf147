"""What adapters and examples may be: how long, and what they import.

An adapter translates between a framework and the endpoint's machine. So it is short, it reads no text of the wire and
no codec, and what it needs beyond that lies where other modules use it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.conventions.imports import PACKAGE, imports_of, source_files

MAX_ADAPTER_LINES = 100
MAX_EXAMPLE_LINES = 60
LONGER_EXAMPLES = {"placed_calls.py", "rtp_bridge.py", "voice_agent.py", "warm_transfer.py"}
"""They show whole programs."""
FORBIDDEN = {
    f"{PACKAGE}.kernels": "codec",
    f"{PACKAGE}.codecs": "codec",
    f"{PACKAGE}.rtp": "protocol",
    f"{PACKAGE}.carriers": "protocol",
    f"{PACKAGE}.compat": "codec",
    f"{PACKAGE}.adapters": "other adapter",
    "audioop": "codec",
    "base64": "protocol",
    "json": "protocol",
    "msgspec": "protocol",
}
"""Packages whose modules an adapter must not import, and what they would bring in."""


def adapters_of(root: Path) -> list[Path]:
    """The adapters below root, the folder that holds the package."""
    return [path for path in sorted((root / PACKAGE / "adapters").glob("*.py")) if path.name != "__init__.py"]


def too_long(paths: list[Path], max_lines: int, *, blank: bool = True) -> list[str]:
    """One sentence per file with more lines than that; `blank` says whether blank lines count."""
    lines = {path: path.read_text("utf-8").splitlines() for path in paths}
    counts = {path: sum(1 for line in found if blank or line.strip()) for path, found in lines.items()}
    return [
        f"{path.name} has {count} lines, at most {max_lines} are allowed"
        for path, count in counts.items()
        if count > max_lines
    ]


def wrong_imports(root: Path) -> list[str]:
    """One sentence per import of an adapter that brings in a codec, a rule of the protocol, or another adapter."""
    return [
        f"{path.name}:{one.line} imports {one.module}, an adapter has no {kind}"
        for path in adapters_of(root)
        for one in imports_of(path, root)
        for package, kind in FORBIDDEN.items()
        if one.module == package or one.module.startswith(f"{package}.")
    ]


def private_helpers(root: Path) -> list[str]:
    """One sentence per module of ours that one adapter imports and nothing else does."""
    users: dict[str, set[Path]] = {}
    for path in source_files(root):
        for module in _modules(path, root):
            users.setdefault(module, set()).add(path)
    return [
        f"{module} is imported by {path.name} alone"
        for path in adapters_of(root)
        for module in sorted(_modules(path, root))
        if users[module] == {path}
    ]


def _modules(path: Path, root: Path) -> Iterator[str]:
    """Our modules that a file imports: `from a import b` counts as a.b if that is a module."""
    for one in imports_of(path, root):
        if one.module.split(".")[0] != PACKAGE:
            continue
        inner = [f"{one.module}.{name}" for name in one.names if _is_module(f"{one.module}.{name}", root)]
        yield from inner or [one.module]


def _is_module(name: str, root: Path) -> bool:
    path = root.joinpath(*name.split("."))
    return path.is_dir() or any(path.with_suffix(suffix).exists() for suffix in (".py", ".pyx"))
