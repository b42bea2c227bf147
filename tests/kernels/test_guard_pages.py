"""No kernel reads or writes outside its buffers, for lengths 0 to 300, every alignment and every level."""

import pytest

from rtpcodec.kernels._simd import available_levels
from tests.isolated.guard_pages import NAMES, TWINS
from tests.isolated.kernel_calls import functions
from tests.kernels.levels import run
from tests.oracles.guarded import GuardedMemory


@pytest.mark.parametrize("level", available_levels())
@pytest.mark.parametrize(
    "places",
    [pytest.param((), id="all places", marks=pytest.mark.long), pytest.param(("6",), id="six places per length")],
)
def test_nothing_outside_the_buffers_is_touched(places: tuple[str, ...], level: str) -> None:
    done = run("-m", "tests.isolated.guard_pages", *places, level=level)
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
    found = {name.rpartition(".")[2] for name in functions() if name.startswith("rtpcodec.kernels.g711")}
    assert {name for name in found if f"{name}_into" in found} == set(NAMES)
    twins = {name.rpartition(".")[2] for name in functions() if name.startswith("rtpcodec.compat.audioop")}
    assert twins == set(TWINS)
