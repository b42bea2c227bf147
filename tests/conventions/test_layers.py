"""Imports point one way through the packages and are absolute, in every kind of file; the checker finds others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conventions import imports, layers

ROOT = Path(__file__).parents[2] / "src"


def test_imports_point_one_way() -> None:
    assert layers.wrong_imports(ROOT) == []


def test_imports_are_absolute() -> None:
    assert imports.relative_imports(ROOT) == []


def test_every_kind_of_file_is_read() -> None:
    assert {path.suffix for path in imports.source_files(ROOT)} == set(imports.SUFFIXES)
    packages = {layers.package_of_file(path, ROOT) for path in imports.source_files(ROOT)}
    known = {*layers.LEVEL_OF, layers.FACE}
    assert {"kernels", "stream", "server", "cli", "__main__", layers.FACE} <= packages <= known


def test_the_package_really_imports_across_packages() -> None:
    """The checker would be of no use if it found nothing."""
    found = {
        (layers.package_of_file(path, ROOT), layers.package_of(one.module))
        for path in imports.source_files(ROOT)
        for one in imports.imports_of(path, ROOT)
    }
    assert {("stream", "rtp"), ("codecs", "kernels"), ("audio", "kernels"), ("server", "stream")} <= found


def verdict(tmp_path: Path, name: str, text: str) -> list[str]:
    path = tmp_path / "rtpcodec" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return layers.wrong_imports(tmp_path)


BAD = [
    ("kernels/a.py", "import rtpcodec.codecs", "kernels must not import codecs"),
    ("kernels/a.py", "import os, rtpcodec.audio.frames as frames", "kernels must not import audio"),
    ("codecs/a.py", "def load():\n    from rtpcodec.rtp.reorder import Lost\n", "codecs must not import rtp"),
    ("codecs/a.py", "if TYPE_CHECKING:\n    from rtpcodec.stream import plan\n", "codecs must not import stream"),
    (
        "rtp/a.py",
        "from importlib import import_module\nimport_module('rtpcodec.stream.wire')",
        "rtp must not import stream",
    ),
    ("rtp/a.py", "__import__('rtpcodec.cli.app')", "rtp must not import cli"),
    ("stream/wire/a.py", "from ...server import call", "stream must not import server"),
    ("stream/a.py", "from ..client.checks import Findings", "stream must not import client"),
    ("stream/a.py", "from .. import errors", "stream must not import the package's face"),
    ("errors.py", "from rtpcodec.kernels import g711", "errors must not import kernels"),
    ("client/a.py", "import rtpcodec.sim.http", "client must not import sim"),
    ("server/a.py", "from rtpcodec.client import CallControl", "server must not import client"),
    ("sim/a.py", "from rtpcodec.server.endpoint import Endpoint", "sim must not import server"),
    ("server/a.py", "import rtpcodec", "server must not import the package's face"),
    ("stream/a.py", "from rtpcodec import codec", "stream must not import the package's face"),
    ("audio/a.pyi", "from rtpcodec.codecs import CodecInfo", "audio must not import codecs"),
    ("kernels/a.pyx", "from rtpcodec.audio.frames cimport Framer", "kernels must not import audio"),
    ("kernels/a.pyx", "cimport cython, rtpcodec.audio.frames", "kernels must not import audio"),
    ("kernels/a.pyx", "def f():\n    import rtpcodec.codecs as c\n", "kernels must not import codecs"),
    ("kernels/a.pyx", "from rtpcodec.stream.wire import (\n    parse, build,\n)", "kernels must not import stream"),
    ("kernels/a.pyx", "from rtpcodec.stream.wire \\\n    import parse", "kernels must not import stream"),
    ("kernels/a.pyx", "if True: from rtpcodec.rtp import x", "kernels must not import rtp"),
    ("kernels/a.pyx", "x = 1; import rtpcodec.cli.app", "kernels must not import cli"),
    ("kernels/a.pxd", "from ..audio.frames cimport Framer", "kernels must not import audio"),
    ("kernels/a.pxd", "from rtpcodec cimport kernels", "kernels must not import the package's face"),
    ("carriers/telnyx.py", "from rtpcodec.errors import PlanError", "carriers must not import errors"),
    ("stream/a.py", "from rtpcodec.pump import loop", "stream must not import pump"),
    ("pump/a.py", "from rtpcodec.server import call", "pump must not import server"),
    ("server/a.py", "from rtpcodec.adapters import fastapi", "server must not import adapters"),
    ("adapters/a.py", "from rtpcodec.testing import scenarios", "adapters must not import testing"),
    ("testing/a.py", "from rtpcodec.cli import app", "testing must not import cli"),
    ("adapters/a.py", "import rtpcodec", "adapters must not import the package's face"),
    ("cli/a.py", "from rtpcodec.__main__ import main", "cli must not import __main__"),
]


@pytest.mark.parametrize(("name", "text", "sentence"), BAD)
def test_wrong_edges_are_found(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (found,) = verdict(tmp_path, name, text)
    assert found.startswith(f"rtpcodec/{name}:")
    assert found.endswith(sentence)


def test_line_and_module_are_named(tmp_path: Path) -> None:
    text = '"""Doc.\n\nimport rtpcodec.cli\n"""\nimport os\n\nfrom rtpcodec.stream.wire import parse\n'
    sentence = "imports rtpcodec.stream.wire, kernels must not import stream"
    for suffix in ("py", "pyx"):
        found = verdict(tmp_path, f"kernels/a.{suffix}", text)
        assert found[-1] == f"rtpcodec/kernels/a.{suffix}:7 {sentence}"


GOOD = [
    ("__init__.py", "from rtpcodec.server import run\nimport rtpcodec.cli.app"),
    (
        "kernels/a.pyx",
        "cimport cython\nfrom libc.stdint cimport int16_t\nfrom rtpcodec.kernels._buffers cimport take_pcm",
    ),
    ("kernels/a.pyx", '"""\nfrom rtpcodec.cli import app\n"""\n# import rtpcodec.sim\nx = "import rtpcodec.cli"'),
    ("kernels/a.pyx", 'cdef extern from "rtpcodec.h":\n    int x\nfor i from 0 <= i < 3:\n    pass\n'),
    ("stream/wire/a.py", "from . import rules\nfrom .. import messages\nfrom rtpcodec.errors import PlanError"),
    (
        "stream/a.py",
        "import rtpcodec.rtp.reorder, rtpcodec.kernels.g711\nfrom rtpcodec_other import x\nimport rtpcodecs",
    ),
    (
        "cli/a.py",
        "import rtpcodec\nfrom rtpcodec import codec\nfrom rtpcodec.sim import Carrier\nimport rtpcodec.server",
    ),
    ("sim/a.py", "from rtpcodec.stream.wire import build\nimport aiohttp"),
    ("pump/a.py", "from rtpcodec.stream import machine\nfrom rtpcodec.carriers import telnyx"),
    ("server/a.py", "from rtpcodec.pump import loop\nfrom rtpcodec.carriers import telnyx"),
    ("testing/a.py", "from rtpcodec.sim import Carrier"),
    ("adapters/a.py", "from rtpcodec.pump import loop"),
    ("__main__.py", "from rtpcodec.cli.app import main"),
]


@pytest.mark.parametrize(("name", "text"), GOOD)
def test_right_edges_are_left_alone(tmp_path: Path, name: str, text: str) -> None:
    assert verdict(tmp_path, name, text) == []


def test_files_outside_the_packages_are_named(tmp_path: Path) -> None:
    assert verdict(tmp_path, "helpers.py", "") == ["rtpcodec/helpers.py is not in a known package"]
    assert verdict(tmp_path, "utils/a.pyx", "")[-1] == "rtpcodec/utils/a.pyx is not in a known package"


@pytest.mark.parametrize(
    ("name", "text", "module"),
    [
        ("stream/a.py", "from . import plan", "rtpcodec.stream"),
        ("stream/wire/a.py", "if TYPE_CHECKING:\n    from ..plan import StreamPlan", "rtpcodec.stream.plan"),
        ("rtp/a.pyi", "def f():\n    from .packet import x", "rtpcodec.rtp.packet"),
        ("kernels/a.pyx", "from ._buffers cimport take_pcm", "rtpcodec.kernels._buffers"),
        ("kernels/a.pxd", "from . cimport g711", "rtpcodec.kernels"),
    ],
)
def test_relative_imports_are_found(tmp_path: Path, name: str, text: str, module: str) -> None:
    assert verdict(tmp_path, name, text) == []
    line = 1 + text.count("\n")
    assert imports.relative_imports(tmp_path) == [f"rtpcodec/{name}:{line} imports {module} by a relative name"]


NAMES = """\
from rtpcodec.stream import (
    events as e,
    plan,
)
from rtpcodec.rtp \\
    import packet
import os
"""


@pytest.mark.parametrize("find", [imports.python_imports, imports.cython_imports])
def test_names_and_lines_are_read(find: Callable[[str, tuple[str, ...]], Iterator[imports.Import]]) -> None:
    assert set(find(NAMES, ())) == {
        imports.Import("rtpcodec.stream", 1, ("events", "plan")),
        imports.Import("rtpcodec.rtp", 5, ("packet",)),
        imports.Import("os", 7),
    }
