"""Marks and `clear` of unusual carriers, with delays and a hold; times computed here, messages without our code."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, ClearHabits, Link, MarkHabits, Timing, Variations
from tests.sim.memory_app import MemoryApp, streamed
from tests.sim.streams import ramp

UP_MS, DOWN_MS, HOLD_MS = 20.0, 120.0, 60.0
SOUND = pcmu_encode(ramp(8000, 3))
"""1 s in ten messages, each with a mark after it; the clear and its last mark follow 500 ms after them."""
PLAYED = {str(n): UP_MS + HOLD_MS + 100 * n + DOWN_MS for n in range(1, 11)}
"""When the app receives each mark if nothing is cleared."""
CLEARED_MS = 500 + UP_MS + DOWN_MS
"""When the app receives the marks that a clear returns at once."""
HEARD_MS = 500 + UP_MS - UP_MS - HOLD_MS
"""Audio that was heard when the clear arrived."""


def speak(app: MemoryApp) -> None:
    for number in range(10):
        app.play(SOUND[800 * number : 800 * (number + 1)])
        app.mark(str(number + 1))


def interrupt(app: MemoryApp) -> None:
    app.clear()
    app.mark("fence")


def conversation(variations: Variations, **options: Any) -> tuple[MemoryApp, CallReport]:
    timing = Timing(from_app=Link(delay_ms=UP_MS), to_app=Link(delay_ms=DOWN_MS))
    return run_virtual(
        streamed(
            {0: speak, 500: interrupt},
            speech_ms=5000,
            variations=variations,
            timing=timing,
            playout_delay_ms=HOLD_MS,
            logs_playout=True,
            **options,
        )
    )


def after_clear(at_ms: float, last_played: int = 4) -> dict[str, float]:
    """Return marks that were played, and all others at one moment."""
    return {name: ms if int(name) <= last_played else at_ms for name, ms in PLAYED.items()} | {"fence": at_ms}


def without(times: dict[str, float], *names: str) -> dict[str, float]:
    return {name: ms for name, ms in times.items() if name not in names}


AS_DOCUMENTED = after_clear(CLEARED_MS)
STRANGE: dict[str, tuple[Variations, dict[str, float], float]] = {
    "as documented": (Variations(), AS_DOCUMENTED, HEARD_MS),
    "no echo": (Variations(marks=MarkHabits(echo="never")), {}, HEARD_MS),
    "echo on receipt": (
        Variations(marks=MarkHabits(echo="received")),
        dict.fromkeys(PLAYED, UP_MS + DOWN_MS) | {"fence": CLEARED_MS},
        HEARD_MS,
    ),
    "2 s late": (
        Variations(marks=MarkHabits(late_ms=2000.0)),
        {name: ms + 2000 for name, ms in AS_DOCUMENTED.items()},
        HEARD_MS,
    ),
    "clear returns no marks": (
        Variations(clears=ClearHabits(effect="no_marks")),
        without(AS_DOCUMENTED, *map(str, range(5, 11))),
        HEARD_MS,
    ),
    "clear takes 300 ms": (
        Variations(clears=ClearHabits(late_ms=300.0)),
        after_clear(CLEARED_MS + 300, last_played=7),
        HEARD_MS + 300,
    ),
    "clear ignored": (
        Variations(clears=ClearHabits(effect="ignored")),
        PLAYED | {"fence": PLAYED["10"]},
        1000.0,
    ),
    "100005 on the third mark": (Variations(marks=MarkHabits(refused=(3,))), without(AS_DOCUMENTED, "3"), HEARD_MS),
}


@pytest.mark.parametrize(("variations", "returned", "heard_ms"), STRANGE.values(), ids=STRANGE)
def test_marks_and_clear_of_a_strange_carrier(
    variations: Variations, returned: dict[str, float], heard_ms: float
) -> None:
    app, report = conversation(variations)
    assert {name: at for at, name in app.marks()} == pytest.approx(returned, abs=0.2)
    assert len(app.marks()) == len(returned), "none comes twice"
    errors = [(at, message["payload"]["code"]) for at, message in app.messages if message["event"] == "error"]
    assert errors == ([(UP_MS + DOWN_MS, 100005)] if variations.marks.refused else [])
    # The heard audio, by the report and by the log.
    sound = pcmu_decode(SOUND)[: 2 * round(8 * heard_ms)]
    begin = report.heard_pcm.find(sound[:160])
    assert report.heard_pcm[begin : begin + len(sound)] == sound
    assert not any(report.heard_pcm[begin + len(sound) :])
    assert report.playout_log is not None
    (clear,) = report.playout_log.clears
    assert clear.sent_position == pytest.approx(8 * heard_ms, abs=1)
    assert clear.position == begin // 2 + clear.sent_position
    assert clear.dropped_samples == 8000 - clear.sent_position


def test_a_share_of_marks_is_lost_and_the_others_are_on_time() -> None:
    def speak_much(app: MemoryApp) -> None:
        app.play(SOUND)
        for number in range(400):
            app.mark(str(number))

    async def main() -> tuple[MemoryApp, CallReport]:
        return await streamed({0: speak_much}, seed=1, variations=Variations(marks=MarkHabits(lost=0.05)))

    app, report = run_virtual(main())
    assert {at for at, _ in app.marks()} == {1000.0}
    names = [int(name) for _, name in app.marks()]
    assert names == sorted(names)
    assert report.marks_lost == 400 - len(names)
    assert 8 <= report.marks_lost <= 36


@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_the_clock_of_the_play_out_moves_the_marks(ppm: float) -> None:
    def speak_long(app: MemoryApp) -> None:
        for number in range(1, 61):
            app.play(bytes(8000))
            app.mark(str(number))

    async def main() -> MemoryApp:
        app, _ = await streamed({0: speak_long}, speech_ms=62_000, timing=Timing(playout_clock_ppm=ppm))
        return app

    late_ms = [at - 1000 * n / (1 + ppm * 1e-6) for n, (at, _) in enumerate(run_virtual(main()).marks(), 1)]
    assert len(late_ms) == 60
    assert -0.01 <= min(late_ms) <= max(late_ms) <= 1.01, "timers of a pump count whole milliseconds"


def test_nothing_but_the_fence_is_left_of_a_stream_without_audio() -> None:
    async def main() -> MemoryApp:
        app, _ = await streamed({10: interrupt}, speech_ms=200)
        await asyncio.sleep(0)
        return app

    assert run_virtual(main()).marks() == [(10.0, "fence")]
