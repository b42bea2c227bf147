"""The work and the memory per packet do not depend on its sequence number or timestamp."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from rtpcodec.rtp.jitter import MAX_HELD_PACKETS, RARELY_CHECKED, JitterBuffer
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.schedule import MAX_SUSPECTS
from tests.stream.executed_lines import lines_of

STEPS: dict[str, Callable[[random.Random, int], tuple[int, int]]] = {
    "no time": lambda rng, at: (1, 0),
    "a sample each": lambda rng, at: (1, 1),
    "another time": lambda rng, at: (1, 8000 * 100 if at == 60 else 160),
    "an earlier time": lambda rng, at: (1, -8000 * 100 if at == 60 else 160),
    "any time": lambda rng, at: (1, rng.choice([160, 10**6, -(10**6), 2**31])),
    "any number": lambda rng, at: (rng.choice([1, 2999, 3001, -50, 40_000]), 160),
    "far ahead at last": lambda rng, at: (1, 8000 * 20 if at == MAX_HELD_PACKETS + 90 else 0),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("is_fetched", [True, False])
def test_a_flood_of_packets_at_one_moment_is_bounded(name: str, *, is_fetched: bool) -> None:
    rng = random.Random(name)
    buffer = JitterBuffer(8000)
    number = timestamp = 0
    lines = []

    def act() -> None:
        buffer.put(packet, 20.0)
        if is_fetched:
            buffer.pop(20.0)

    for at in range(MAX_HELD_PACKETS + 200):
        ahead, ticks = STEPS[name](rng, at)
        number, timestamp = (number + ahead) % 2**16, (timestamp + ticks) % 2**32
        packet = RtpPacket(payload_type=0, sequence_number=number, timestamp=timestamp, ssrc=1, payload=at.to_bytes(2))
        if at < MAX_HELD_PACKETS + 80:
            act()
        else:
            lines.append(lines_of(act))
        other = buffer._schedule._other
        assert buffer.held <= 2 * MAX_HELD_PACKETS + 1
        assert other is None or len(other.suspects) <= MAX_SUSPECTS
    assert sum(lines) / len(lines) < 15 * MAX_HELD_PACKETS / RARELY_CHECKED + 700
    assert max(lines) < 25 * MAX_HELD_PACKETS
