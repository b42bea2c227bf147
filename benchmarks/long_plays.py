"""How long a long play blocks the event loop: `python -m benchmarks.long_plays [--seconds 60] [--rounds 5]`.

Prints a Markdown table: per codec and rate of the PCM, the CPU time of the play itself and of the longest turn behind
it, in ms. A turn is what CallMachine.outgoing does between two looks of the event loop at other calls; with lead_ms
None it has the most to do. Each value is the least of the rounds, because other processes only add to it.
"""

from __future__ import annotations

import argparse
import time
from typing import Final

import numpy as np

from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession

PLANS: Final = {
    "PCMU": StreamPlan(),
    "PCMA": StreamPlan(send_codec="PCMA"),
    "G722": StreamPlan(send_codec="G722"),
    "L16 16000": StreamPlan(send_codec="L16", send_rate_hz=16000),
    "L16 48000": StreamPlan(send_codec="L16", send_rate_hz=48000),
    "OPUS": StreamPlan(send_codec="OPUS"),
    "AMR-WB": StreamPlan(send_codec="AMR-WB"),
}
SOURCES: Final = ((44100, np.int16), (48000, np.int16), (48000, np.float32))
START: Final = (
    '{"event":"start","start":{"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}},"stream_id":"1"}'
)


def voice(seconds: int, rate_hz: int, kind: type[np.generic]) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    """Return intermittent noise, which an encoder does not treat as silence."""
    noise = np.random.default_rng(1).standard_normal(seconds * rate_hz) * 0.1
    noise *= np.abs(np.sin(np.arange(len(noise)) * (2 * np.pi / rate_hz)))
    return noise.astype(np.float32) if kind is np.float32 else (noise * 32767).astype(np.int16)


def measure(plan: StreamPlan, rate_hz: int, kind: type[np.generic], seconds: int) -> tuple[float, float]:
    """Return the CPU time of a play and of the longest turn after it, in ms."""
    pcm = voice(seconds, rate_hz, kind)
    machine = CallMachine(MediaSession(plan, lead_ms=None), 0.0)
    machine.receive(START, 0.0)
    machine.events(0.0)
    # The first frames load libraries and design filters.
    machine.plays.play(pcm[:rate_hz].data, rate_hz)
    while machine.outgoing(0.0):
        pass
    begun_s = time.thread_time()
    machine.plays.play(pcm.data, rate_hz)
    play_s = time.thread_time() - begun_s
    longest_s = 0.0
    while True:
        begun_s = time.thread_time()
        texts = machine.outgoing(20.0)
        longest_s = max(longest_s, time.thread_time() - begun_s)
        if not texts:
            return play_s * 1000, longest_s * 1000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_plays", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of audio per play")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| codec | PCM | play, ms | longest turn, ms |\n|---|---|---|---|")
    for name, plan in PLANS.items():
        for rate_hz, kind in SOURCES:
            rounds = [measure(plan, rate_hz, kind, arguments.seconds) for _ in range(arguments.rounds)]
            play_ms, turn_ms = (min(values) for values in zip(*rounds, strict=True))
            print(f"| {name} | {rate_hz} {kind.__name__} | {play_ms:.2f} | {turn_ms:.2f} |", flush=True)


if __name__ == "__main__":
    main()
