"""CPU time of background sound per frame of 20 ms: `python -m benchmarks.background`."""

from __future__ import annotations

import random
import timeit
from array import array
from collections.abc import Callable
from time import process_time

from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import BackgroundSource, background_source
from rtpcodec.stream.speaking.idle_sound import IdleSound

RATES_HZ = ((8000, 8000), (16000, 16000), (48000, 48000), (48000, 8000), (16000, 8000), (8000, 16000), (24000, 48000))
FRAMES = 2000
ROUNDS = 7


def cost_us(act: Callable[[], object]) -> float:
    """Return the CPU time of a call in us: the least of several rounds."""
    return min(timeit.repeat(act, number=FRAMES, repeat=ROUNDS, timer=process_time)) / FRAMES * 1e6


def noise(samples: int) -> bytes:
    """Return PCM that no kernel handles in a special way."""
    drawn = random.Random(samples)  # noqa: S311 -- the same noise in every run
    return array("h", [drawn.randint(-6000, 6000) for _ in range(samples)]).tobytes()


def costs_us(source: BackgroundSource, to_hz: int) -> list[float]:
    """Return the cost of a pause, of speech, of speech while the ducking moves, and of a rewind."""
    samples = to_hz // 50
    speech = noise(samples)
    idle, ducking, cut = (
        IdleSound(to_hz, "comfort_noise"),
        BackgroundSound(source, to_hz, duck_db=12.0),
        BackgroundSound(source, to_hz),
    )
    idle.add(BackgroundSound(source, to_hz))

    def alternate() -> None:
        ducking.under(speech)
        ducking.alone(samples)

    def rewind() -> None:
        cut.rewind(samples // 2)
        cut.alone(samples)

    idle.frame(samples)
    ducking.alone(samples)
    return [
        cost_us(lambda: idle.frame(samples)),
        cost_us(lambda: idle.under(speech)),
        cost_us(alternate) / 2,
        cost_us(rewind),
    ]


def main() -> None:
    """Print a table."""
    print("| recording -> call, Hz | pause, us | under speech | while ducking moves | after a rewind |")
    print("| --- | --- | --- | --- | --- |")
    for from_hz, to_hz in RATES_HZ:
        costs = costs_us(background_source(noise(from_hz), from_hz), to_hz)
        print(f"| {from_hz} -> {to_hz} | {' | '.join(f'{one:.1f}' for one in costs)} |")


if __name__ == "__main__":
    main()
