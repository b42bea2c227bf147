"""The path from the carrier to the app: faults of chunks, then the link. The same seed gives the same faults."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field, replace
from math import inf
from typing import Final

from rtpcodec.sim.media.echo_path import EchoPath
from rtpcodec.sim.media.link import LinkClock
from rtpcodec.sim.media.timing import Interval, Link, end_of

CLOCK_SLACK_MS: Final = 1e-3
"""Rounding errors of deadlines are smaller than this."""

_DIRECT: Final = Link()


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Faults of the chunks and keys that a carrier sends, and of their audio. Marks, keys, start and stop are not lost.

    Raises:
        ValueError: a probability is outside 0 to 1, a delay is negative or a stall would never end.
    """

    reorder: float = 0.0
    """Probability that a chunk is overtaken by later ones of its track."""
    reorder_by: int = 2
    """How many of them at most."""
    duplicate: float = 0.0
    """Probability that a chunk is sent twice."""
    drop: float = 0.0
    """Probability that a chunk is lost; its numbers are missing then."""
    stall_ms: float = 0.0
    """Length of a stall: nothing is sent, and then everything that is due in a burst."""
    stall_every_s: float = 0.0
    """Time from the begin of one stall to the next; the first begins this long after `start`. 0: no stalls.

    `Timing.to_app` has stalls at chosen times.
    """
    echo_path: EchoPath | None = None
    """The phone returns what it hears; None: it does not."""

    key_delay_ms: float = 0.0
    """How late the message of a key is at most, so that later keys overtake it. Its `occurred_at` is not late."""
    key_duplicate: float = 0.0
    """Probability that a key has two messages, with the same `occurred_at` and a delay each."""

    def __post_init__(self) -> None:
        for name in ("reorder", "duplicate", "drop", "key_duplicate"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}, a probability from 0 to 1 is needed")
        if self.reorder_by < 1:
            raise ValueError(f"reorder_by is {self.reorder_by}, at least 1 is needed")
        if not 0 <= self.key_delay_ms < inf:
            raise ValueError(f"key_delay_ms is {self.key_delay_ms}, 0 or more is needed")
        if self.stall_ms < 0 or self.stall_every_s < 0:
            raise ValueError(f"stall_ms is {self.stall_ms} and stall_every_s {self.stall_every_s}, neither is negative")
        if self.stall_every_s and self.stall_ms >= self.stall_every_s * 1000:
            raise ValueError(
                f"stall_ms is {self.stall_ms}, less than the {self.stall_every_s} s between stalls is needed"
            )


@dataclass(slots=True)
class Packet:
    """One message on its way."""

    text: str
    track: str | None = None
    """Track of a chunk of audio; None: another message."""
    octets: int = 0
    """Octets of the chunk's payload."""
    repeated: bool = False
    """Whether it is the second copy of a chunk."""
    sent_ms: float = 0.0
    """When the carrier sends it."""
    due_ms: float = 0.0
    """When it reaches the app."""


@dataclass(slots=True)
class _Held:
    packet: Packet
    overtakers: int


@dataclass(slots=True)
class _Generators:
    """One random generator per fault, so that one setting never changes the effect of another."""

    reorder: random.Random
    duplicate: random.Random
    drop: random.Random
    held: list[_Held] = field(default_factory=list)


class Network:
    """Queues messages when they are made, and returns them when they reach the app."""

    __slots__ = (
        "_faults",
        "_generators",
        "_link",
        "_octets",
        "_pongs",
        "_queue",
        "_seed",
        "_stalls_end",
        "_standstills_ms",
        "_start_ms",
        "arrived_pongs",
        "dropped",
        "duplicated",
        "reordered",
    )

    def __init__(
        self,
        faults: Faults,
        seed: str,
        start_ms: float,
        link: Link = _DIRECT,
        standstills_ms: tuple[Interval, ...] = (),
    ) -> None:
        self._faults = faults
        self._seed = seed
        self._start_ms = start_ms
        self._link = LinkClock(link, f"{seed}/to_app", start_ms)
        self._standstills_ms = standstills_ms
        self._queue: deque[Packet] = deque()
        self._pongs: deque[tuple[float, bytes]] = deque()
        self.arrived_pongs: list[bytes] = []
        """Payloads of the answers to pings that have reached the app. The caller that delivers them clears the list."""
        self._octets = 0  # of all texts in the queue
        self._generators: dict[str, _Generators] = {}
        self._stalls_end = False
        self.dropped = 0
        self.duplicated = 0
        self.reordered = 0

    def put(self, packet: Packet, now_ms: float) -> None:
        """Queue a message that was made now; faults apply to chunks of audio."""
        if packet.track is None:
            self._send(packet, now_ms)
            return
        faults, draws = self._faults, self._draws_of(packet.track)
        # Each chunk draws for each fault, even without need: so the faults of chunk n do not depend on earlier ones.
        reorder = draws.reorder.random() < faults.reorder
        overtakers = draws.reorder.randint(1, faults.reorder_by)
        duplicate = draws.duplicate.random() < faults.duplicate
        if draws.drop.random() < faults.drop:
            self.dropped += 1
        elif reorder and len(draws.held) < faults.reorder_by:
            draws.held.append(_Held(packet, overtakers))
        else:
            self._send(packet, now_ms)
            if duplicate:
                self.duplicated += 1
                self._send(replace(packet, repeated=True), now_ms)
            self._overtake(draws, now_ms)

    def _draws_of(self, track: str) -> _Generators:
        draws = self._generators.get(track)
        if draws is None:
            # Chance for tests, no secrets: the seed must repeat it.
            reorder, duplicate, drop = (
                random.Random(f"{self._seed}/{track}/{kind}")  # noqa: S311 -- as said
                for kind in ("reorder", "duplicate", "drop")
            )
            draws = self._generators[track] = _Generators(reorder, duplicate, drop)
        return draws

    def _overtake(self, draws: _Generators, now_ms: float) -> None:
        """Count a chunk that has overtaken the waiting ones, and send those that were overtaken often enough."""
        for held in draws.held:
            held.overtakers -= 1
        free = [held.packet for held in draws.held if held.overtakers <= 0]
        draws.held = [held for held in draws.held if held.overtakers > 0]
        self.reordered += len(free)
        for packet in free:
            self._send(packet, now_ms)

    def _send(self, packet: Packet, now_ms: float) -> None:
        packet.sent_ms = packet.due_ms = now_ms
        if not self._stalls_end:
            packet.sent_ms = self._stalled_until_ms(now_ms)
            packet.due_ms = self._link.arrival_ms(packet.sent_ms)
        self._queue.append(packet)
        self._octets += len(packet.text)

    def pong(self, payload: bytes, now_ms: float) -> None:
        """Queue the answer to a ping: the link delays it, and it overtakes no message."""
        due_ms = now_ms if self._stalls_end else self._link.arrival_ms(self._stalled_until_ms(now_ms))
        self._pongs.append((due_ms, payload))

    def pass_pongs(self, now_ms: float) -> None:
        """Move the answers to pings that reach the app now to `arrived_pongs`."""
        while self._pongs and self._pongs[0][0] <= now_ms + CLOCK_SLACK_MS:
            self.arrived_pongs.append(self._pongs.popleft()[1])

    def flush(self, now_ms: float) -> None:
        """Send the chunks that wait to be overtaken: no further chunk follows."""
        for draws in self._generators.values():
            for held in draws.held:
                self._send(held.packet, now_ms)
            draws.held.clear()

    def discard(self) -> None:
        """Drop everything that has not reached the app."""
        self._queue.clear()
        self._octets = 0

    def end_stalls(self, now_ms: float) -> None:
        """From now on, deliver everything without stall or delay."""
        self._stalls_end = True
        for packet in self._queue:
            packet.due_ms = min(packet.due_ms, now_ms)
        self._pongs = deque((min(due_ms, now_ms), payload) for due_ms, payload in self._pongs)

    def due(self, now_ms: float) -> list[Packet]:
        """Take the messages that reach the app now."""
        packets: list[Packet] = []
        while self._queue and self._queue[0].due_ms <= now_ms + CLOCK_SLACK_MS:
            packet = self._queue.popleft()
            self._octets -= len(packet.text)
            packets.append(packet)
        return packets

    def drop_due(self, now_ms: float) -> None:
        """Drop the chunks of audio that would reach the app now; other messages wait."""
        kept = [packet for packet in self.due(now_ms) if packet.track is None]
        self._queue.extendleft(reversed(kept))
        self._octets += sum(len(packet.text) for packet in kept)

    def has_due(self, octets: int, now_ms: float) -> bool:
        """Return whether `due` would return more than so many octets. If fewer are queued, it reads none."""
        if self._octets <= octets:
            return False
        return sum(len(packet.text) for packet in self._queue if packet.due_ms <= now_ms + CLOCK_SLACK_MS) > octets

    @property
    def next_deadline_ms(self) -> float | None:
        """When `due` or `pass_pongs` has something to return; None: nothing is queued."""
        packet_ms = self._queue[0].due_ms if self._queue else None
        if not self._pongs:
            return packet_ms
        return self._pongs[0][0] if packet_ms is None else min(packet_ms, self._pongs[0][0])

    def __len__(self) -> int:
        return len(self._queue)

    def _stalled_until_ms(self, now_ms: float) -> float:
        if self._standstills_ms:
            now_ms = self._start_ms + end_of(self._standstills_ms, now_ms - self._start_ms)
        every_ms = self._faults.stall_every_s * 1000
        if not every_ms or not self._faults.stall_ms or now_ms < self._start_ms + every_ms:
            return now_ms
        begun_ms = self._start_ms + (now_ms - self._start_ms) // every_ms * every_ms
        return max(now_ms, begun_ms + self._faults.stall_ms)
