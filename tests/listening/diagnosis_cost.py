"""What diagnosis costs per chunk of 20 ms while it looks: `python -m tests.listening.diagnosis_cost`."""

from __future__ import annotations

import sys
from time import process_time

from rtpcodec.stream.events import Audio
from tests.listening import streams
from tests.listening.speakers import shipped
from tests.stream import carrier

ROUNDS = 30


def cost_us(encoding: str, coding: str, rate_hz: int, declared_hz: int, diagnosis_s: float | None) -> float:
    """CPU per chunk of speech, in sessions that end before diagnosis does."""
    chunks = streams.encoded(coding, shipped()[0].at(rate_hz, -26.0), 20, rate_hz)
    texts = [carrier.media(chunk, at + 1, track="inbound") for at, chunk in enumerate(chunks)]
    least = float("inf")
    for _ in range(ROUNDS):
        session = streams.session_for(encoding, declared_hz, diagnosis_s=diagnosis_s)
        begin = process_time()
        for at, text in enumerate(texts):
            session.receive(text, 20.0 * at)
            assert type(session.events(20.0 * at)[0]) is Audio
        least = min(least, process_time() - begin)
    return least / len(texts) * 1e6


if __name__ == "__main__":
    for encoding, coding, rate_hz, declared_hz in (
        ("PCMU", "PCMU", 8000, 8000),
        ("G722", "G722", 16000, 8000),
        ("L16", "L16 little", 16000, 16000),
        ("OPUS", "OPUS", 16000, 48000),
    ):
        off, on = (cost_us(encoding, coding, rate_hz, declared_hz, seconds) for seconds in (None, 10.0))
        sys.stdout.write(f"{encoding:5} off {off:6.2f} us, on {on:6.2f} us: {on - off:5.2f} us per chunk of 20 ms\n")
