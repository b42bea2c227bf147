"""The check of a wheel's ELF headers finds each fault, on libraries that the compiler makes with it."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from scripts import check_hardening

SOURCE = "int counted; int count(void) { return ++counted; }"
GOOD = ("-s", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack")
MODULE = PurePosixPath("rtpcodec/kernels/one.so")
LIBRARY = PurePosixPath("rtpcodec/_libs/libone.so.0")


def built(folder: Path, *options: str) -> bytes:
    """A shared object of one function."""
    target = folder / "one.so"
    command = [os.environ.get("CC", "gcc"), "-shared", "-fPIC", "-x", "c", "-", "-o", str(target), *options]
    subprocess.run(command, input=SOURCE, text=True, check=True, capture_output=True)
    return target.read_bytes()


@pytest.mark.parametrize(
    ("options", "name", "expected"),
    [
        (GOOD, MODULE, []),
        ((*GOOD, "-Wl,-z,norelro"), MODULE, ["has no RELRO segment"]),
        (("-s", "-Wl,-z,relro,-z,lazy"), MODULE, ["is not bound at once (-z now)"]),
        (("-s", "-Wl,-z,relro,-z,lazy"), LIBRARY, []),
        ((*GOOD, "-Wl,-z,execstack"), MODULE, ["has an executable stack"]),
        (GOOD[1:], MODULE, ["has a symbol table, strip it"]),
        ((*GOOD, "-Wl,-rpath,$ORIGIN/../_libs"), MODULE, []),
        ((*GOOD, "-Wl,-rpath,/opt/lib"), MODULE, ["has the run path /opt/lib, which leads out of the wheel"]),
        (
            (*GOOD, "-Wl,-rpath,$ORIGIN/../../.."),
            MODULE,
            ["has the run path $ORIGIN/../../.., which leads out of the wheel"],
        ),
    ],
)
def test_each_fault_is_found(
    options: tuple[str, ...], name: PurePosixPath, expected: list[str], tmp_path: Path
) -> None:
    assert check_hardening.faults(name, built(tmp_path, *options)) == expected


def test_a_wheel_of_modules_without_protected_functions_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "one.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(str(MODULE), built(tmp_path, *GOOD))
    with pytest.raises(SystemExit, match=r"no module calls __stack_chk_fail\n.*no module calls _chk$"):
        check_hardening.main([str(wheel)])
