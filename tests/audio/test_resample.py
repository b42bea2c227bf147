"""The resampler equals its definition bit for bit, for any cuts of the input and any kind of buffer."""

import array
import copy
import doctest
import itertools
import pickle
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import Buffer

from rtpcodec.audio import resample as module
from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.resample import RATES_HZ, coefficients
from tests.oracles import resample as oracle

PAIRS = [(from_hz, to_hz) for from_hz in RATES_HZ for to_hz in RATES_HZ]
UNEQUAL = [pair for pair in PAIRS if pair[0] != pair[1]]
every_pair = pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
every_unequal_pair = pytest.mark.parametrize(("from_hz", "to_hz"), UNEQUAL)


def to_pcm(samples: list[int]) -> bytes:
    return array.array("h", samples).tobytes()


def to_samples(pcm: Buffer) -> list[int]:
    return array.array("h", bytes(pcm)).tolist()


def noise(count: int, seed: int = 1) -> bytes:
    """Return samples over the whole range of 16 bits."""
    return random.Random(seed).randbytes(2 * count)


def pieces(pcm: bytes, cuts: list[int]) -> list[bytes]:
    """Return the PCM cut at these samples, in any order and number."""
    places = [0, *sorted(min(2 * cut, len(pcm)) for cut in cuts), len(pcm)]
    return [pcm[start:end] for start, end in itertools.pairwise(places)]


def buffer_of(items: npt.NDArray[Any]) -> Buffer:
    """Return the same array; numpy declares its buffer protocol to type checkers only from Python 3.12 on."""
    return cast("Buffer", items)


def at_odd_address(octets: bytes) -> memoryview:
    """Return the same octets at an odd address."""
    room = np.zeros(len(octets) + 2, np.uint8)
    start = 1 - room.ctypes.data % 2
    room[start : start + len(octets)] = np.frombuffer(octets, np.uint8)
    return memoryview(buffer_of(room))[start : start + len(octets)]


signals = st.one_of(
    st.builds(noise, st.integers(0, 1500), st.integers(0, 2**32)),
    st.lists(st.sampled_from([-32768, -1, 0, 1, 32767]), max_size=400).map(to_pcm),
)


@settings(deadline=None, max_examples=150)
@given(pair=st.sampled_from(PAIRS), pcm=signals, cuts=st.lists(st.integers(0, 1500), max_size=12))
def test_equals_the_definition_for_every_cut(pair: tuple[int, int], pcm: bytes, cuts: list[int]) -> None:
    resampler = Resampler(*pair)
    heard = b"".join([resampler.resample(piece) for piece in pieces(pcm, cuts)])
    delayed = resampler.flush()
    count = len(pcm) // 2 * pair[1] // pair[0]
    expected = oracle.resampled(to_samples(pcm), *pair, count=count + resampler.delay_samples)
    assert to_samples(heard) == expected[:count]
    assert to_samples(delayed) == expected[count:]
    assert oracle.resampled_array(to_samples(pcm), *pair) == expected[:count]


@every_pair
def test_one_sample_at_a_time_gives_the_same(from_hz: int, to_hz: int) -> None:
    pcm = noise(500)
    resampler = Resampler(from_hz, to_hz)
    single = b"".join([resampler.resample(pcm[place : place + 2]) for place in range(0, len(pcm), 2)])
    assert single == Resampler(from_hz, to_hz).resample(pcm)
    assert to_samples(single) == oracle.resampled_array(to_samples(pcm), from_hz, to_hz)


@settings(deadline=None)
@given(pair=st.sampled_from(PAIRS), counts=st.lists(st.integers(0, 2000), max_size=20))
def test_after_n_samples_floor_n_times_the_ratio_are_out(pair: tuple[int, int], counts: list[int]) -> None:
    resampler = Resampler(*pair)
    taken = given_out = 0
    for count in counts:
        announced = resampler.output_samples(count)
        got = len(resampler.resample(bytes(2 * count))) // 2
        taken += count
        given_out += got
        assert got == announced
        assert given_out == taken * pair[1] // pair[0]


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(8000, 16000), (24000, 16000), (48000, 8000), (44100, 8000), (16000, 48000), (11025, 32000)],
)
def test_a_long_piece_equals_chunks_of_20_ms(from_hz: int, to_hz: int) -> None:
    pcm = noise(30_000)
    step = from_hz // 50
    resampler = Resampler(from_hz, to_hz)
    chunks = [resampler.resample(piece) for piece in pieces(pcm, list(range(0, 30_000, step)))]
    assert b"".join(chunks) == Resampler(from_hz, to_hz).resample(pcm)


@every_pair
def test_a_long_stream_stays_exact(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    minute = bytes(2 * 60 * from_hz)
    given_out = sum(len(resampler.resample(minute)) // 2 for _ in range(3))
    given_out += len(resampler.resample(bytes(10))) // 2
    assert given_out == (3 * 60 * from_hz + 5) * to_hz // from_hz
    fresh = Resampler(from_hz, to_hz)
    fresh.resample(bytes(10))
    assert resampler.resample(noise(700)) == fresh.resample(noise(700))


@every_pair
def test_full_scale_squares_stay_in_range(from_hz: int, to_hz: int) -> None:
    for half_period in (1, 2, 3, 5, 11, 100):
        samples = [32767 if place // half_period % 2 else -32768 for place in range(400)]
        heard = to_samples(Resampler(from_hz, to_hz).resample(to_pcm(samples)))
        assert heard == oracle.resampled_array(samples, from_hz, to_hz)


@every_unequal_pair
def test_the_loudest_pattern_of_every_phase_is_limited_not_wrapped(from_hz: int, to_hz: int) -> None:
    up, down = oracle.ratio(from_hz, to_hz)
    phases = coefficients(from_hz, to_hz)
    loudest_phase = max(range(up), key=lambda phase: sum(map(abs, phases[phase])))
    for phase in {*range(min(up, 6)), loudest_phase, up - 1}:
        taps = phases[phase]
        loudest = [32767 if tap > 0 else -32768 for tap in reversed(taps)]
        softest = [-32768 if tap > 0 else 32767 for tap in reversed(taps)]
        reachable = (k for k in itertools.count(to_hz // 200) if ((k + 1) * down - 1) % up == phase)
        k = next(reachable)  # the first output of this phase whose whole window is input
        for pattern, limit in ((loudest, 32767), (softest, -32768)):
            newest = ((k + 1) * down - 1) // up
            # The zeros after the pattern let the vector form use whole steps.
            samples = [0] * (newest + 1 - len(taps)) + pattern + [0] * 64
            heard = to_samples(Resampler(from_hz, to_hz).resample(to_pcm(samples)))
            assert heard[k] == limit
            assert heard == oracle.resampled_array(samples, from_hz, to_hz)


@every_unequal_pair
def test_an_impulse_peaks_after_the_delay(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    _, down = oracle.ratio(from_hz, to_hz)
    place = -(-from_hz // 100 // down) * down  # an input at the position of an output
    samples = [0] * (2 * place + from_hz // 100)
    samples[place] = 32767
    heard = to_samples(resampler.resample(to_pcm(samples)))
    assert heard.index(max(heard)) == place * to_hz // from_hz + resampler.delay_samples


@every_pair
def test_a_constant_comes_out_unchanged(from_hz: int, to_hz: int) -> None:
    for level in (-32768, -12345, 1, 32767):
        heard = to_samples(Resampler(from_hz, to_hz).resample(to_pcm([level] * from_hz)))
        assert set(heard[4 * to_hz // 1000 :]) == {level}


@every_pair
def test_the_delay_is_below_2_ms_and_reported(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    samples = oracle.delay_samples(from_hz, to_hz)
    if from_hz != to_hz and {from_hz, to_hz} <= {8000, 16000, 24000, 48000}:
        assert samples == {8000: 15, 16000: 31, 24000: 47, 48000: 95}[to_hz]
    assert resampler.delay_samples == samples
    assert resampler.delay_ms == pytest.approx(samples * 1000 / to_hz)
    assert resampler.delay_ms < 2
    assert (resampler.from_hz, resampler.to_hz) == (from_hz, to_hz)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_equal_rates_change_nothing(rate_hz: int) -> None:
    resampler = Resampler(rate_hz, rate_hz)
    assert resampler.resample(noise(2000)) == noise(2000)
    assert resampler.flush() == b""


@pytest.mark.parametrize(("from_hz", "to_hz"), [(low, high) for low, high in UNEQUAL if high % low == 0])
def test_upsampling_by_a_whole_number_keeps_the_samples(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    heard = resampler.resample(noise(500)) + resampler.flush()
    kept = to_samples(heard)[resampler.delay_samples :: to_hz // from_hz]
    assert kept == to_samples(noise(500))


@every_pair
def test_flush_and_reset_begin_a_new_stream(from_hz: int, to_hz: int) -> None:
    for unused in (1, 2, 3, 5, 200):
        fresh = Resampler(from_hz, to_hz).resample(noise(300))
        resampler = Resampler(from_hz, to_hz)
        resampler.resample(noise(unused, seed=7))
        assert len(resampler.flush()) == 2 * resampler.delay_samples
        assert resampler.resample(noise(300)) == fresh
        resampler.reset()
        assert resampler.resample(noise(300)) == fresh


def test_flush_of_a_new_stream_is_silence() -> None:
    assert Resampler(8000, 48000).flush() == bytes(190)


@every_pair
def test_copy_is_independent(from_hz: int, to_hz: int) -> None:
    original = Resampler(from_hz, to_hz)
    head, tail = noise(331), noise(400, seed=2)
    original.resample(head)
    twin = original.copy()
    other = original.copy()
    other.resample(noise(50, seed=3))
    expected = original.resample(tail)
    assert (twin.from_hz, twin.to_hz) == (from_hz, to_hz)
    assert twin.resample(tail) == expected
    assert twin.flush() == original.flush()


BUFFERS: list[Callable[[bytes], Buffer]] = [
    bytes,
    bytearray,
    memoryview,
    lambda pcm: memoryview(pcm).cast("h"),
    lambda pcm: memoryview(pcm).cast("c"),
    lambda pcm: array.array("h", pcm),
    lambda pcm: array.array("b", pcm),
    lambda pcm: buffer_of(np.frombuffer(pcm, np.int16)),
    lambda pcm: buffer_of(np.frombuffer(pcm, np.uint8)),
    at_odd_address,
]


@pytest.mark.parametrize("buffer", BUFFERS)
def test_every_buffer_is_read(buffer: Callable[[bytes], Buffer]) -> None:
    pcm = noise(1000)
    assert Resampler(24000, 16000).resample(buffer(pcm)) == Resampler(24000, 16000).resample(pcm)


@pytest.mark.parametrize(
    "out",
    [
        bytearray(4000),
        memoryview(bytearray(4000)),
        array.array("h", bytes(4000)),
        buffer_of(np.zeros(2000, np.int16)),
        at_odd_address(bytes(4000)),
        bytearray(5001),
    ],
)
def test_every_writable_buffer_is_filled_from_its_start(out: Buffer) -> None:
    octets = memoryview(out).cast("B")
    octets[:] = b"\x55" * len(octets)
    assert Resampler(8000, 16000).resample_into(noise(1000), out) == 2000
    assert octets[:4000] == Resampler(8000, 16000).resample(noise(1000))
    assert bytes(octets[4000:]) == b"\x55" * (len(octets) - 4000)


def test_empty_pieces_are_allowed() -> None:
    resampler = Resampler(8000, 16000)
    assert resampler.resample(b"") == b""
    assert resampler.resample_into(b"", bytearray()) == 0


def test_wrong_input_is_refused_and_changes_nothing() -> None:
    resampler = Resampler(16000, 8000)
    resampler.resample(noise(101))
    twin = resampler.copy()
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        resampler.resample(b"abc")
    with pytest.raises(TypeError, match=r"^pcm has items of format 'f', 16-bit samples"):
        resampler.resample(buffer_of(np.zeros(10, np.float32)))
    with pytest.raises(TypeError, match=r"^pcm has items of format '>h', 16-bit samples"):
        resampler.resample(buffer_of(np.zeros(10, ">i2")))
    with pytest.raises(ValueError, match=r"^pcm has 2 dimensions, mono audio has 1$"):
        resampler.resample(buffer_of(np.zeros((10, 2), np.int16)))
    with pytest.raises(ValueError, match=r"not C-contiguous"):
        resampler.resample(buffer_of(np.zeros(10, np.int16)[::2]))
    with pytest.raises(TypeError, match=r"bytes-like object is required"):
        resampler.resample("abcd")  # type: ignore[arg-type]  # the refusal of a str is what is tested
    assert resampler.resample(noise(300)) == twin.resample(noise(300))


def test_a_buffer_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    resampler = Resampler(24000, 16000)
    resampler.resample(noise(101))
    twin = resampler.copy()
    shared = bytearray(1000)
    with pytest.raises(ValueError, match=r"^out has room for 213 octets, the result needs 214$"):
        resampler.resample_into(bytes(320), bytearray(213))
    with pytest.raises(ValueError, match=r"^out overlaps the source, the result would destroy its own input$"):
        resampler.resample_into(memoryview(shared)[:320], memoryview(shared)[300:900])
    with pytest.raises(TypeError, match=r"^out has items of format 'd', 16-bit samples"):
        resampler.resample_into(bytes(320), array.array("d", bytes(800)))
    with pytest.raises(BufferError, match=r"not writable"):
        resampler.resample_into(bytes(320), bytes(640))
    assert resampler.resample(noise(300)) == twin.resample(noise(300))


def test_the_result_buffer_is_released() -> None:
    source, out = bytearray(320), bytearray(640)
    resampler = Resampler(8000, 16000)
    resampler.resample_into(source, out)
    with pytest.raises(ValueError, match="room for 10 octets"):
        resampler.resample_into(source, memoryview(out)[:10])
    source.extend(b"more")
    out.extend(b"more")


def test_other_rates_are_refused() -> None:
    allowed = "allowed are 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100 and 48000"
    with pytest.raises(ValueError, match=rf"^from_hz is 44000, {allowed}$"):
        Resampler(44000, 8000)
    with pytest.raises(ValueError, match=rf"^to_hz is -8000, {allowed}$"):
        Resampler(8000, to_hz=-8000)


def test_output_samples_answers_for_every_number() -> None:
    resampler = Resampler(16000, 24000)
    assert resampler.output_samples(2**70) == 3 * 2**69
    with pytest.raises(ValueError, match=r"^input_samples is -1, it must be 0 or more$"):
        resampler.output_samples(-1)


def test_resamplers_of_a_pair_work_side_by_side_on_threads() -> None:
    pcm = noise(200_000)
    expected = Resampler(8000, 24000).resample(pcm)
    with ThreadPoolExecutor(4) as threads:
        heard = list(threads.map(lambda _: Resampler(8000, 24000).resample(pcm), range(8)))
    assert all(result == expected for result in heard)


def test_one_resampler_on_two_threads_does_no_damage() -> None:
    resampler = Resampler(24000, 16000)
    with ThreadPoolExecutor(4) as threads:
        lengths = {len(pcm) for pcm in threads.map(resampler.resample, [bytes(2 * 20_000)] * 40)}
    assert lengths <= {2 * 13_333, 2 * 13_334}


def test_repr_names_the_rates_and_copies_are_explicit() -> None:
    resampler = Resampler(8000, 16000)
    assert repr(resampler) == "Resampler(from_hz=8000, to_hz=16000)"
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(resampler)
    with pytest.raises(TypeError, match="cannot pickle"):
        copy.copy(resampler)


def test_the_example_of_the_docstring_runs() -> None:
    example = doctest.DocTestParser().get_doctest(Resampler.__doc__ or "", vars(module).copy(), "Resampler", None, None)
    assert doctest.DocTestRunner().run(example) == (0, 4)
