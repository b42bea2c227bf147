"""Private sections: a recording keeps its timeline, and nothing that is said, heard or keyed in them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import rtpcodec
from rtpcodec.sim.media.timing import Link, Timing
from rtpcodec.stream.listening.privacy import Privacy
from tests.listening.recorded_call import HZ, pattern, recorded

SPEECH = pattern(0, 12_000)
TRUTH = np.frombuffer(SPEECH, np.int16)


def privacy_of(call: rtpcodec.Call) -> Privacy:
    return call._pump.machine.session.privacy


@pytest.mark.parametrize("delay_ms", [20, 120])
@pytest.mark.parametrize("stall_ms", [0, 3000])
def test_both_sides_are_silent_and_in_their_place_behind_it(tmp_path: Path, delay_ms: int, stall_ms: int) -> None:
    """With a stall, audio of the section arrives long after its end."""

    async def handle(call: rtpcodec.Call) -> None:
        async with call.reply() as reply:
            await reply.play(pattern(20_000, 11_000))
        await asyncio.sleep(3)
        privacy_of(call).enter("card", asyncio.get_running_loop().time() * 1000)
        await asyncio.sleep(3)
        privacy_of(call).leave("card", asyncio.get_running_loop().time() * 1000)

    to_app = Link(delay_ms=delay_ms, stalls_ms=((4000, 4000 + stall_ms),) if stall_ms else ())
    found = recorded(
        handle, tmp_path / "call.wav", SPEECH, timing=Timing(to_app=to_app, from_app=Link(delay_ms=delay_ms))
    )
    (section,) = found.sidecar["private"]
    assert section["label"] == "card"
    begin, end = (round(section[name] * HZ / 1000) for name in ("from_ms", "to_ms"))
    assert end - begin == pytest.approx(3.25 * HZ, abs=HZ / 50)
    assert begin == pytest.approx(3 * HZ, abs=HZ / 50)  # what arrived then; what was said then comes delay_ms later
    left, right = found.sides
    assert len(left) == len(TRUTH)
    for side in (left, right):
        assert not side[begin:end].any()
        assert side[: begin - HZ // 50].any()
        assert side[end + HZ // 50 :].any()
    if not stall_ms:
        assert np.array_equal(left[: begin - HZ // 50], TRUTH[: begin - HZ // 50])
    behind = end + round(stall_ms * HZ / 1000) + HZ // 50
    assert np.array_equal(left[behind:], TRUTH[behind:])
    assert not left[left != TRUTH].any()


def test_a_recording_that_begins_in_a_section_is_silent_at_first(tmp_path: Path) -> None:
    async def handle(call: rtpcodec.Call) -> None:
        privacy_of(call).enter("pin", asyncio.get_running_loop().time() * 1000)
        recording = call.record(tmp_path / "second.wav")
        await asyncio.sleep(2)
        privacy_of(call).leave("pin", asyncio.get_running_loop().time() * 1000)
        await asyncio.sleep(2)
        privacy_of(call).enter("pin", asyncio.get_running_loop().time() * 1000)
        await recording.finished()

    recorded(handle, tmp_path / "call.wav", SPEECH)
    frames = np.frombuffer((tmp_path / "second.wav").read_bytes()[80:], np.int16).reshape(-1, 2)
    left = frames[:, 0]
    assert abs(len(left) - len(TRUTH)) <= HZ // 50
    said = np.flatnonzero(left)
    assert 2.2 * HZ < said[0] < 2.3 * HZ
    assert 3.9 * HZ < said[-1] < 4.05 * HZ
