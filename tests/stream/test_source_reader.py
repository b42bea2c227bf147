"""A recording that is read from any place, at another rate."""

from __future__ import annotations

from array import array
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.audio.resample import Resampler
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.stream.speaking.source_reader import SourceReader
from tests.stream.sounds import largest_step, noise, tone

PAIRS = [(one, other) for one in RATES_HZ for other in RATES_HZ]


def read(pcm: bytes, pcm_hz: int, to_hz: int, samples: int, *, loop: bool = True) -> bytes:
    return SourceReader(pcm, pcm_hz, to_hz, loop=loop).read(samples)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(PAIRS),
    st.integers(20, 60),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 1500)), max_size=8),
)
def test_a_sample_is_the_same_however_what_lies_before_it_was_read(
    rates: tuple[int, int], source_ms: int, loop: bool, moves: list[tuple[int, int]]
) -> None:
    from_hz, to_hz = rates
    pcm = noise(from_hz * source_ms // 1000)
    whole = read(pcm, from_hz, to_hz, 8000, loop=loop)
    reader = SourceReader(pcm, from_hz, to_hz, loop=loop)
    for samples, back in moves:
        begin = reader.position
        assert reader.read(samples) == whole[2 * begin : 2 * (begin + samples)]
        reader.seek(max(0, reader.position - back))


@pytest.mark.long
@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_second_has_the_same_samples_from_any_place_on(from_hz: int, to_hz: int, loop: bool) -> None:
    drawn = Random(f"{from_hz}/{to_hz}/{loop}")
    pcm = noise(from_hz // 10 + drawn.randint(0, 50))
    whole = read(pcm, from_hz, to_hz, to_hz, loop=loop)
    reader = SourceReader(pcm, from_hz, to_hz, loop=loop)
    for _ in range(40):
        begin = drawn.randrange(to_hz)
        samples = drawn.randint(0, min(3000, to_hz - begin))
        first = drawn.randint(0, samples)
        reader.seek(begin)
        assert reader.read(first) + reader.read(samples - first) == whole[2 * begin : 2 * (begin + samples)]


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_recording_has_the_length_of_its_rate_and_no_delay(from_hz: int, to_hz: int) -> None:
    samples = from_hz // 10 + 1
    pcm = tone(from_hz, samples)
    reader = SourceReader(pcm, from_hz, to_hz, loop=False)
    assert reader.end_samples == samples * to_hz // from_hz
    found = reader.read(reader.end_samples)
    if from_hz == to_hz:
        assert found == pcm
    else:
        resampler = Resampler(from_hz, to_hz)
        late = resampler.resample(pcm) + resampler.flush()
        assert found == late[2 * resampler.delay_samples :][: len(found)]
    assert not any(reader.read(to_hz)[to_hz // 100 :]), "silence follows, after the filter has rung out"


def test_a_loop_whose_ends_meet_repeats_as_it_is() -> None:
    pcm = tone(8000, 800)  # 30 periods
    assert read(pcm, 8000, 8000, 2000) == (pcm * 3)[:4000]


def test_other_loops_are_crossfaded_where_they_repeat() -> None:
    pcm = tone(8000, 800, hz=31.0, amplitude=20000.0)[: 2 * 710]  # it ends far from 0
    once = 710 - 40
    found = read(pcm, 8000, 8000, 3 * once)
    assert found[: 2 * once] == pcm[: 2 * once]
    assert found[2 * once : 4 * once] == found[4 * once :], "every repetition but the first is the same"
    assert found[2 * once + 80 : 4 * once] == pcm[80 : 2 * once]
    step = abs(array("h", pcm)[-1])
    assert step > 10000
    assert largest_step(found) < step // 10


@settings(max_examples=40, deadline=None)
@given(st.integers(160, 900), st.integers(20, 3000), st.integers(-30000, 30000))
def test_no_joint_steps_further_than_the_recording_and_its_crossfade(samples: int, hz: int, offset: int) -> None:
    """Return a recording whose end is `offset` above its beginning."""
    pcm = tone(8000, samples, hz=min(hz, 200), amplitude=1500.0)
    pcm = array("h", [one + offset * at // samples for at, one in enumerate(array("h", pcm))]).tobytes()
    within = max(abs(after - before) for before, after in pairwise(array("h", pcm)))
    assert largest_step(read(pcm, 8000, 8000, 3 * samples)) <= within + (abs(offset) + 3000) // 40 + 1
