"""examples/voice_cloak.py: two people who talk through it on simulated calls, one of them with another pitch."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, Carrier
from tests.examples.service_calls import MAX_LINES, errors_of, example, lines_of


def voice(pitch_hz: float, duration_ms: int = 2000) -> bytes:
    """A steady tone at 8000 Hz between silences."""
    said = 9000 * np.sin(np.arange(duration_ms * 8) * 2 * np.pi * pitch_hz / 8000)
    return np.concatenate([np.zeros(4000), said, np.zeros(8000)]).astype(np.int16).tobytes()


def talk(*sides: tuple[str, bytes]) -> list[CallReport]:
    """Let people call, each with a path and a voice; returns what each of them heard."""

    async def main() -> list[CallReport]:
        module = example("voice_cloak")
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.serve(
                module.connect, plan=module.PLAN, lead_ms=100, max_queue_ms=200, when_full="drop_oldest"
            ) as endpoint,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
        ):
            calls = []
            for path, said in sides:
                calls.append(carrier.new_call(said, playout_delay_ms=60))
                fields = module.PLAN.command_fields()
                await control.start_streaming(calls[-1].call_control_id, stream_url=f"{endpoint.url}{path}", **fields)
            reports = await asyncio.gather(*(call.finished() for call in calls))
            await endpoint.drain()
            assert not module.TALKS
            return list(reports)

    return run_virtual(main())


def pitch_hz(report: CallReport) -> float:
    """The strongest pitch of what was heard, 0 if that is silence."""
    heard = np.frombuffer(report.heard_pcm, np.int16).astype(float)
    loud = np.flatnonzero(np.abs(heard) > 2000)
    if not len(loud):
        return 0.0
    tone = heard[loud[0] : loud[-1]]
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
    return float(spectrum.argmax() * report.heard_hz / len(tone))


@pytest.mark.parametrize("ratio", [0.8, 1.25])
def test_one_side_is_heard_with_another_pitch(ratio: float, caplog: pytest.LogCaptureFixture) -> None:
    cloaked, other = talk((f"?talk=7&cloak={ratio}", voice(400)), ("?talk=7", voice(600)))
    assert pitch_hz(other) == pytest.approx(400 * ratio, abs=26)
    assert pitch_hz(cloaked) == pytest.approx(600, abs=2)
    assert errors_of(caplog) == []


def test_the_delay_is_short() -> None:
    cloaked, other = talk(("?talk=7&cloak=0.8", voice(400)), ("?talk=7", bytes(48_000)))
    said = np.flatnonzero(np.abs(np.frombuffer(cloaked.source_pcm, np.int16)) > 3000)[0] / 8
    heard = np.flatnonzero(np.abs(np.frombuffer(other.heard_pcm, np.int16)) > 3000)[0] / 16
    assert 0 < heard - said < 200


def test_the_chunks_do_not_matter() -> None:
    module = example("voice_cloak")
    whole, cut = module.PitchShifter(1.25), module.PitchShifter(1.25)
    pcm = np.random.default_rng(1).integers(-9000, 9000, 3200).astype(np.int16).tobytes()
    pieces = [cut.shift(pcm[at : at + 642]) for at in range(0, len(pcm), 642)]
    assert b"".join(pieces) == whole.shift(pcm)
    assert cut.shift(b"") == b""


def test_talks_do_not_hear_each_other() -> None:
    first, second = talk(("?talk=1", voice(400)), ("?talk=2", voice(600)))
    assert (pitch_hz(first), pitch_hz(second)) == (0, 0)


def test_the_example_has_at_most_sixty_lines() -> None:
    assert lines_of("voice_cloak") <= MAX_LINES
