"""call.reference compared with the echo of the phone: whole calls on the virtual clock."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import rtpcodec
from rtpcodec.errors import LocalProtocolError
from rtpcodec.pump import run_virtual
from rtpcodec.sim import Carrier, EchoPath, Faults, Link, Timing
from rtpcodec.stream.plan import StreamPlan

PLAN = StreamPlan(send_codec="L16", send_rate_hz=8000)
DELAY_MS = 100
LOSS_DB = 12.0412
TIMING = Timing(to_app=Link(delay_ms=70), from_app=Link(delay_ms=20))
Samples = npt.NDArray[np.int16]


async def talk(call: rtpcodec.Call, found: list[tuple[Samples, Samples]], pcm_hz: int | None) -> None:
    """Speak two replies, one of which is interrupted. Collect the received audio and the reference of its echo."""
    call.reference(0)
    pcm = (np.random.default_rng(1).standard_normal(16000) * 3000).astype(np.int16)
    async for audio in call.audio():
        if audio.media_ms in (300, 3000):
            call.play(pcm.tobytes())
        elif audio.media_ms == 1500:
            call.interrupt()
        reference = call.reference(audio.media_ms - DELAY_MS, audio.duration_ms, pcm_hz)
        found.append((np.frombuffer(audio.pcm, np.int16), np.frombuffer(reference, np.int16)))


async def called(found: list[tuple[Samples, Samples]], length_s: float, pcm_hz: int | None = None) -> None:
    faults = Faults(echo_path=EchoPath(delay_ms=DELAY_MS, loss_db=LOSS_DB))
    handler = functools.partial(talk, found=found, pcm_hz=pcm_hz)
    async with Carrier("KEY") as carrier, rtpcodec.serve(handler, plan=PLAN) as endpoint:
        speech = bytes(2 * int(8000 * length_s))
        call = carrier.new_call(
            speech, codec="L16", sample_rate_hz=8000, faults=faults, timing=TIMING, playout_delay_ms=60
        )
        async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **PLAN.command_fields())
            await call.finished()


def test_the_echo_is_the_reference_with_the_loss_of_the_path() -> None:
    found: list[tuple[Samples, Samples]] = []
    run_virtual(called(found, 6))
    received, references = (np.concatenate(side).astype(float) for side in zip(*found, strict=True))
    assert np.count_nonzero(received) > 8000 * 2.5
    rest = received - references * 10 ** (-LOSS_DB / 20)
    # All of the echo is gone, apart from 20 ms at the cut and the first 200 ms of a run, whose time no echo shows yet.
    assert np.count_nonzero(np.abs(rest) > 1) <= 8 * (20 + 2 * 200)


def test_the_rate_may_be_another_one() -> None:
    found: list[tuple[Samples, Samples]] = []
    run_virtual(called(found, 1, pcm_hz=16000))
    assert {(len(received), len(reference)) for received, reference in found} == {(160, 320)}


def refused(plan: StreamPlan, use: Callable[[rtpcodec.Call], object]) -> Coroutine[Any, Any, list[Exception]]:
    async def main() -> list[Exception]:
        errors: list[Exception] = []

        async def handler(call: rtpcodec.Call) -> None:
            try:
                use(call)
            except (LocalProtocolError, ValueError) as error:
                errors.append(error)

        async with Carrier("KEY") as carrier, rtpcodec.serve(handler, plan=plan) as endpoint:
            call = carrier.new_call(bytes(3200))
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **plan.command_fields())
                await call.finished()
        return errors

    return main()


def test_mode_mp3_and_impossible_rates_are_refused() -> None:
    (error,) = run_virtual(refused(PLAN, lambda call: call.reference(0, 20, 11_000)))
    assert "pcm_hz is 11000, allowed are" in str(error)
    pytest.importorskip("soundfile")
    (error,) = run_virtual(refused(StreamPlan(mode="mp3"), lambda call: call.reference(0)))
    assert "heard_signal needs 'rtp'" in str(error)
