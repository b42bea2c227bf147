"""The jitter buffer and aiortc's on the same networks: `python -m benchmarks.jitter`.

A minute of 20 ms packets crosses a seeded network ten times for each row. Jitter is the size of a normal deviate that
is added to the way of each packet; losses come alone or in bursts. A frame's added delay is the time at which it is
given out less that at which it could have come on the way without jitter. aiortc's buffer is made as its audio receiver
makes it: 16 packets, 4 ahead.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from rtpcodec import RtpPacket
from rtpcodec.rtp.jitter import JitterBuffer, Wait
from rtpcodec.rtp.reorder import Lost

FRAME_MS: Final = 20.0
TICKS: Final = 160
WAY_MS: Final = 40.0
DEADLINES_MS: Final = (80.0, 120.0, 200.0)
SEEDS: Final = range(10)
CAPACITY, PREFETCH = 16, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The faults of a network."""

    loss: float = 0.0
    burst: float = 1.0
    """Mean length of a run of losses."""
    jitter_ms: float = 0.0
    duplicate: float = 0.0
    drift_ppm: float = 0.0
    """How much slower than ours the sender's clock runs."""
    first_sequence: int = 65_000
    packets: int = 3000
    pause_every: int = 0
    """After this number of packets, a second of silence without packets follows; 0: never."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet with its time of arrival. number counts from 0; earliest_ms is the arrival without jitter."""

    arrival_ms: float
    number: int
    earliest_ms: float
    packet: RtpPacket


def sent(network: Network) -> Iterator[tuple[int, float, RtpPacket]]:
    """Yield number, time of sending and packet."""
    silence_ms = 0.0
    for number in range(network.packets):
        starts = number == 0 or (network.pause_every and number % network.pause_every == 0)
        silence_ms += 1000.0 if starts and number else 0.0
        media_ms = number * FRAME_MS + silence_ms
        packet = RtpPacket(
            payload_type=0,
            sequence_number=(network.first_sequence + number) & 0xFFFF,
            timestamp=(4_294_900_000 + int(media_ms * TICKS / FRAME_MS)) & 0xFFFF_FFFF,
            ssrc=7,
            marker=bool(starts),
        )
        yield number, media_ms * (1 + network.drift_ppm / 1e6), packet


def arrivals(network: Network, seed: int) -> list[Arrival]:
    """Return the packets that arrive, in the order of arrival."""
    random, losing, found = Random(seed), False, []  # noqa: S311 -- a network for tests
    leave = 1 / network.burst
    enter = network.loss * leave / (1 - network.loss)
    for number, sent_ms, packet in sent(network):
        losing = random.random() < (1 - leave if losing else enter)
        if losing:
            continue
        earliest_ms = sent_ms + WAY_MS
        for _ in range(2 if random.random() < network.duplicate else 1):
            delay_ms = min(abs(random.gauss(0, network.jitter_ms)), 4 * network.jitter_ms)
            found.append(Arrival(earliest_ms + delay_ms, number, earliest_ms, packet))
    return sorted(found, key=lambda one: one.arrival_ms)


def played(buffer: JitterBuffer, coming: list[Arrival]) -> Iterator[tuple[float, RtpPacket | Lost]]:
    """Yield time and output of the buffer, for a reader that calls `pop` at each arrival and each `until_ms`."""
    waiting = [(one.arrival_ms, at) for at, one in enumerate(coming)]
    heapq.heapify(waiting)
    wake_ms: float | None = None
    while waiting or wake_ms is not None:
        if wake_ms is None or (waiting and waiting[0][0] <= wake_ms):
            now_ms, at = heapq.heappop(waiting)
            buffer.put(coming[at].packet, now_ms)
        else:
            now_ms = wake_ms
        while not isinstance(out := buffer.pop(now_ms), Wait):
            yield now_ms, out
        wake_ms = out.until_ms


def ours(coming: list[Arrival]) -> dict[int, float]:
    """Return when each packet was returned, by its number."""
    out = {}
    for now_ms, item in played(JitterBuffer(8000), coming):
        if isinstance(item, RtpPacket):
            out[item.sequence_number] = now_ms
    return out


def aiortc(coming: list[Arrival]) -> dict[int, float]:
    """Return the same for aiortc's buffer, which only needs these attributes of packets."""
    from aiortc.jitterbuffer import JitterBuffer as Buffer  # noqa: PLC0415 -- the other races need none of it
    from aiortc.rtp import RtpPacket as Packet  # noqa: PLC0415

    buffer, out = Buffer(capacity=CAPACITY, prefetch=PREFETCH), {}
    for one in coming:
        packet: Any = Packet(sequence_number=one.packet.sequence_number, timestamp=one.packet.timestamp)
        packet._data = one.packet.sequence_number.to_bytes(2)  # noqa: SLF001 -- where its receiver puts the payload
        _, frame = buffer.add(packet)
        if frame is not None:
            out[int.from_bytes(frame.data)] = one.arrival_ms
    return out


@dataclass(frozen=True, slots=True)
class Result:
    """Return the mean added delay of the returned packets, and the shares not returned by each deadline."""

    delay_ms: float
    missing: tuple[float, ...]


def result(network: Network, way: Any) -> Result:
    """Return the figures over all seeds. Numbers do not wrap: there are fewer than 65536 packets."""
    delays: list[float] = []
    total = 0
    for seed in SEEDS:
        coming = arrivals(network, seed)
        earliest = {packet.sequence_number: ms + WAY_MS for _, ms, packet in sent(network)}
        delays += [now_ms - earliest[number] for number, now_ms in way(coming).items()]
        total += network.packets
    missing = tuple(1 - sum(delay <= deadline for delay in delays) / total for deadline in DEADLINES_MS)
    return Result(sum(delays) / len(delays), missing)


NETWORKS: Final = {
    "1 % loss, 20 ms jitter": Network(loss=0.01, jitter_ms=20),
    "no loss, 20 ms jitter": Network(jitter_ms=20),
    "5 % loss in bursts of 3, 20 ms jitter": Network(loss=0.05, burst=3, jitter_ms=20),
    "1 % loss, 40 ms jitter": Network(loss=0.01, jitter_ms=40),
    "20 % loss, 80 ms jitter": Network(loss=0.2, jitter_ms=80),
    "1 % loss, no jitter": Network(loss=0.01),
}
WAYS: Final = {"rtpcodec": ours, "aiortc": aiortc}


def table() -> list[str]:
    """Return the figures in Markdown."""
    deadlines = " | ".join(f"missing at {deadline:.0f} ms" for deadline in DEADLINES_MS)
    lines = [f"| network | buffer | added delay, ms | {deadlines} |", "|---|---|--:|" + "--:|" * len(DEADLINES_MS)]
    for name, network in NETWORKS.items():
        for way, run in WAYS.items():
            found = result(replace(network), run)
            missing = " | ".join(f"{share:.2%}" for share in found.missing)
            lines.append(f"| {name} | {way} | {found.delay_ms:.1f} | {missing} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
