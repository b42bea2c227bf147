"""Imports point one way through the rooms, in every kind of file; and the checker finds those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import layers

ROOT = Path(__file__).parents[2] / "src"


def test_imports_point_one_way() -> None:
    assert layers.wrong_imports(ROOT) == []


def test_every_kind_of_file_is_read() -> None:
    seen = {path.suffix for path in (ROOT / "rtpcodec").rglob("*") if path.suffix in layers.SUFFIXES}
    assert seen == set(layers.SUFFIXES)
    rooms = {layers.room_of_file(path, ROOT) for path in (ROOT / "rtpcodec").rglob("*.py")}
    assert rooms == {*layers.LEVEL_OF, layers.FACE}


def test_the_package_really_imports_across_rooms() -> None:
    """The checker would be of no use if it found nothing."""
    found = {
        (layers.room_of_file(path, ROOT), layers.room_of(one.module))
        for suffix in layers.SUFFIXES
        for path in (ROOT / "rtpcodec").rglob(f"*{suffix}")
        for one in layers.imports_of(path, ROOT)
    }
    assert {("stream", "rtp"), ("codecs", "kernels"), ("audio", "kernels"), ("server", "stream")} <= found


def verdict(tmp_path: Path, name: str, text: str) -> list[str]:
    path = tmp_path / "rtpcodec" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return layers.wrong_imports(tmp_path)


BAD = [
    ("kernels/a.py", "import rtpcodec.codecs", "kernels may not import codecs"),
    ("kernels/a.py", "import os, rtpcodec.audio.frames as frames", "kernels may not import audio"),
    ("codecs/a.py", "def load():\n    from rtpcodec.rtp.reorder import Lost\n", "codecs may not import rtp"),
    ("codecs/a.py", "if TYPE_CHECKING:\n    from rtpcodec.stream import plan\n", "codecs may not import stream"),
    (
        "rtp/a.py",
        "from importlib import import_module\nimport_module('rtpcodec.stream.wire')",
        "rtp may not import stream",
    ),
    ("rtp/a.py", "__import__('rtpcodec.cli.app')", "rtp may not import cli"),
    ("stream/wire/a.py", "from ...server import call", "stream may not import server"),
    ("stream/a.py", "from ..client.checks import Findings", "stream may not import client"),
    ("stream/a.py", "from .. import errors", "stream may not import the package's face"),
    ("errors.py", "from rtpcodec.kernels import g711", "errors may not import kernels"),
    ("client/a.py", "import rtpcodec.sim.http", "client may not import sim"),
    ("server/a.py", "from rtpcodec.client import CallControl", "server may not import client"),
    ("sim/a.py", "from rtpcodec.server.endpoint import Endpoint", "sim may not import server"),
    ("server/a.py", "import rtpcodec", "server may not import the package's face"),
    ("stream/a.py", "from rtpcodec import codec", "stream may not import the package's face"),
    ("audio/a.pyi", "from rtpcodec.codecs import CodecInfo", "audio may not import codecs"),
    ("kernels/a.pyx", "from rtpcodec.audio.frames cimport Framer", "kernels may not import audio"),
    ("kernels/a.pyx", "cimport cython, rtpcodec.audio.frames", "kernels may not import audio"),
    ("kernels/a.pyx", "def f():\n    import rtpcodec.codecs as c\n", "kernels may not import codecs"),
    ("kernels/a.pyx", "from rtpcodec.stream.wire import (\n    parse, build,\n)", "kernels may not import stream"),
    ("kernels/a.pyx", "from rtpcodec.stream.wire \\\n    import parse", "kernels may not import stream"),
    ("kernels/a.pyx", "if True: from rtpcodec.rtp import x", "kernels may not import rtp"),
    ("kernels/a.pyx", "x = 1; import rtpcodec.cli.app", "kernels may not import cli"),
    ("kernels/a.pxd", "from ..audio.frames cimport Framer", "kernels may not import audio"),
    ("kernels/a.pxd", "from rtpcodec cimport kernels", "kernels may not import the package's face"),
]


@pytest.mark.parametrize(("name", "text", "sentence"), BAD)
def test_wrong_edges_are_found(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    (found,) = verdict(tmp_path, name, text)
    assert found.startswith(f"rtpcodec/{name}:")
    assert found.endswith(sentence)


def test_line_and_module_are_named(tmp_path: Path) -> None:
    text = '"""Doc.\n\nimport rtpcodec.cli\n"""\nimport os\n\nfrom rtpcodec.stream.wire import parse\n'
    sentence = "imports rtpcodec.stream.wire, kernels may not import stream"
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
]


@pytest.mark.parametrize(("name", "text"), GOOD)
def test_right_edges_are_left_alone(tmp_path: Path, name: str, text: str) -> None:
    assert verdict(tmp_path, name, text) == []


def test_files_outside_the_rooms_are_told(tmp_path: Path) -> None:
    assert verdict(tmp_path, "helpers.py", "") == ["rtpcodec/helpers.py is in no room that the house knows"]
    assert verdict(tmp_path, "utils/a.pyx", "")[-1] == "rtpcodec/utils/a.pyx is in no room that the house knows"
