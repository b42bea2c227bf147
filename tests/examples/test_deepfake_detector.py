"""examples/deepfake_detector.py: an even voice and a lively one on simulated calls."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from rtpcodec.pump import run_virtual
from rtpcodec.sim import Hold, Timing
from tests.examples.service_calls import MAX_LINES, call_to, errors_of, example, lines_of, speech


def lively(duration_ms: int) -> bytes:
    """A tone of 700 Hz whose loudness changes as that of syllables does."""
    times = np.arange(duration_ms * 8) / 8000
    loudness = 6000 * (1.1 + np.sin(2 * np.pi * 4 * times))
    return (loudness * np.sin(2 * np.pi * 700 * times)).astype(np.int16).tobytes()


def even(words: int) -> bytes:
    """Words of the same loudness, each 700 ms long, with pauses of 150 ms."""
    return speech((500, 700), *[(150, 700)] * (words - 1), (500, 0))


def scores(said: bytes, **phone: Any) -> tuple[list[float], list[float]]:
    """Run a call; returns the scores of the windows, and those that were warned of."""
    module = example("deepfake_detector")
    rated: list[float] = []
    warned: list[float] = []
    rate = module.rate

    async def noted(pcm: bytes) -> float:
        assert len(pcm) == module.WINDOW_OCTETS
        rated.append(await rate(pcm))
        return rated[-1]

    async def warn(_call: object, score: float) -> None:
        warned.append(score)

    vars(module).update(rate=noted, warn=warn)
    run_virtual(call_to(module.answer, module.PLAN, said, nullcontext(), **phone))
    return rated, warned


def test_an_even_voice_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    rated, warned = scores(even(16))
    assert len(rated) == 4
    assert min(rated) > 0.7
    assert warned == rated[1:2]
    assert errors_of(caplog) == []


def test_a_lively_voice_is_not_reported() -> None:
    rated, warned = scores(speech((500, 0)) + lively(7000) + speech((500, 0)))
    assert len(rated) == 2
    assert max(rated) < 0.3
    assert warned == []


def test_pauses_and_holds_are_not_speech() -> None:
    hold = Timing(holds=(Hold(from_ms=1500, to_ms=6000),))
    assert scores(speech((500, 1000), (4000, 500), (2000, 0)), timing=hold) == ([], [])


def test_the_warning_names_the_call(capsys: pytest.CaptureFixture[str]) -> None:
    module = example("deepfake_detector")
    run_virtual(call_to(module.answer, module.PLAN, even(9), nullcontext()))
    shown = capsys.readouterr().out
    assert shown.startswith("v3:")
    assert ": the voice looks synthetic, score 0." in shown


def test_the_example_has_at_most_sixty_lines() -> None:
    assert lines_of("deepfake_detector") <= MAX_LINES
