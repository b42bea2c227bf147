"""The filter banks: exact as defined, symmetric about the delay, and safe in sums of 32 bits."""

import hashlib

import numpy as np
import pytest

from rtpcodec.kernels.resample import RATES_HZ, coefficients
from tests.kernels.levels import run
from tests.oracles import resample as oracle

PAIRS = [(from_hz, to_hz) for from_hz in RATES_HZ for to_hz in RATES_HZ if from_hz != to_hz]


def whole_filter(from_hz: int, to_hz: int) -> list[int]:
    """Return the phases interleaved, without the zeros that pad the last tick."""
    taps = [tap for taps in zip(*coefficients(from_hz, to_hz), strict=True) for tap in taps]
    length = 2 * oracle.centre_tick(from_hz, to_hz) + 1
    assert not any(taps[length:])
    return taps[:length]


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_bank_is_the_defined_filter(from_hz: int, to_hz: int) -> None:
    assert tuple(whole_filter(from_hz, to_hz)) == oracle.integer_filter(from_hz, to_hz)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_phase_has_the_taps_of_its_filter_filled_up_to_whole_steps(from_hz: int, to_hz: int) -> None:
    phases = coefficients(from_hz, to_hz)
    assert [len(phase) for phase in phases] == [oracle.phase_taps(from_hz, to_hz)] * oracle.ratio(from_hz, to_hz)[0]
    assert len(phases[0]) <= 192


@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in PAIRS if {*pair} <= {8000, 16000, 24000, 48000}])
def test_a_phase_spans_4_ms(from_hz: int, to_hz: int) -> None:
    assert {len(phase) for phase in coefficients(from_hz, to_hz)} == {from_hz // 250}


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_filter_is_symmetric_about_its_delay(from_hz: int, to_hz: int) -> None:
    taps = whole_filter(from_hz, to_hz)
    assert taps == taps[::-1]
    # Phases are rounded separately, so a neighbour in its own phase may end one unit higher.
    assert max(taps) - taps[oracle.centre_tick(from_hz, to_hz)] <= (0 if oracle.ratio(from_hz, to_hz)[0] <= 6 else 1)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_every_phase_has_gain_one_and_lanes_that_fit_32_bits(from_hz: int, to_hz: int) -> None:
    phases = np.array(coefficients(from_hz, to_hz))
    unit = oracle.one(from_hz, to_hz)
    assert set(phases.sum(axis=1).tolist()) == {unit}
    assert np.abs(phases).max() <= 32767
    # The AVX2 form adds pairs of taps 16 apart in 32 bits, the portable form all taps times an octet of the sample.
    pairs = np.abs(phases[:, ::-1]).reshape(len(phases), -1, 8, 2).sum(axis=(1, 3))
    assert pairs.max() <= 65535
    assert np.abs(phases).sum(axis=1).max() * 255 < 2**31


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_the_scale_is_the_finest_that_fits_and_rising_rates_need_no_parts(from_hz: int, to_hz: int) -> None:
    phases = np.array(coefficients(from_hz, to_hz))
    if from_hz < to_hz:
        assert oracle.one(from_hz, to_hz) == 16384
        assert np.abs(phases).sum(axis=1).max() * 32768 + 8192 < 2**31
    else:
        assert oracle.one(from_hz, to_hz) in (1 << 15, 1 << 16)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(low, high) for low, high in PAIRS if high % low == 0 and high // low in (2, 3, 4, 6)]
)
def test_the_centre_phase_of_a_multiple_is_one_tap(from_hz: int, to_hz: int) -> None:
    delay = oracle.delay_samples(from_hz, to_hz)
    up = to_hz // from_hz
    expected = [0] * oracle.phase_taps(from_hz, to_hz)
    expected[delay // up] = 16384
    assert coefficients(from_hz, to_hz)[delay % up] == tuple(expected)


def test_equal_rates_have_one_tap() -> None:
    assert [coefficients(rate_hz, rate_hz) for rate_hz in RATES_HZ] == [((16384,),)] * 9


def test_banks_are_the_same_on_every_machine() -> None:
    banks = repr([coefficients(from_hz, to_hz) for from_hz, to_hz in PAIRS])
    assert hashlib.sha256(banks.encode()).hexdigest()[:16] == "636990b992d100f6"


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_no_tap_is_so_near_to_a_half_that_another_sine_function_rounds_it_otherwise(from_hz: int, to_hz: int) -> None:
    exact = oracle.exact_filter(from_hz, to_hz) * oracle.one(from_hz, to_hz)
    assert np.abs(exact % 1 - 0.5).min() > 1e-9


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_no_two_taps_contend_so_closely_for_the_rest_that_another_sine_function_chooses_otherwise(
    from_hz: int, to_hz: int
) -> None:
    up, centre = oracle.ratio(from_hz, to_hz)[0], oracle.centre_tick(from_hz, to_hz)
    exact = oracle.exact_filter(from_hz, to_hz) * oracle.one(from_hz, to_hz)
    moved = np.array(oracle.integer_filter(from_hz, to_hz)) - np.rint(exact)
    for phase in range(up):
        own_mirror = phase == (2 * centre - phase) % up
        free = slice(phase, centre if own_mirror else None, up)
        sign = np.sign(moved[free].sum())
        errors = sign * (exact - np.rint(exact))[free]
        if chosen := errors[moved[free] != 0].tolist():
            assert min(chosen) - errors[moved[free] == 0].max() > 1e-9


def test_other_rates_are_refused() -> None:
    allowed = "allowed are 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100 and 48000"
    with pytest.raises(ValueError, match=rf"^from_hz is 44000, {allowed}$"):
        coefficients(44000, 8000)
    with pytest.raises(ValueError, match=rf"^to_hz is 0, {allowed}$"):
        coefficients(8000, 0)


THREADS = """
import threading
from rtpcodec.kernels.resample import RATES_HZ, coefficients
pairs = [(from_hz, to_hz) for from_hz in RATES_HZ for to_hz in RATES_HZ]
barrier = threading.Barrier(8)
found = []
def ask():
    barrier.wait()
    found.append([coefficients(*pair) for pair in pairs])
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert found == [found[0]] * 8
assert found[0] == [coefficients(*pair) for pair in pairs]
print("shared")
"""


def test_threads_at_the_first_use_get_the_same_bank() -> None:
    done = run("-c", THREADS)
    assert (done.stdout, done.stderr) == ("shared\n", "")


def test_a_bank_is_not_designed_at_import() -> None:
    code = """
import tracemalloc
tracemalloc.start()
from rtpcodec.kernels.resample import coefficients
from rtpcodec import Resampler
before = tracemalloc.get_traced_memory()[0]
one = Resampler(11025, 32000)
print(tracemalloc.get_traced_memory()[0] - before > 2 * 1280 * 48)
"""
    assert run("-c", code).stdout == "True\n"
