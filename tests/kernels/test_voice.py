"""Voice activity: the level of a block, and the detector against its definition in plain Python."""

from __future__ import annotations

import copy
import math
import pickle
from array import array
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.kernels import noise
from rtpcodec.kernels.voice import ANY_LEVEL, ENDED, NOTHING, STARTED, VoiceActivity
from tests.kernels import buffers
from tests.oracles import voice as oracle

DEFAULTS: Final = {
    "threshold_dbov": -46.0,
    "noise_margin_db": 9.0,
    "hysteresis_db": 4.0,
    "playing_dbov": -34.0,
    "start_loss_db": 15.0,
    "least_loss_db": 12.0,
    "most_loss_db": 40.0,
    "loss_margin_db": 2.0,
    "onset_blocks": 3,
    "onset_while_playing_blocks": 8,
    "hangover_blocks": 25,
}
SILENT: Final = -127.0


def activity(samples: int = 8, **others: Any) -> VoiceActivity:
    made = VoiceActivity(**(DEFAULTS | others))
    made.begin_blocks(samples)
    return made


def square(level_dbov: float, samples: int = 8) -> array[int]:
    """Return a block of about that level, without a mean."""
    amplitude = round(32768 * 10 ** (level_dbov / 20))
    return array("h", [min(amplitude, 32767), -min(amplitude, 32768)] * (samples // 2))


def step(made: VoiceActivity, level_dbov: float, reference_dbov: float = SILENT, verdict: int = ANY_LEVEL) -> int:
    pcm = square(level_dbov)
    assert made.fill(pcm) == len(pcm)
    return made.step(reference_dbov, verdict)


# The level of a block


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=64))
def test_the_level_is_the_power_without_the_mean(samples: list[int]) -> None:
    made = activity(len(samples))
    made.fill(array("h", samples))
    made.step(SILENT)
    assert made.level_dbov == pytest.approx(oracle.block_dbov(samples), abs=1e-6)


@pytest.mark.parametrize("samples", [1, 7, 160, 320, 960, 1 << 16])
def test_full_scale_does_not_overflow(samples: int) -> None:
    made = activity(samples)
    made.fill(array("h", [-32768, 32767] * (samples // 2) + [0] * (samples % 2)))
    made.step(SILENT)
    assert made.level_dbov == pytest.approx(-127 if samples == 1 else 0, abs=1.4)


def test_a_constant_offset_is_silence() -> None:
    made = activity(160)
    made.fill(array("h", [-8] * 160))
    made.step(SILENT)
    assert made.level_dbov == SILENT


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_pieces_of_any_length_give_the_blocks_of_the_whole(lengths: list[int]) -> None:
    pcm = noise.white_noise(1, 0, sum(lengths), 3000.0)
    whole, cut, levels = activity(16), activity(16), []
    at = 0
    while (at := whole.fill(pcm, at)) and not whole.missing_samples:
        whole.step(SILENT)
        levels.append(whole.level_dbov)
    found, begin = [], 0
    for length in lengths:
        piece, at = pcm[2 * begin : 2 * (begin + length)], 0
        while at < length:
            at = cut.fill(piece, at)
            if not cut.missing_samples:
                cut.step(SILENT)
                found.append(cut.level_dbov)
        begin += length
    assert found == levels
    assert cut.missing_samples == whole.missing_samples == 16 - sum(lengths) % 16


# The detector

BLOCKS: Final = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.sampled_from([-70, -60, -50, -44, -38, -33, -30, -26, -20]),
        st.sampled_from([-127, -60, -34, -30, -20, -12]),
        st.sampled_from([-1, -1, -1, 0, 1]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60)
@given(
    BLOCKS,
    st.sampled_from([{}, {"onset_blocks": 1, "hangover_blocks": 1}, {"onset_while_playing_blocks": 3}]),
    st.integers(0, 2**32),
)
def test_the_detector_follows_its_definition(
    runs: list[tuple[int, int, int, int]], others: dict[str, int], seed: int
) -> None:
    """Run blocks around one level per run; compare the changes and the learned values."""
    made = activity(**others)
    defined = oracle.Detector(**(DEFAULTS | others))  # type: ignore[arg-type]
    for number, (blocks, level, reference, verdict) in enumerate(runs):
        for block in range(blocks):
            pcm = square(level + ((seed + 7 * block + number) % 5 - 2) / 2)
            made.fill(pcm)
            expected = defined.step(oracle.block_dbov(pcm), reference, verdict)
            assert made.step(reference, verdict) == expected
            assert made.speaking == defined.speaking
            assert made.noise_dbov == pytest.approx(defined.noise_dbov, abs=1e-6)
            assert made.loss_db == pytest.approx(defined.loss_db, abs=1e-6)
            if expected == STARTED:
                found = made.since_onset, made.since_near, made.played
                assert found == (defined.since_onset, defined.since_near, defined.played)
            if defined.speaking or expected == ENDED:
                assert made.idle == defined.idle
        if blocks % 7 == 0:
            assert made.skip(blocks) == defined.skip(blocks)


def test_a_click_is_not_speech_and_three_blocks_are() -> None:
    made = activity()
    for _ in range(100):
        assert step(made, -60) == NOTHING
    assert [step(made, level) for level in (-20, -60, -60, -60, -20, -60, -60)] == [NOTHING] * 7
    assert [step(made, -30) for _ in range(3)] == [NOTHING, NOTHING, STARTED]
    assert made.since_onset == 3
    assert [step(made, -60) for _ in range(25)] == [NOTHING] * 24 + [ENDED]
    assert made.idle == 25


def test_a_steady_noise_raises_the_floor_and_ends_what_it_started() -> None:
    made = activity()
    changes = [step(made, -38) for _ in range(200)]
    assert changes.index(STARTED) == 2
    assert changes.index(ENDED) < 130
    assert made.noise_dbov == pytest.approx(-38, abs=0.5)
    assert made.limit_dbov == pytest.approx(-29, abs=0.5)
    # From here on, speech has to be louder than the noise.
    assert [step(made, -26) for _ in range(3)][-1] == STARTED


def test_the_floor_does_not_learn_while_we_play() -> None:
    made = activity()
    for _ in range(300):
        assert step(made, -40, reference_dbov=-15) == NOTHING
    assert made.noise_dbov == -55
    assert [step(made, -40) for _ in range(3)][-1] == STARTED


def test_an_echo_is_not_speech_and_teaches_the_return_loss() -> None:
    made = activity()
    assert made.loss_db == 15
    for _ in range(100):
        assert step(made, -15 - 28, reference_dbov=-15) == NOTHING
    assert made.loss_db == pytest.approx(26, abs=0.1)
    # A caller who is louder than any echo: eight blocks.
    assert [step(made, -30, reference_dbov=-15) for _ in range(8)] == [NOTHING] * 7 + [STARTED]
    assert made.played
    for _ in range(30):
        step(made, -70, reference_dbov=-15)
    # The apparent caller may have been a louder echo.
    assert not made.speaking
    assert made.loss_db == 15


@pytest.mark.parametrize(("level", "learnt"), [(-15.0, 12.0), (-90.0, 40.0)])
def test_the_return_loss_is_bounded(level: float, learnt: float) -> None:
    made = activity()
    for _ in range(100):
        assert step(made, level, reference_dbov=-8, verdict=0) == NOTHING
    assert made.loss_db == learnt


def test_speech_may_have_begun_below_the_echo() -> None:
    made = activity()
    for _ in range(200):
        step(made, -43, reference_dbov=-15)
    for _ in range(30):
        step(made, -60, reference_dbov=-15)
    limit = -15 - made.loss_db
    changes = [step(made, level, reference_dbov=-15) for level in [limit - 2, -60, limit - 2, *[limit + 3] * 8]]
    assert changes[-1] == STARTED
    assert (made.since_onset, made.since_near) == (8, 11)


def test_an_onset_that_begins_while_we_play_needs_as_much_evidence_behind_it() -> None:
    made = activity()
    changes = [step(made, -20, reference_dbov=-20) for _ in range(2)] + [step(made, -20) for _ in range(6)]
    assert changes == [NOTHING] * 7 + [STARTED]
    assert made.played


def test_a_verdict_replaces_the_level_but_not_the_bound_of_the_echo() -> None:
    made = activity()
    assert [step(made, -70, verdict=1) for _ in range(3)][-1] == STARTED
    loud = activity()
    assert [step(loud, -10, verdict=0) for _ in range(9)] == [NOTHING] * 9
    echo = activity()
    assert [step(echo, -31, reference_dbov=-15, verdict=1) for _ in range(40)] == [NOTHING] * 40


# Arguments


def test_every_buffer_is_accepted_and_released() -> None:
    pcm = bytes(range(100))
    for name, make in buffers.SAMPLES.items():
        assert activity(50).fill(make(pcm)) == 50, name
    held = bytearray(pcm)
    activity(8).fill(held)
    held.append(0)
    with pytest.raises(ValueError, match=r"^pcm has 101 octets, 16-bit samples need an even number$"):
        activity(8).fill(held)
    held.append(0)
    with pytest.raises(ValueError, match=r"^at is 52, 0 to 51 are allowed$"):
        activity(8).fill(held, 52)
    held.append(0)
    for wrong, error, text in buffers.wrong_items("pcm", buffers.SAMPLES_WANTED):
        with pytest.raises(error) as caught:
            activity(8).fill(wrong)
        assert str(caught.value) == text


def test_misuse_is_refused() -> None:
    made = activity(8)
    made.fill(bytes(6))
    with pytest.raises(ValueError, match=r"^the block has 3 samples, 8 are needed$"):
        made.step(SILENT)
    for samples in (0, -1, (1 << 20) + 1):
        with pytest.raises(ValueError, match=rf"^samples is {samples}, 1 to 1048576 are allowed$"):
            activity(samples)
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        pickle.dumps(activity())
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        copy.copy(activity())


def test_no_reference_is_not_a_number_that_counts() -> None:
    made = activity()
    for reference in (-math.inf, math.nan):
        assert [step(made, -60, reference_dbov=reference) for _ in range(3)] == [NOTHING] * 3
        assert not made.playing
