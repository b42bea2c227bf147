"""Every example that shows its result gives that result: in docstrings, in README and docs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rtpcodec

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for suffix in ("py", "pyx") for path in (ROOT / "src").rglob(f"*.{suffix}") if ">>>" in path.read_text("utf-8")
)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCED = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NAMED_FILE = re.compile(r"(?<![\w./-])(?:benchmarks|docs|examples|scripts|tests)/[\w./-]+\.(?:py|pyx|md|sh|json)\b")
PARSER = doctest.DocTestParser()


def module_of(path: Path) -> ModuleType:
    return importlib.import_module(
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    )


def documented(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Names and docstrings of a module and of all that it defines. Works for compiled modules as well."""
    found: list[tuple[str, Any]] = [(module.__name__, module)]
    while found:
        name, thing = found.pop()
        text = getattr(thing, "__doc__", None)
        if isinstance(text, str):
            yield name, text
        if thing is module or inspect.isclass(thing):
            found += [
                (f"{name}.{member}", value)
                for member, value in vars(thing).items()
                if getattr(value, "__module__", None) == module.__name__ or (thing is not module and callable(value))
            ]


def failures_of(name: str, text: str, names: dict[str, Any]) -> tuple[int, int]:
    """How many examples were run, and how many failed; what failed is printed."""
    test = PARSER.get_doctest(text, names, name, name, 0)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    return result.attempted, result.failed


def face_names(text: str) -> dict[str, Any]:
    """The public names that a text mentions, so that no other package is loaded for it."""
    return {name: getattr(rtpcodec, name) for name in rtpcodec.__all__ if re.search(rf"\b{name}\b", text)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src" / "rtpcodec").as_posix())
def test_docstrings(path: Path) -> None:
    module = module_of(path)
    run = 0
    for name, text in documented(module):
        if ">>>" in text:
            attempted, failed = failures_of(name, text, vars(module) | face_names(text))
            assert failed == 0, name
            run += attempted
    assert run == path.read_text("utf-8").count(">>> ")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages(path: Path) -> None:
    """A page's examples share their names, as a reader would type them one after the other."""
    blocks = [block for block in _FENCED.findall(path.read_text("utf-8")) if ">>>" in block]
    _, failed = failures_of(path.name, "\n".join(blocks), {"__name__": "__main__"})
    assert failed == 0


def test_readme_shows_results() -> None:
    assert ">>> " in (ROOT / "README.md").read_text("utf-8")


def test_files_that_the_sources_name_exist() -> None:
    named = {
        (path.name, file)
        for suffix in ("py", "pyx", "pxd", "h")
        for path in (ROOT / "src").rglob(f"*.{suffix}")
        for file in _NAMED_FILE.findall(path.read_text("utf-8"))
    }
    assert len(named) >= 2, "nothing is found"
    assert not {(source, file) for source, file in named if not (ROOT / file).is_file()}
