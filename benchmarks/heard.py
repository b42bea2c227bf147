"""CPU time of the heard signal per message, and of its answers: `python -m benchmarks.heard`."""

from __future__ import annotations

import json
import timeit
from base64 import b64encode
from collections.abc import Callable
from time import process_time

from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession

MESSAGES = 3000
ROUNDS = 7
START = '{"event":"start","start":{"media_format":{"encoding":"PCMU","sample_rate":8000}}}'
CHUNK = json.dumps({"event": "media", "media": {"payload": b64encode(bytes(160)).decode()}})
CODECS = ("PCMU", "G722")


def cost_us(act: Callable[[], object], number: int) -> float:
    """Return the CPU time of a call in us: the least of several rounds."""
    return min(timeit.repeat(act, number=number, repeat=ROUNDS, timer=process_time)) / number * 1e6


class Talk:
    """A session that receives and sends one message of audio per step."""

    def __init__(self, codec: str, *, heard: bool) -> None:
        self.session = MediaSession(StreamPlan(send_codec=codec))
        self.session.receive(START, 0.0)
        self.signal = self.session.heard_signal() if heard else None
        self._pcm = bytes(range(1, 161)) * (2 * self.session.send_pcm_hz // 8000)
        self.now_ms = 0.0

    def step(self) -> None:
        """Let 20 ms pass."""
        self.now_ms += 20
        self.session.receive(CHUNK, self.now_ms)
        self.session.play(self._pcm)
        self.session.outgoing(self.now_ms)
        self.session.events(self.now_ms)


def main() -> None:
    """Print two tables."""
    print("| codec | 20 ms both ways, us | with a HeardSignal |")
    print("| --- | --- | --- |")
    for codec in CODECS:
        without, attached = (cost_us(Talk(codec, heard=heard).step, MESSAGES) for heard in (False, True))
        print(f"| {codec} | {without:.1f} | {attached:.1f} |")
    talk = Talk("PCMU", heard=True)
    for _ in range(200):
        talk.step()
    signal = talk.session.heard_signal()
    print("\n| answer | us |")
    print("| --- | --- |")
    answers: tuple[tuple[str, Callable[[], object]], ...] = (
        ("level_dbov of 550 ms of speech", lambda: signal.level_dbov(3000, 3550)),
        ("level_dbov, nothing heard", lambda: signal.level_dbov(9000, 9550)),
        ("reference of 20 ms", lambda: signal.reference(3000, 20)),
    )
    for name, act in answers:
        print(f"| {name} | {cost_us(act, MESSAGES):.1f} |")


if __name__ == "__main__":
    main()
