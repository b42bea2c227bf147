"""`rtpcodec codecs`: every codec in a row, every library with its place or with what to install."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rtpcodec.cli.app import main
from rtpcodec.codecs import codec, codec_names
from rtpcodec.codecs.libraries import VARIABLE


def _rows(text: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(text)}


def test_json_has_the_facts_of_each_codec(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codecs", "--json"]) == 0
    rows = _rows(capsys.readouterr().out)
    assert list(rows) == [*codec_names(), "MP3"]
    for name in codec_names():
        info = codec(name)
        row = rows[name]
        assert row["kind"] == info.kind
        assert tuple(row["sample_rates_hz"]) == info.sample_rates_hz
        assert row["rtp_clocks_hz"] == [info.rtp_clock_hz(rate_hz) for rate_hz in info.sample_rates_hz]
        assert row["payload_type"] == info.payload_type
        assert [library["name"] for library in row["libraries"]] == [library.name for library in info.libraries]
    assert rows["G722"]["rtp_clocks_hz"] == [8000]
    assert rows["MP3"]["rtp_clocks_hz"] == []


def test_each_library_has_a_place_or_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codecs", "--json"]) == 0
    for row in _rows(capsys.readouterr().out).values():
        assert row["works"] == all(library["error"] is None for library in row["libraries"])
        for library in row["libraries"]:
            assert (library["path"] is None) != (library["error"] is None)
            assert (library["version"] is None) == (library["path"] is None)
            assert library["path"] is None or Path(library["path"]).is_file()


def test_the_table_is_followed_by_the_places(capsys: pytest.CaptureFixture[str]) -> None:
    import soundfile

    assert main(["codecs"]) == 0
    out = capsys.readouterr().out
    assert "soundfile " + soundfile.__version__ in out.split("└")[0]
    assert f"soundfile {soundfile.__version__}: {soundfile.__file__}\n" in out
    assert all(name in out for name in codec_names())
    assert "the rate" in out  # L16's clock


def test_a_broken_library_turns_its_codec_off_and_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "libopus.so.0").write_bytes(b"no ELF")
    command = [sys.executable, "-m", "rtpcodec.cli.app", "codecs"]
    environment = os.environ | {VARIABLE: str(tmp_path)}
    shown = subprocess.run(
        [*command, "--json"], check=True, capture_output=True, text=True, env=environment, timeout=60
    )
    rows = _rows(shown.stdout)
    assert not rows["OPUS"]["works"]
    assert rows["PCMU"]["works"]
    (library,) = rows["OPUS"]["libraries"]
    assert library["error"].startswith(f"OPUS needs libopus: {tmp_path / 'libopus.so.0'}: ")
    assert "apt install libopus0" in library["error"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=60)
    assert "libopus MISSING" in shown.stdout
    assert library["error"] in shown.stdout.splitlines()


@pytest.mark.parametrize("fault", ["ImportError('no soundfile')", "OSError('no libsndfile')"])
def test_without_soundfile_mp3_names_its_extra(fault: str, tmp_path: Path) -> None:
    (tmp_path / "soundfile.py").write_text(f"raise {fault}\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "rtpcodec.cli.app", "codecs", "--json"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=60)
    mp3 = _rows(shown.stdout)["MP3"]
    assert not mp3["works"]
    assert mp3["libraries"][0]["error"] == "MP3 needs soundfile: pip install 'rtpcodec[mp3]'"
