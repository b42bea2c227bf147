"""Both sides of a recording against the simulator's truth: received samples exactly, heard ones within 20 ms."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rtpcodec
from rtpcodec import errors
from rtpcodec.sim import Faults, Restart, Variations
from rtpcodec.sim.media.timing import Hold, Link, Timing
from tests.listening.recorded_call import EXACT, HZ, Recorded, Samples, pattern, recorded

SPEECH_MS = 30_000
PIECE_MS = 20
NEAR_MS = 20.0
"""How far heard audio may be off."""
PIECE = HZ * PIECE_MS // 1000


async def talk(call: rtpcodec.Call) -> None:
    """Speak, be interrupted, pause, and continue."""
    places = itertools.count(0, 7000)

    async def say(duration_ms: float) -> rtpcodec.server.Reply:
        reply = call.reply()
        await reply.play(pattern(next(places), duration_ms))
        reply.end()
        return reply

    await asyncio.sleep(0.3)
    await (await say(3000)).played()
    await asyncio.sleep(1)
    await say(5000)
    await asyncio.sleep(1.7)
    call.interrupt()
    await asyncio.sleep(0.6)
    last = await say(4000)
    await asyncio.sleep(1.1)
    pause = call.pause_playback()
    await asyncio.sleep(0.9)
    pause.resume()
    await last.played()
    await asyncio.sleep(2)
    await (await say(6000)).played()


def errors_ms(right: Samples, found: Recorded, timing: Timing) -> list[float]:
    """How far each heard piece is off; infinity: it is not in the recording."""
    heard = np.frombuffer(found.report.heard_pcm, np.int16)
    skew = (1 + timing.playout_clock_ppm * 1e-6) / (1 + timing.caller_clock_ppm * 1e-6)
    errors = []
    for at in range(0, len(heard) - PIECE, PIECE):
        piece = heard[at : at + PIECE]
        if not piece.all():
            continue
        near = round(at / skew)
        first = max(0, near - HZ // 4)
        window = right[first : near + HZ // 4]
        places = [
            place
            for place in np.flatnonzero(window == piece[0])
            if np.array_equal(window[place : place + PIECE], piece)
        ]
        errors.append(min((abs(first + place - near) * 1000 / HZ for place in places), default=inf))
    return errors


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "20 ms": {"timing": Timing(to_app=Link(delay_ms=20), from_app=Link(delay_ms=20))},
    "120 ms, jitter": {
        "timing": Timing(to_app=Link(delay_ms=120, jitter_ms=20), from_app=Link(delay_ms=120, jitter_ms=20)),
        "playout_delay_ms": 60,
    },
    "slow and fast": {"timing": Timing(caller_clock_ppm=-100, playout_clock_ppm=100)},
    "fast and slow": {"timing": Timing(caller_clock_ppm=100, playout_clock_ppm=-100, to_app=Link(delay_ms=120))},
    "loss": {"faults": Faults(drop=0.02, reorder=0.03, duplicate=0.02)},
    "hold": {"timing": Timing(holds=(Hold(from_ms=7000, to_ms=12_000),), to_app=Link(delay_ms=20))},
}


SHORT = ("120 ms, jitter", "fast and slow", "hold")
"""Cases of the ordinary suite."""


@pytest.mark.parametrize(
    "case", [case if case in SHORT else pytest.param(case, marks=pytest.mark.long) for case in CASES]
)
def test_both_sides_lie_where_they_were(tmp_path: Path, case: str) -> None:
    options = CASES[case]
    timing = options.get("timing", Timing())
    found = recorded(talk, tmp_path / "call.wav", pattern(0, SPEECH_MS), tail_ms=500, **options)
    left, right = found.sides
    # The caller: exactly, or silent where it was lost.
    truth = np.frombuffer(pattern(0, SPEECH_MS), np.int16)
    for hold in timing.holds:
        at, length = round(hold.from_ms * HZ / 1000), round((hold.to_ms - hold.from_ms) * HZ / 1000)
        truth = np.concatenate((truth[:at], np.zeros(length, np.int16), truth[at:]))
    length = min(len(left), len(truth))
    differs = left[:length] != truth[:length]
    assert not left[:length][differs].any()
    assert differs.sum() <= found.report.chunks_dropped * PIECE
    assert abs(len(left) * 1000 / HZ - (len(truth) * 1000 / HZ + 500)) <= NEAR_MS + (60 if "faults" in options else 0)
    # What was heard: everything, nothing else, within 20 ms. The two cuts are known to as much.
    errors = errors_ms(right, found, timing)
    assert len(errors) > 600
    assert max(error for error in errors if error < inf) <= NEAR_MS
    assert errors.count(inf) <= 4
    heard = np.frombuffer(found.report.heard_pcm, np.int16)
    assert abs(np.count_nonzero(right) - np.count_nonzero(heard)) <= 2 * NEAR_MS * HZ / 1000
    assert found.sidecar["heard_from"] == "sent"


@pytest.mark.long
@pytest.mark.parametrize("ppm", [-500.0, 500.0])
def test_drift_under_a_background_is_absorbed_between_replies(tmp_path: Path, ppm: float) -> None:
    """One run of a minute, in which the clocks drift by 60 ms."""

    async def handle(call: rtpcodec.Call) -> None:
        call.background(pattern(0, 3000), level_dbov=-30, pcm_hz=HZ)
        for number in range(6):
            async with call.reply() as reply:
                await reply.play(pattern(7000 * number, 5000))
            await reply.played()
            await asyncio.sleep(5)

    timing = Timing(caller_clock_ppm=ppm, playout_clock_ppm=-ppm)
    found = recorded(handle, tmp_path / "call.wav", pattern(0, 62_000), tail_ms=500, timing=timing)
    errors = errors_ms(found.sides[1], found, timing)
    assert len(errors) > 2800
    assert max(error for error in errors if error < inf) <= NEAR_MS
    drift = found.sidecar["drift"]
    assert drift["absorptions"] >= 3
    assert errors.count(inf) <= 2 * drift["absorptions"]
    assert abs(drift["absorbed_ms"]) == pytest.approx(60, abs=15)


def test_an_outbound_track_that_contains_us_is_the_right_channel(tmp_path: Path) -> None:
    found = recorded(
        talk,
        tmp_path / "call.wav",
        pattern(0, SPEECH_MS),
        plan=dataclasses.replace(EXACT, tracks="both_tracks"),
        timing=Timing(to_app=Link(delay_ms=120), from_app=Link(delay_ms=120, jitter_ms=40)),
        tail_ms=500,
    )
    assert found.sidecar["heard_from"] == "outbound"
    heard = np.frombuffer(found.report.heard_pcm, np.int16)
    right = found.sides[1]
    length = min(len(heard), len(right))
    assert length > 30.4 * HZ
    first = int(np.flatnonzero(heard)[0])
    lag = int(np.flatnonzero(right)[0]) - first
    assert abs(lag) <= HZ // 50  # the carrier's track lies by its own clock
    end = length - abs(lag)
    assert np.array_equal(right[max(lag, 0) : end + lag], heard[max(-lag, 0) : end]) or lag < 0


@pytest.mark.parametrize("renumbers", [pytest.param(False, marks=pytest.mark.long), True])
@pytest.mark.parametrize("tracks", ["inbound_track", pytest.param("both_tracks", marks=pytest.mark.long)])
def test_a_second_start_continues_the_time_line(tmp_path: Path, tracks: Any, renumbers: bool) -> None:
    found = recorded(
        talk,
        tmp_path / "call.wav",
        pattern(0, SPEECH_MS),
        plan=dataclasses.replace(EXACT, tracks=tracks),
        variations=Variations(restarts=(Restart(at_ms=9000, codec="L16", sample_rate_hz=HZ, renumbers=renumbers),)),
        timing=Timing(to_app=Link(delay_ms=20, jitter_ms=15), from_app=Link(delay_ms=20)),
        tail_ms=500,
    )
    left, right = found.sides
    assert np.array_equal(left[: HZ * SPEECH_MS // 1000], np.frombuffer(pattern(0, SPEECH_MS), np.int16))
    errors = errors_ms(right, found, Timing())
    assert len(errors) > 600
    assert max(error for error in errors if error < inf) <= NEAR_MS
    assert errors.count(inf) <= 4
    assert found.sidecar["restarts_ms"] == [9000]


def test_another_rate_after_a_second_start_is_resampled(tmp_path: Path) -> None:
    radians = np.arange(20 * HZ) * 2 * np.pi / HZ
    tone = (5000 * np.sin(400 * radians) + 5000 * np.sin(330 * radians)).astype(np.int16)
    found = recorded(
        None,
        tmp_path / "call.wav",
        tone.tobytes(),
        variations=Variations(restarts=(Restart(at_ms=9000, codec="PCMU", sample_rate_hz=8000),)),
    )
    left = found.sides[0]
    assert found.sidecar["sample_rate_hz"] == HZ
    assert len(left) == len(tone)
    assert np.array_equal(left[: 9 * HZ], tone[: 9 * HZ])
    # The carrier resamples as well, and is 2 ms late at most.
    first, last = 11 * HZ, 19 * HZ
    errors = {
        late: np.abs(left[first + late : last + late].astype(int) - tone[first:last]).max() for late in range(-99, 99)
    }
    best = min(errors, key=lambda late: errors[late])
    assert 0 <= best <= 0.002 * HZ
    assert errors[best] < 600


DELAYS_MS = ((20, 20), (120, 20), (20, 120), (120, 120))
SKEWS_PPM = ((100, -100), (-100, 100), (100, 100), (-100, -100))


async def talk_on(call: rtpcodec.Call) -> None:
    """Talk until the call ends."""
    while not call.ended:
        with contextlib.suppress(errors.StreamEnded):
            await talk(call)


@pytest.mark.long
@pytest.mark.parametrize("tracks", ["inbound_track", "both_tracks"])
@pytest.mark.parametrize(("delays_ms", "skews_ppm"), list(zip(DELAYS_MS, SKEWS_PPM, strict=True)))
def test_bar_all_at_once(tmp_path: Path, tracks: Any, delays_ms: tuple[int, int], skews_ppm: tuple[int, int]) -> None:
    """Loss, hold, interruptions, pauses, both tracks, skew and delay, for minutes."""
    seconds, hold = 240, Hold(from_ms=20_000, to_ms=27_000)

    timing = Timing(
        to_app=Link(delay_ms=delays_ms[0], jitter_ms=15),
        from_app=Link(delay_ms=delays_ms[1], jitter_ms=15),
        caller_clock_ppm=skews_ppm[0],
        playout_clock_ppm=skews_ppm[1],
        holds=(hold,),
    )
    found = recorded(
        talk_on,
        tmp_path / "call.wav",
        pattern(0, seconds * 1000),
        plan=dataclasses.replace(EXACT, tracks=tracks),
        timing=timing,
        faults=Faults(drop=0.01, reorder=0.02, duplicate=0.02),
        playout_delay_ms=40,
        tail_ms=500,
    )
    left, right = found.sides
    # 1. The caller. The hold is a whole number of chunks.
    truth = np.frombuffer(pattern(0, seconds * 1000), np.int16)
    held = round(hold.from_ms * HZ / 1000)
    assert np.array_equal(left[:held][left[:held] != 0], truth[:held][left[:held] != 0])
    behind = truth[held - PIECE :]
    shifts = [round((hold.to_ms - hold.from_ms) * HZ / 1000) + PIECE * chunks for chunks in (-1, 0, 1)]
    matches = [int(np.sum(_part(left, held - PIECE + shift, len(behind)) == behind)) for shift in shifts]
    assert max(matches) >= 0.985 * len(behind) - found.report.chunks_dropped * PIECE * (tracks == "inbound_track")
    length_ms = seconds * 1000 + hold.to_ms - hold.from_ms + 500
    assert abs(len(left) * 1000 / HZ - length_ms) <= NEAR_MS + 20 * 3  # chunks that are lost at the end do not follow
    # 2. What was heard.
    off = errors_ms(right, found, timing)
    assert len(off) > 4000
    assert max(error for error in off if error < inf) <= NEAR_MS
    differing = 0.0
    if tracks == "both_tracks":
        # The simulator's track repeats or leaves out a sample where its clocks differ, and chunks of it are lost.
        slips = abs(skews_ppm[0] - skews_ppm[1]) * 1e-6 * HZ * len(off) * PIECE_MS / 1000
        differing = slips + 2 * found.report.chunks_dropped
    assert off.count(inf) <= 0.01 * len(off) + differing
    assert found.sidecar["heard_from"] == ("outbound" if tracks == "both_tracks" else "sent")


def _part(samples: Samples, first: int, length: int) -> Samples:
    part = samples[first : first + length]
    return np.concatenate((part, np.zeros(length - len(part), np.int16)))
