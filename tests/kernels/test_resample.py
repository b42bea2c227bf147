"""The filter banks: exact as defined, symmetric about the delay, and safe in 32 bits."""

import hashlib

import pytest

from rtpcodec.kernels.resample import RATES_HZ, coefficients
from tests.oracles import resample as oracle

PAIRS = [(from_hz, to_hz) for from_hz in RATES_HZ for to_hz in RATES_HZ if from_hz != to_hz]


def whole_filter(from_hz: int, to_hz: int) -> list[int]:
    """The phases interleaved again, without the zeros that fill up the last tick."""
    taps = [tap for taps in zip(*coefficients(from_hz, to_hz), strict=True) for tap in taps]
    length = 2 * oracle.centre_tick(from_hz, to_hz) + 1
    assert not any(taps[length:])
    return taps[:length]


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_bank_is_the_defined_filter(from_hz: int, to_hz: int) -> None:
    assert tuple(whole_filter(from_hz, to_hz)) == oracle.integer_filter(from_hz, to_hz)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_phase_spans_4_ms(from_hz: int, to_hz: int) -> None:
    phases = coefficients(from_hz, to_hz)
    assert [len(phase) for phase in phases] == [from_hz // 250] * oracle.ratio(from_hz, to_hz)[0]


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_filter_is_symmetric_about_its_delay(from_hz: int, to_hz: int) -> None:
    taps = whole_filter(from_hz, to_hz)
    assert taps == taps[::-1]
    assert max(taps) == taps[oracle.centre_tick(from_hz, to_hz)]


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_every_phase_has_gain_one_and_fits_32_bits(from_hz: int, to_hz: int) -> None:
    for phase in coefficients(from_hz, to_hz):
        assert sum(phase) == 16384
        assert sum(map(abs, phase)) * 32768 + 8192 < 2**31


def test_equal_rates_have_one_tap() -> None:
    assert [coefficients(rate_hz, rate_hz) for rate_hz in RATES_HZ] == [((16384,),)] * 4


def test_banks_are_the_same_on_every_machine() -> None:
    banks = repr([coefficients(from_hz, to_hz) for from_hz, to_hz in PAIRS])
    assert hashlib.sha256(banks.encode()).hexdigest()[:16] == "ec0f806868a7d421"


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_no_tap_is_so_near_to_a_half_that_another_sine_function_rounds_it_otherwise(from_hz: int, to_hz: int) -> None:
    assert min(abs(tap % 1 - 0.5) for tap in oracle.exact_filter(from_hz, to_hz)) > 1e-9


def test_other_rates_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^from_hz is 44100, allowed are 8000, 16000, 24000 and 48000$"):
        coefficients(44100, 8000)
    with pytest.raises(ValueError, match=r"^to_hz is 0, allowed are 8000, 16000, 24000 and 48000$"):
        coefficients(8000, 0)
