"""Whole calls over the simulator's echo path: the reference is what the session itself knows of what was heard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import Carrier, EchoPath, Faults
from rtpcodec.sim.media.timing import Link, Timing
from rtpcodec.stream.events import SpeechStarted
from rtpcodec.stream.plan import StreamPlan
from tests.listening.echo_acceptance import speech
from tests.listening.talkers import RATE_HZ, at_level, shipped


def octets(pcm: Any) -> bytes:
    return bytes(np.rint(pcm).astype(np.int16).tobytes())


def starts(
    path: EchoPath,
    caller: bytes,
    *,
    plan: StreamPlan,
    seconds: int = 20,
    seed: int = 1,
    timing: Timing | None = None,
) -> list[SpeechStarted]:
    """The speech that is found while an agent speaks from the first moment on, over the echo path of a phone."""
    found: list[SpeechStarted] = []
    agent = octets(speech(shipped, seed, 1000 * seconds, -24))

    async def handler(call: Call) -> None:
        call.voice()
        await call.play(agent, 8000)
        found.extend([event async for event in call.events() if isinstance(event, SpeechStarted)])

    async def main() -> None:
        async with Carrier("KEY") as carrier, rtpcodec.serve(handler, plan=plan) as endpoint:
            call = carrier.new_call(caller, faults=Faults(echo_path=path), timing=timing or Timing())
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **plan.command_fields())
            await call.finished()
            await endpoint.drain()

    run_virtual(main())
    return found


PLANS = {
    "PCMU": StreamPlan(send_codec="PCMU"),
    "PCMA": StreamPlan(send_codec="PCMA"),
    "L16": StreamPlan(send_codec="L16", send_rate_hz=16000),
}
CALLER_MS = 10_000


def a_caller(seed: int, seconds: int = 20) -> bytes:
    """Silence with 2 s of speech at -26 dBov in it."""
    pcm = np.zeros(seconds * RATE_HZ)
    at = CALLER_MS * RATE_HZ // 1000
    pcm[at : at + 2 * RATE_HZ] = at_level(shipped(seed), -26)[: 2 * RATE_HZ]
    return octets(pcm)


@pytest.mark.parametrize(
    ("send_codec", "delay_ms", "loss_db", "clip_dbov"),
    [("PCMU", 60, 18, None), ("PCMA", 600, 18, -20.0), ("L16", 250, 24, -20.0), ("PCMU", 120, 40, None)],
)
def test_the_echo_of_a_call_begins_no_speech_and_its_caller_does(
    send_codec: str, delay_ms: float, loss_db: float, clip_dbov: float | None
) -> None:
    path = EchoPath(delay_ms=delay_ms, loss_db=loss_db, clip_dbov=clip_dbov, codec="PCMU")
    (event,) = starts(path, a_caller(2), plan=PLANS[send_codec])
    assert event.while_playing
    assert CALLER_MS <= event.media_ms <= CALLER_MS + 600
    assert event.pre_roll.media_ms <= CALLER_MS


@pytest.mark.long
@pytest.mark.hours
def test_an_hour_of_calls_over_every_echo_path() -> None:
    """Bar 2 of the listening side through endpoint, session and simulator: an hour of agents alone, and callers."""
    links = Link(delay_ms=30), Link(delay_ms=30, jitter_ms=40)
    timings = [Timing(to_app=link, from_app=link) for link in links]
    false_starts, found, wanted, seed = 0, 0, 0, 0
    for loss_db in (18, 21, 24, 30, 40):
        for delay_ms in (60, 150, 307, 600):
            for clip_dbov in (None, -20.0, -26.0):
                seed += 1
                path = EchoPath(delay_ms=delay_ms, loss_db=loss_db, clip_dbov=clip_dbov, codec="PCMU")
                plan, timing = list(PLANS.values())[seed % 3], timings[seed % 2]
                alone = starts(path, bytes(2 * RATE_HZ * 60), plan=plan, seconds=60, seed=seed, timing=timing)
                false_starts += len(alone)
                over = starts(path, a_caller(seed), plan=plan, seed=seed, timing=timing)
                wanted += 1
                found += any(CALLER_MS - 100 <= event.media_ms <= CALLER_MS + 2000 for event in over)
    print(f"{false_starts} false starts in {wanted} min, {found} of {wanted} callers found")  # noqa: T201
    assert false_starts == 0
    assert found >= 0.95 * wanted
