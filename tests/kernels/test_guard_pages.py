"""No kernel reads or writes outside its buffers, for lengths 0 to 300, every alignment and both forms."""

import os
import subprocess
import sys

import pytest

from tests.isolated.guard_pages import NAMES
from tests.isolated.kernel_calls import functions
from tests.oracles.guarded import GuardedMemory


def run(*command: str, form: str | None = None) -> subprocess.CompletedProcess[str]:
    """A process of its own with a form of the kernels; None: the one that suits the processor."""
    environment = {name: value for name, value in os.environ.items() if name != "RTPCODEC_SIMD"}
    if form:
        environment["RTPCODEC_SIMD"] = form
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, env=environment)


@pytest.mark.parametrize("form", [None, "portable"])
def test_nothing_outside_the_buffers_is_touched(form: str | None) -> None:
    done = run("-m", "tests.isolated.guard_pages", form=form)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("calls within their buffers\n")


def test_all_between_the_guards_may_be_used() -> None:
    memory = GuardedMemory()
    memory.fill(7)
    assert memory.at_start(memory.octets) == memory.at_end(memory.octets) == bytes([7]) * memory.octets


@pytest.mark.parametrize("place", ["PAGE - 1", "PAGE + memory.octets"])
def test_one_octet_too_far_ends_the_process(place: str) -> None:
    done = run("-c", f"from tests.oracles.guarded import *; memory = GuardedMemory(); memory._map[{place}]")
    assert done.returncode < 0 or "AddressSanitizer" in done.stderr, done.stdout + done.stderr


def test_every_g711_function_is_tried() -> None:
    found = {name.rpartition(".")[2] for name in functions() if name.startswith("rtpcodec.kernels.g711.")}
    assert {name for name in found if f"{name}_into" in found} == set(NAMES)
