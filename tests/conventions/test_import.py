"""What importing costs: nothing optional, nothing large, counted in modules of a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rtpcodec

ROOT = Path(__file__).parents[2]
NOT_AT_IMPORT = {
    "numpy",
    "msgspec",
    "soundfile",
    "httpx",
    "httpx2",
    "cryptography",
    "picows",
    "uvloop",
    "aiohttp",
    "typer",
    "rich",
    "matplotlib",
    "prometheus_client",
}
NOT_AT_IMPORT |= {"asyncio", "dataclasses", "inspect", "logging", "json", "subprocess", "socket", "ssl"}
OPTIONAL = NOT_AT_IMPORT - {
    "msgspec",
    "asyncio",
    "dataclasses",
    "inspect",
    "logging",
    "json",
    "subprocess",
    "socket",
    "ssl",
}


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh process loads for these lines, beyond those of a bare interpreter."""
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nloaded = sorted(set(sys.modules) - before)\n"
    script += "import json\nprint(json.dumps(loaded))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(done.stdout))


def top_level(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_import_loads_one_module_of_ours_and_a_few_of_pythons() -> None:
    loaded = loaded_by("import rtpcodec")
    assert {module for module in loaded if module.startswith("rtpcodec")} == {"rtpcodec"}
    assert not NOT_AT_IMPORT & top_level(loaded)
    # Python 3.11 needs 30, for importlib and typing.
    assert len(loaded) <= 45


@pytest.mark.parametrize(
    ("use", "also_not"),
    [
        ("rtpcodec.pcmu_encode(bytes(320))", {"msgspec", "asyncio", "dataclasses"}),
        ("rtpcodec.codec('L16').encoder(byte_order='big').encode(bytes(640))", {"msgspec", "asyncio"}),
        ("rtpcodec.Resampler(8000, 16000).resample(bytes(320))", {"msgspec", "asyncio"}),
        ("rtpcodec.MediaSession(rtpcodec.StreamPlan()).play(bytes(320))", {"asyncio"}),
        ("rtpcodec.events.Stopped('stop'), rtpcodec.errors.QueueFull", {"asyncio"}),
        ("rtpcodec.CallControl, rtpcodec.AsyncCallControl", set()),
        ("rtpcodec.serve, rtpcodec.run, rtpcodec.Call", set()),
        ("rtpcodec.sim.Carrier", set()),
    ],
)
def test_no_name_of_the_face_loads_an_optional_package(use: str, also_not: set[str]) -> None:
    loaded = top_level(loaded_by(f"import rtpcodec\n{use}"))
    assert not (OPTIONAL | also_not) & loaded


def test_optional_packages_of_the_project_are_the_ones_looked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {"mp3", "client", "server", "sim", "cli"}
    named = {
        requirement.partition(">")[0].partition("[")[0].strip()
        for extra, requirements in project["optional-dependencies"].items()
        if extra in wanted
        for requirement in requirements
    }
    assert named <= OPTIONAL


def test_dir_is_the_public_face() -> None:
    assert dir(rtpcodec) == sorted(rtpcodec.__all__)
    assert {"MediaSession", "StreamPlan", "codec", "pcmu_encode", "serve", "sim", "errors", "__version__"} <= set(
        dir(rtpcodec)
    )


def test_every_public_name_loads_once_and_for_all() -> None:
    for name in rtpcodec.__all__:
        value = getattr(rtpcodec, name)
        assert getattr(rtpcodec, name) is value
        assert name in vars(rtpcodec)


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match=r"^module 'rtpcodec' has no attribute 'g723_encode'$"):
        _ = rtpcodec.g723_encode
    assert not hasattr(rtpcodec, "_private")


def test_star_import_gives_the_face() -> None:
    found: dict[str, object] = {}
    exec("from rtpcodec import *", found)
    assert set(rtpcodec.__all__) <= set(found)
