"""Recordings of simulated calls on the virtual clock: each sample lies where the caller said it."""

from __future__ import annotations

import array
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import AsyncCallControl, StreamPlan, pcmu_decode, pcmu_encode
from rtpcodec.audio.files import read_wav
from rtpcodec.pump import run_virtual
from rtpcodec.server import handlers
from rtpcodec.sim import Carrier, Faults, Variations
from rtpcodec.sim.media.timing import Hold, Link, Timing

RATE = 8
"""Samples per ms."""
SPEECH_MS = 20_000


SPEECH = array.array("h", [(n * 7) % 20_000 - 10_000 for n in range(RATE * SPEECH_MS)]).tobytes()
HEARD = pcmu_decode(pcmu_encode(SPEECH))


def recorded(folder: Path, track: str = "inbound", **options: Any) -> bytes:
    """Record one call of the simulator, and return the PCM of a track."""

    async def main() -> None:
        plan = StreamPlan(tracks="both_tracks")
        async with (
            rtpcodec.serve(handlers.record(folder), plan=plan, idle_timeout_s=None) as endpoint,
            Carrier(seed=1) as carrier,
        ):
            call = carrier.new_call(SPEECH, **options)
            async with AsyncCallControl(carrier.api_key, base_url=carrier.base_url) as control:
                await control.start_streaming(
                    call.call_control_id,
                    stream_url=endpoint.url,
                    stream_track="both_tracks",
                    stream_bidirectional_mode="rtp",
                    stream_bidirectional_target_legs="self",
                )
            await call.finished()
            await endpoint.drain()

    run_virtual(main())
    (path,) = folder.glob(f"*-{track}.wav")
    return read_wav(path)[0]


def part(pcm: bytes, from_ms: int, to_ms: int) -> bytes:
    return pcm[2 * RATE * from_ms : 2 * RATE * to_ms]


def is_same(pcm: bytes, expected: bytes) -> bool:
    """Whether both are equal; a function, because pytest explains unequal megabytes for minutes."""
    return pcm == expected


@pytest.mark.parametrize("unit", ["ms", "rtp_clock"])
@pytest.mark.parametrize("hold_ms", [400, 10_000, 100_000])
def test_a_hold_is_silence_of_its_length(tmp_path: Path, hold_ms: int, unit: Any) -> None:
    timing = Timing(holds=(Hold(from_ms=5000, to_ms=5000 + hold_ms),))
    pcm = recorded(tmp_path, timing=timing, variations=Variations(timestamp_unit=unit))
    assert len(pcm) == 2 * RATE * (SPEECH_MS + hold_ms)
    assert is_same(part(pcm, 0, 5000), part(HEARD, 0, 5000))
    assert not any(part(pcm, 5000, 5000 + hold_ms))
    assert is_same(part(pcm, 5000 + hold_ms, SPEECH_MS + hold_ms), part(HEARD, 5000, SPEECH_MS))


def test_a_hold_that_the_timestamps_do_not_count_is_not_in_the_recording(tmp_path: Path) -> None:
    timing = Timing(holds=(Hold(from_ms=5000, to_ms=15_000, timestamps="stand_still"),))
    assert is_same(recorded(tmp_path, timing=timing), HEARD)


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_stalls_jitter_and_clocks_change_nothing(tmp_path: Path, ppm: float) -> None:
    link = Link(delay_ms=30, jitter_ms=60, stalls_ms=((4000, 6000), (12_000, 12_500)))
    pcm = recorded(tmp_path, timing=Timing(to_app=link, caller_clock_ppm=ppm))
    assert is_same(pcm, HEARD)


@pytest.mark.parametrize("numbers", ["per_track", "shared"])
@pytest.mark.parametrize("left_out", [(), ("chunk",), ("timestamp",)])
def test_with_loss_the_length_and_the_place_of_the_rest_stay(tmp_path: Path, numbers: Any, left_out: Any) -> None:
    """Without timestamps, loss of the first second moves the rest of that second."""
    variations = Variations(chunk_numbers=numbers, leave_out=left_out)
    pcm = recorded(tmp_path, faults=Faults(drop=0.02, reorder=0.05, duplicate=0.02), variations=variations)
    assert abs(len(pcm) - len(HEARD)) <= 2 * RATE * 60  # what is lost at the end does not follow
    begin_ms = 1200
    chunks = range(begin_ms, SPEECH_MS, 20)
    in_place = sum(part(pcm, at, at + 20) == part(HEARD, at, at + 20) for at in chunks)
    assert in_place > 0.95 * len(chunks)
