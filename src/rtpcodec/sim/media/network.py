"""The way from the carrier to the app with its faults, which a seed decides: the same seed, the same faults."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong with the chunks that a carrier sends. Marks, digits, start and stop are never lost or reordered.

    ValueError: a probability outside 0 to 1, or a stall that would never end.
    """

    reorder: float = 0.0
    """Probability that a chunk is overtaken by later ones of its track."""
    reorder_by: int = 2
    """How many of them at most."""
    duplicate: float = 0.0
    """Probability that a chunk comes twice."""
    drop: float = 0.0
    """Probability that a chunk never comes; its numbers are missing then."""
    stall_ms: float = 0.0
    """How long nothing at all is sent, before all that is due comes in a burst."""
    stall_every_s: float = 0.0
    """The time from the beginning of one stall to the next; the first begins so long after `start`. 0: none."""

    def __post_init__(self) -> None:
        for name in ("reorder", "duplicate", "drop"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}, a probability from 0 to 1 is needed")
        if self.reorder_by < 1:
            raise ValueError(f"reorder_by is {self.reorder_by}, at least 1 is needed")
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
    """Of a chunk of audio; None: another message."""
    octets: int = 0
    """Of the chunk's payload."""
    repeated: bool = False
    """It is the second copy of a chunk."""


@dataclass(slots=True)
class _Held:
    packet: Packet
    overtakers: int


@dataclass(slots=True)
class _Draws:
    """One source of chance a fault, so that one switch never changes what another does."""

    reorder: random.Random
    duplicate: random.Random
    drop: random.Random
    held: list[_Held] = field(default_factory=list)


class Network:
    """Takes messages as they are made and gives those that go out now."""

    __slots__ = ("_draws", "_faults", "_queue", "_seed", "_start_ms", "dropped", "duplicated", "reordered")

    def __init__(self, faults: Faults, seed: str, start_ms: float) -> None:
        self._faults = faults
        self._seed = seed
        self._start_ms = start_ms
        self._queue: deque[Packet] = deque()
        self._draws: dict[str, _Draws] = {}
        self.dropped = 0
        self.duplicated = 0
        self.reordered = 0

    def put(self, packet: Packet) -> None:
        """A message is made; chunks of audio meet the faults."""
        if packet.track is None:
            self._queue.append(packet)
            return
        faults, draws = self._faults, self._draws_of(packet.track)
        # Each chunk draws for each fault, also where it cannot matter: chunk n has the same fate whatever came before.
        reorder = draws.reorder.random() < faults.reorder
        overtakers = draws.reorder.randint(1, faults.reorder_by)
        duplicate = draws.duplicate.random() < faults.duplicate
        if draws.drop.random() < faults.drop:
            self.dropped += 1
        elif reorder and len(draws.held) < faults.reorder_by:
            draws.held.append(_Held(packet, overtakers))
        else:
            self._queue.append(packet)
            if duplicate:
                self.duplicated += 1
                self._queue.append(replace(packet, repeated=True))
            self._overtake(draws)

    def _draws_of(self, track: str) -> _Draws:
        draws = self._draws.get(track)
        if draws is None:
            # Chance for tests, no secrets: the seed must repeat it.
            reorder, duplicate, drop = (
                random.Random(f"{self._seed}/{track}/{kind}")  # noqa: S311 -- as said
                for kind in ("reorder", "duplicate", "drop")
            )
            draws = self._draws[track] = _Draws(reorder, duplicate, drop)
        return draws

    def _overtake(self, draws: _Draws) -> None:
        """A chunk went past those that wait; let go the ones it was the last for."""
        for held in draws.held:
            held.overtakers -= 1
        free = [held.packet for held in draws.held if held.overtakers <= 0]
        draws.held = [held for held in draws.held if held.overtakers > 0]
        self.reordered += len(free)
        self._queue.extend(free)

    def flush(self) -> None:
        """Let go what still waits to be overtaken: nothing follows that could."""
        for draws in self._draws.values():
            self._queue.extend(held.packet for held in draws.held)
            draws.held.clear()

    def discard(self) -> None:
        """Forget what has not gone out."""
        self._queue.clear()

    def end_stalls(self) -> None:
        """No stall from now on, also not the one that runs."""
        self._start_ms = float("inf")

    def due(self, now_ms: float) -> list[Packet]:
        """What goes out now: nothing in a stall, everything otherwise."""
        if not self._queue or now_ms < self._stalled_until_ms(now_ms):
            return []
        packets = list(self._queue)
        self._queue.clear()
        return packets

    def next_deadline_ms(self, now_ms: float) -> float | None:
        """When `due` gives what waits; None: nothing does."""
        return max(now_ms, self._stalled_until_ms(now_ms)) if self._queue else None

    def __len__(self) -> int:
        return len(self._queue)

    def _stalled_until_ms(self, now_ms: float) -> float:
        every_ms = self._faults.stall_every_s * 1000
        if not every_ms or not self._faults.stall_ms or now_ms < self._start_ms + every_ms:
            return now_ms
        begun_ms = self._start_ms + (now_ms - self._start_ms) // every_ms * every_ms
        return max(now_ms, begun_ms + self._faults.stall_ms)
