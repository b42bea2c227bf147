"""The two extensions of the documentation site: links of the repository, and signatures of compiled modules."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rtpcodec

ROOT = Path(__file__).parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CONF = load("conf")
STUBS = load("stub_signatures")


@pytest.mark.parametrize(
    ("link", "folder", "on_site"),
    [
        ("[a](../examples/barge_in.py)", "docs", "[a](examples.md#barge_inpy)"),
        ("[a](../../examples/deploy/nginx.conf)", "docs/tutorial", "[a](../examples.md#deploynginxconf)"),
        ("[a](../CONTRIBUTING.md#four-recipes)", "docs", "[a](contributing.md#four-recipes)"),
        ("[a](../benchmarks/road.md)", "docs", "[a](endpoint-report.md)"),
        ("[a](voice.md#settings)", "docs", "[a](voice.md#settings)"),
        ("[a](#settings)", "docs", "[a](#settings)"),
        ("[a](https://example.com/docs)", "docs", "[a](https://example.com/docs)"),
        ("[a](../tests/data/README.md#b)", "docs", "a"),
        ("handlers[name](call)", "docs", "handlers[name](call)"),
    ],
)
def test_links_lead_to_pages_of_the_site(link: str, folder: str, on_site: str) -> None:
    assert CONF.rewrite(link, folder, folder) == on_site


def test_links_of_a_file_that_is_a_page() -> None:
    assert CONF.rewrite("[a](docs/voice.md)", ".", "docs") == "[a](voice.md)"
    assert CONF.rewrite("![a](road.png)", "benchmarks", "docs") == "![a](../benchmarks/road.png)"


def test_each_example_is_a_section() -> None:
    files = CONF.example_files()
    assert "examples/voice_agent.py" in files
    assert CONF.examples_text().count("\n## ") == len(files)


def test_the_page_of_examples_names_each() -> None:
    page = (ROOT / "docs" / "examples.md").read_text("utf-8")
    assert [file for file in CONF.example_files() if f"(../{file})" not in page] == []


def replaced(kind: str, thing: object) -> Any:
    return STUBS.replaced(None, kind, "", thing, None, "(*args)", "")


def test_signatures_of_compiled_modules_are_those_of_the_stubs() -> None:
    assert replaced("function", rtpcodec.pcmu_encode) == ("(pcm: Buffer, /)", "bytes")
    assert replaced("method", rtpcodec.Resampler.resample) == ("(pcm: Buffer, /)", "bytes")
    assert replaced("class", rtpcodec.Resampler) == ("(from_hz: int, to_hz: int)", None)
    assert replaced("property", rtpcodec.Resampler.delay_ms) is None
    assert replaced("class", rtpcodec.StreamPlan) is None, "it is not compiled"


def test_a_compiled_class_has_a_signature_to_replace() -> None:
    assert STUBS.class_attribute(rtpcodec.Resampler, "__new__") is STUBS.placeholder
    assert STUBS.class_attribute(rtpcodec.StreamPlan, "__new__") is object.__new__


@pytest.mark.parametrize(
    ("what", "docstring", "shown"),
    [
        ("attribute", "Port to listen on; 0: any free port.", "Port to listen on; 0: any free port."),
        ("method", "Record.\n\nReturns:\n    The recording: see its error.", "The recording: see its error."),
        ("method", "See docs/start-streaming.md: it is long.", "See :doc:`/start-streaming`: it is long."),
    ],
)
def test_a_colon_does_not_split_a_docstring(what: str, docstring: str, shown: str) -> None:
    napoleon = pytest.importorskip("sphinx.ext.napoleon")
    lines = docstring.splitlines()
    load("plain_docstrings").read_docstring(None, what, "rtpcodec.x", None, None, lines)
    written = str(napoleon.GoogleDocstring(lines, what=what, name="x"))
    assert shown in written
    assert "type:" not in written


def test_a_variable_has_the_docstring_of_its_module() -> None:
    pytest.importorskip("sphinx")
    lines = (int.__doc__ or "").splitlines()
    plain = load("plain_docstrings")
    plain.read_docstring(None, "data", "rtpcodec.stream.wire.MAX_DEPTH", rtpcodec.stream.wire.MAX_DEPTH, None, lines)
    assert "Documented messages nest three levels" in " ".join(lines)


@pytest.mark.long
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tutorial" / "first-call.html").is_file()
