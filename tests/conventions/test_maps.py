"""The docstring of each package lists its modules, so that a stranger finds the file for a change."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src" / "rtpcodec"
PACKAGES = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("*/**/__init__.py"))
NO_MAP = {"kernels/simd"}


def modules_of(package: Path) -> set[str]:
    """The names of modules and packages in a package; the bindings of a module count with it."""
    files = {path.stem for suffix in ("py", "pyx") for path in package.glob(f"*.{suffix}")} - {"__init__"}
    return files | {path.parent.name for path in package.glob("*/__init__.py")}


@pytest.mark.parametrize("name", [name for name in PACKAGES if name not in NO_MAP])
def test_a_package_lists_its_modules(name: str) -> None:
    package = ROOT / name
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    words = set(re.findall(r"\w+", docstring))
    assert modules_of(package) - words == set()


def test_every_package_was_looked_at() -> None:
    assert {"sim/media", "stream", "rtp/payloads", "pump"} <= set(PACKAGES)
