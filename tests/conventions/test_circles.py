"""No module imports itself by way of others; the checker finds circles of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conventions.circles import circles, edges_of

ROOT = Path(__file__).parents[2] / "src"


def test_modules_import_in_one_direction() -> None:
    assert circles(edges_of(ROOT)) == set()


def found_in(tmp_path: Path, files: dict[str, str]) -> set[str]:
    for name, text in files.items():
        path = tmp_path / "rtpcodec" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return circles(edges_of(tmp_path))


AB = {"rtpcodec.a > rtpcodec.b > rtpcodec.a"}


@pytest.mark.parametrize(
    "back",
    [
        "import rtpcodec.a",
        "from rtpcodec import a",
        "from rtpcodec.a import f",
        "from .a import f",
        "def f():\n    from rtpcodec.a import g",
        "if TYPE_CHECKING:\n    from rtpcodec.a import g",
        "import_module('rtpcodec.a')",
    ],
)
def test_every_import_of_python_counts(tmp_path: Path, back: str) -> None:
    assert found_in(tmp_path, {"a.py": "from rtpcodec.b import f", "b.py": back}) == AB


@pytest.mark.parametrize(
    "files",
    [
        {"a.pyx": "from rtpcodec.b cimport f", "b.pxd": "from rtpcodec cimport a", "b.pyx": ""},
        {"a.pyx": "from rtpcodec.b cimport f", "b.pyx": "def g():\n    import rtpcodec.a\n"},
        {"a.pyx": "", "a.pyi": "from rtpcodec.b import B", "b.py": "from rtpcodec.a import A"},
        {"a.pxd": "cimport rtpcodec.b", "b.py": "from rtpcodec.a import A"},
    ],
)
def test_every_kind_of_file_counts(tmp_path: Path, files: dict[str, str]) -> None:
    assert found_in(tmp_path, files) == AB


def test_longer_circles_are_paths(tmp_path: Path) -> None:
    files = {
        "x/c.py": "from rtpcodec.x import a",
        "x/a.py": "from rtpcodec.y.b import f",
        "y/b.py": "from rtpcodec.x.c import f\nimport rtpcodec.y.d",
        "y/d.py": "import os",
    }
    assert found_in(tmp_path, files) == {"rtpcodec.x.a > rtpcodec.y.b > rtpcodec.x.c > rtpcodec.x.a"}


def test_two_circles_through_one_module_are_both_found(tmp_path: Path) -> None:
    files = {"a.py": "import rtpcodec.b, rtpcodec.c", "b.py": "import rtpcodec.a", "c.py": "import rtpcodec.a"}
    assert found_in(tmp_path, files) == AB | {"rtpcodec.a > rtpcodec.c > rtpcodec.a"}


def test_a_file_that_imports_its_own_package_is_a_circle(tmp_path: Path) -> None:
    files = {"x/__init__.py": "from rtpcodec.x.a import f", "x/a.py": "from rtpcodec.x import g"}
    assert found_in(tmp_path, files) == {"rtpcodec.x > rtpcodec.x.a > rtpcodec.x"}


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "import rtpcodec.b", "b.py": "import os, a"},
        {"a.pyx": "from rtpcodec.a cimport f", "a.pxd": "", "a.pyi": ""},
        {"x/__init__.py": "from rtpcodec.x.a import f", "x/a.py": "from rtpcodec.x import b", "x/b.py": ""},
        {"a.py": "import rtpcodec.b, rtpcodec.c", "b.py": "import rtpcodec.c", "c.py": ""},
    ],
)
def test_one_direction_is_not_a_circle(tmp_path: Path, files: dict[str, str]) -> None:
    assert found_in(tmp_path, files) == set()


def test_the_package_has_edges_to_look_at() -> None:
    edges = edges_of(ROOT)
    assert "rtpcodec.kernels._buffers" in edges["rtpcodec.kernels.g711"]
    assert "rtpcodec.kernels.g711" in edges["rtpcodec"]
    assert sum(map(len, edges.values())) > len(edges)
