"""The search for shared libraries: real copies in separate folders, each search in its own process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec.codecs import CodecInfo
from rtpcodec.codecs.libraries import AMRWB_DECODER, OPUS, VARIABLE, CodecLibrary
from rtpcodec.errors import MissingLibrary, RtpcodecError

ASK = """
import json, sys
from pathlib import Path
from rtpcodec.codecs import libraries
library, bundled = getattr(libraries, sys.argv[1]), sys.argv[2]
if bundled:
    libraries.BUNDLED = Path(bundled)
status = library.status()
print(json.dumps([status.path, status.error, status.version]))
"""


def found(
    library: str, named: str = "", bundled: Path | None = None, package_in: Path | None = None
) -> tuple[str | None, str | None, str | None]:
    """Return path, error and version of a library in a new process."""
    environment = os.environ | {VARIABLE: named, "PYTHONPATH": str(package_in or "")}
    done = subprocess.run(
        [sys.executable, "-c", ASK, library, str(bundled or "")],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    path, error, version = json.loads(done.stdout)
    return path, error, version


@pytest.fixture
def copy_to(tmp_path: Path, usable_codec: Callable[[str], CodecInfo]) -> Callable[[CodecLibrary, str], Path]:
    """Copy a library into a folder; return the path of the copy."""

    def copy(library: CodecLibrary, folder: str) -> Path:
        usable_codec(library.codec)
        target = tmp_path / folder
        target.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(library.open().path, target / library.file_names[0]))

    return copy


def test_folders_come_in_their_order_and_the_system_last(
    copy_to: Callable[[CodecLibrary, str], Path], tmp_path: Path
) -> None:
    system = found("AMRWB_DECODER", bundled=tmp_path)
    in_package = copy_to(AMRWB_DECODER, "site/rtpcodec_amrwb/_libs")
    (in_package.parents[1] / "__init__.py").write_text("")
    bundled = copy_to(AMRWB_DECODER, "bundled")
    second = copy_to(AMRWB_DECODER, "second")
    first = copy_to(AMRWB_DECODER, "first")
    both = os.pathsep.join(map(str, (tmp_path / "nowhere", first.parent, second.parent)))
    everything: dict[str, Any] = {"named": both, "bundled": bundled.parent, "package_in": tmp_path / "site"}
    for expected in (first, second, bundled, in_package):
        assert found("AMRWB_DECODER", **everything)[0] == str(expected)
        expected.unlink()
    assert found("AMRWB_DECODER", **everything) == system
    assert system[0] is not None


def test_a_relative_folder_is_one_of_the_working_directory(
    copy_to: Callable[[CodecLibrary, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = copy_to(OPUS, "here")
    monkeypatch.chdir(tmp_path)
    assert found("OPUS", named=f"{os.pathsep}here")[0] == str(copied)


def test_opus_has_no_data_package(copy_to: Callable[[CodecLibrary, str], Path], tmp_path: Path) -> None:
    copied = copy_to(OPUS, "site/rtpcodec_amrwb/_libs")
    (copied.parents[1] / "__init__.py").write_text("")
    assert found("OPUS", package_in=tmp_path / "site")[0] != str(copied)


@pytest.mark.parametrize("content", [b"no library", b""])
def test_a_broken_file_is_reported_and_not_skipped(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / OPUS.file_names[0]
    broken.write_bytes(content)
    path, error, version = found("OPUS", named=str(tmp_path))
    assert (path, version) == (None, None)
    assert error is not None
    assert error.startswith(f"OPUS needs libopus: {broken}: ")
    assert error.endswith("; apt install libopus0 (Debian, Ubuntu), or name its folder in RTPCODEC_LIBRARY_PATH")


def test_a_file_of_another_library_is_reported(copy_to: Callable[[CodecLibrary, str], Path]) -> None:
    other = copy_to(AMRWB_DECODER, "other")
    renamed = other.rename(other.with_name(OPUS.file_names[0]))
    _, error, _ = found("OPUS", named=str(renamed.parent))
    assert error is not None
    assert f"OPUS needs libopus: {renamed} has no opus_decode; " in error


def test_an_unreadable_folder_is_skipped(copy_to: Callable[[CodecLibrary, str], Path], tmp_path: Path) -> None:
    """A name that is too long fails like a folder without permission, for root too."""
    copied = copy_to(OPUS, "here")
    assert found("OPUS", named=os.pathsep.join([str(tmp_path / ("a" * 300)), str(copied.parent)]))[0] == str(copied)


ABSENT = CodecLibrary(
    codec="NONE-SUCH",
    name="libnone-such",
    major=7,
    debian_package="libnone-such7",
    probe_function="f",
    data_package="none_such",
)


def test_error_of_a_missing_library_names_the_remedy() -> None:
    with pytest.raises(MissingLibrary) as caught:
        ABSENT.open()
    error = caught.value
    assert isinstance(error, ImportError)
    assert isinstance(error, RtpcodecError)
    assert (error.codec, error.library, error.variable, error.name) == (
        "NONE-SUCH",
        "libnone-such",
        "RTPCODEC_LIBRARY_PATH",
        "libnone-such",
    )
    assert error.package == "apt install libnone-such7 (Debian, Ubuntu), or pip install none-such"
    assert str(error).startswith("NONE-SUCH needs libnone-such: libnone-such.so.7: cannot open shared object file")
    assert str(error).endswith(f"; {error.package}, or name its folder in RTPCODEC_LIBRARY_PATH")
    status = ABSENT.status()
    assert (status.name, status.version, status.path, status.error) == ("libnone-such", None, None, str(error))


ALL_BUT_ONE = """
import sys
from rtpcodec import codec, codec_names
from rtpcodec.errors import MissingLibrary
missing = []
for name in codec_names():
    info = codec(name)
    options = {"byte_order": "little"} if name == "L16" else {}
    for make in (info.encoder, info.decoder):
        for _ in range(2):
            try:
                make(**options)
            except MissingLibrary as error:
                missing.append(f"{error.codec} {error.library}")
print(sorted(set(missing)))
"""


@pytest.mark.parametrize(
    ("library", "told"),
    [
        ("libopus.so.0", "['OPUS libopus']"),
        ("libopencore-amrwb.so.0", "['AMR-WB libopencore-amrwb']"),
        ("libvo-amrwbenc.so.0", "['AMR-WB libvo-amrwbenc']"),
    ],
)
def test_a_missing_library_disables_only_its_codec(
    library: str, told: str, tmp_path: Path, opus: CodecInfo, amrwb: CodecInfo
) -> None:
    """A file that is not a library represents a missing one, because the system's cannot be removed."""
    assert {opus.kind, amrwb.kind} == {"frame"}
    (tmp_path / library).write_bytes(b"")
    environment = os.environ | {VARIABLE: str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ALL_BUT_ONE], check=True, capture_output=True, text=True, env=environment
    )
    assert done.stdout.strip() == told


LOADED = """
from pathlib import Path
import rtpcodec
for name in rtpcodec.codec_names():
    rtpcodec.codec(name).sample_rate_hz()
loaded = Path("/proc/self/maps").read_text()
print([name for name in ("libopus", "libopencore", "libvo-") if name in loaded])
rtpcodec.codec("OPUS").encoder()
print("libopus" in Path("/proc/self/maps").read_text())
"""


def test_nothing_is_opened_before_it_is_needed(opus: CodecInfo) -> None:
    assert opus.libraries == (OPUS,)
    done = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True)
    assert done.stdout.split("\n") == ["[]", "True", ""]


def test_versions_are_reported(opus: CodecInfo, amrwb: CodecInfo) -> None:
    (status,) = (library.status() for library in opus.libraries)
    assert status.version is not None
    assert status.version[0].isdigit()
    assert status.path is not None
    assert Path(status.path).is_absolute()
    for status in (library.status() for library in amrwb.libraries):
        assert (status.error, (status.version or "")[:1]) == (None, "0")
    assert rtpcodec.codec("OPUS") is opus
