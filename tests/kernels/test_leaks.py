"""Kernels do not leak, and the check for leaks detects one."""

import os
import subprocess
import sys

import pytest

from tests.isolated.kernel_calls import SHAPES, Call, functions
from tests.isolated.leaks import check, groups

pytestmark = pytest.mark.skipif(
    os.environ.get("PYTHONMALLOC", "") != "", reason="leaks are counted with Python's own allocator"
)


def test_every_kernel_function_has_calls() -> None:
    missing = {name for name in functions() if name.rpartition(".")[2].removesuffix("_into") not in SHAPES}
    assert not missing, "these need a line in SHAPES of tests/isolated/kernel_calls.py"


def search(calls: int, *names: str) -> None:
    command = [sys.executable, "-m", "tests.isolated.leaks", str(calls), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no leak" in done.stdout


def test_no_leak_in_a_thousand_calls_of_each_kind() -> None:
    search(100_000)


@pytest.mark.long
@pytest.mark.parametrize("group", groups())
def test_no_leak_in_a_million_calls(group: str) -> None:
    search(1_000_000, group)


def test_a_leaked_argument_is_found() -> None:
    kept: list[object] = []
    assert "references [10" in str(check(Call("keep", kept.append, (bytearray(3),)), 1000))


def test_a_leaked_object_is_found() -> None:
    kept: list[object] = []
    found = check(Call("keep", lambda: kept.append(object()), ()), 1000)
    assert found is not None
    assert "references []" in found


def test_a_missing_error_is_found() -> None:
    with pytest.raises(AssertionError, match="gives no ValueError"):
        check(Call("len", len, (b"",), ValueError), 1)
