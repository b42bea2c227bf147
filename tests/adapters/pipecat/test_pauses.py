"""A caller who pauses for 0.3 s: no sample of the call is lost or added, whatever pipecat's own serializer does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from rtpcodec.audio.resample import Resampler
from rtpcodec.pump import run_virtual
from tests.adapters.pipecat.callers import CHUNK_MS, PIPELINE_HZ, Heard, heard_by_pipeline, heard_by_serializer, shifts

FRAME = PIPELINE_HZ * CHUNK_MS // 1000
LEGS = [("PCMU", 8000), ("L16", 16000)]


def check(heard: Heard) -> None:
    """Compare with the same call without pauses."""
    resampler = Resampler(heard.rate_hz, PIPELINE_HZ)
    whole = (
        heard.sent
        if heard.rate_hz == PIPELINE_HZ
        else np.frombuffer(resampler.resample(heard.sent.tobytes()), np.int16)
    )
    np.testing.assert_array_equal(heard.received, whole)
    assert np.ptp(heard.missing) == 0
    found = shifts(heard)
    assert max(found) - min(found) <= FRAME


def not_worse(
    ours: Heard, run: Callable[..., Coroutine[Any, Any, Heard]], leg: tuple[str, int], **options: Any
) -> None:
    """Let pipecat's own serializer hear the same call. It reads PCMU and PCMA only."""
    if leg[0] == "PCMU":
        theirs = run_virtual(run("pipecat's", *leg, **options))
        assert len(ours.received) >= len(theirs.received)
        assert np.ptp(shifts(ours)) <= np.ptp(shifts(theirs))


@pytest.mark.parametrize("pauses", ["silent", "stalled"])
@pytest.mark.parametrize("leg", LEGS, ids=[name for name, _ in LEGS])
def test_a_minute_with_pauses_is_heard_as_it_was_said(leg: tuple[str, int], pauses: Any) -> None:
    heard = run_virtual(heard_by_serializer("ours", *leg, duration_ms=60_000, pauses=pauses))
    check(heard)
    not_worse(heard, heard_by_serializer, leg, duration_ms=60_000, pauses=pauses)


@pytest.mark.long
@pytest.mark.parametrize("leg", LEGS, ids=[name for name, _ in LEGS])
def test_ten_minutes_with_pauses_pass_a_pipeline_as_they_were_said(leg: tuple[str, int]) -> None:
    heard = run_virtual(heard_by_pipeline("ours", *leg, duration_ms=600_000))
    check(heard)
    not_worse(heard, heard_by_pipeline, leg, duration_ms=600_000)
