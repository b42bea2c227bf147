"""The handler of README.md, on a virtual clock: what it plays has the pitch of what the caller said, on every leg."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.plan import StreamPlan
from tests.examples.tones import LEGS, SPEECH_HZ, TONE_HZ, pitch_hz, tone

pytestmark = pytest.mark.usefixtures("opus", "amrwb")

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
PLANS = {
    "PCMU": StreamPlan(),
    "PCMA": StreamPlan(send_codec="PCMA"),
    "G722": StreamPlan(send_codec="G722"),
    "L16": StreamPlan(send_codec="L16"),
    "OPUS": StreamPlan(send_codec="OPUS"),
    "AMR-WB": StreamPlan(send_codec="AMR-WB"),
}


def handler() -> Any:
    """The handler of the section 'Answer a call', as it is printed."""
    (block,) = [
        block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "async def answer(" in block
    ]
    names: dict[str, Any] = {"rtpcodec": rtpcodec}
    exec(block.partition("rtpcodec.run(")[0], names)
    return names["answer"]


async def answered(plan: StreamPlan, leg: dict[str, Any], **options: Any) -> CallReport:
    async with (
        Carrier("KEY") as carrier,
        rtpcodec.serve(handler(), plan=plan, **options) as endpoint,
        rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
    ):
        call = carrier.new_call(tone(2.0), speech_hz=SPEECH_HZ, tail_ms=1000, playout_delay_ms=100, **leg)
        await endpoint.stream(control, call.call_control_id)
        report = await call.finished()
        await endpoint.drain()
        assert endpoint.statistics().calls_failed == 0
    return report


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize("plan", PLANS)
def test_the_caller_hears_the_pitch_that_was_said(plan: str, leg: str) -> None:
    report = run_virtual(answered(PLANS[plan], LEGS[leg]))
    assert report.return_codec == PLANS[plan].send_codec
    assert pitch_hz(report) == pytest.approx(TONE_HZ, rel=0.02)
    # 3 s in, 3 s out: neither at half speed nor at double speed.
    assert report.media_received * 20 == pytest.approx(3000, abs=60)


@pytest.mark.parametrize(("options", "leg"), [({"receive_pcm_hz": 24000}, "PCMU"), ({"send_pcm_hz": 24000}, "G722")])
def test_the_rates_of_the_session_change_nothing_of_it(options: dict[str, Any], leg: str) -> None:
    report = run_virtual(answered(StreamPlan(), LEGS[leg], **options))
    assert pitch_hz(report) == pytest.approx(TONE_HZ, rel=0.02)
