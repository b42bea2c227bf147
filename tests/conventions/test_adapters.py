"""Adapters are thin, and examples fit a page; the checker finds others."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.conventions import adapters

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PAGES = {"starlette": "fastapi"}
"""Adapters whose page in docs/ has another name."""


def test_no_adapter_is_too_long() -> None:
    assert adapters.too_long(adapters.adapters_of(SOURCES), adapters.MAX_ADAPTER_LINES) == []


def test_no_example_is_too_long() -> None:
    short = [path for path in EXAMPLES if path.name not in adapters.LONGER_EXAMPLES]
    assert adapters.too_long(short, adapters.MAX_EXAMPLE_LINES, blank=False) == []


def test_adapters_have_no_codec_and_no_rule_of_the_protocol() -> None:
    assert adapters.wrong_imports(SOURCES) == []


def test_no_helper_serves_one_adapter_alone() -> None:
    assert adapters.private_helpers(SOURCES) == []


@pytest.mark.parametrize("adapter", [path.stem for path in adapters.adapters_of(SOURCES)])
def test_every_adapter_has_an_extra_and_a_page(adapter: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert adapter in extras
    assert f"]({PAGES.get(adapter, adapter)}.md)" in (ROOT / "docs" / "adapters.md").read_text("utf-8")


def package(tmp_path: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tmp_path / "rtpcodec" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("from rtpcodec.codecs import codec", "a.py:1 imports rtpcodec.codecs, an adapter has no codec"),
        ("from rtpcodec.kernels import g711", "a.py:1 imports rtpcodec.kernels, an adapter has no codec"),
        ("def f():\n    import json", "a.py:2 imports json, an adapter has no protocol"),
        (
            "from rtpcodec.adapters.b import c",
            "a.py:1 imports rtpcodec.adapters.b, an adapter has no other adapter",
        ),
    ],
)
def test_wrong_imports_are_found(tmp_path: Path, text: str, sentence: str) -> None:
    assert adapters.wrong_imports(package(tmp_path, {"adapters/a.py": text})) == [sentence]


def test_helpers_of_one_adapter_are_found(tmp_path: Path) -> None:
    files = {
        "adapters/a.py": "from rtpcodec.server import one, two\nfrom rtpcodec.server.three import x",
        "adapters/b.py": "from rtpcodec.server.two import x",
        "server/__init__.py": "",
        "server/one.py": "",
        "server/two.py": "",
        "server/three.py": "",
        "server/four.py": "from rtpcodec.server.three import x",
    }
    assert adapters.private_helpers(package(tmp_path, files)) == ["rtpcodec.server.one is imported by a.py alone"]


def test_long_files_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n\n" * 100)
    assert adapters.too_long([path], 200) == []
    assert adapters.too_long([path], 199) == ["a.py has 200 lines, at most 199 are allowed"]
    assert adapters.too_long([path], 100, blank=False) == []
    assert adapters.too_long([path], 99, blank=False) == ["a.py has 100 lines, at most 99 are allowed"]
