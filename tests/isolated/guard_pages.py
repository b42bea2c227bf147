"""Every length and alignment of every G.711 function, with its buffers at the edge of memory that nobody may touch.

Run by tests/kernels/test_guard_pages.py in processes of their own: the proof of a fault is the end of the process.
Prints how many calls were made.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import rtpcodec
from rtpcodec.compat import audioop
from tests.oracles.guarded import GuardedMemory

LENGTHS = range(301)
ALIGNMENTS = range(64)
CANARY = 0xA7
NAMES = {
    "pcmu_decode": (1, 2),
    "pcma_decode": (1, 2),
    "pcmu_encode": (2, 1),
    "pcma_encode": (2, 1),
    "pcmu_to_pcma": (1, 1),
    "pcma_to_pcmu": (1, 1),
}
TWINS = {"ulaw2lin": (1, 2), "alaw2lin": (1, 2), "lin2ulaw": (2, 1), "lin2alaw": (2, 1)}
"""Functions with an *_into form, and those of compat.audioop, which have none; octets in and out for each item."""


class Kernel(NamedTuple):
    """A function and, if it has one, its form that writes to a given buffer."""

    name: str
    run: Callable[[memoryview | bytes], bytes]
    run_into: Callable[[memoryview | bytes, memoryview], int] | None
    octets_in: int
    octets_out: int


class Place(NamedTuple):
    """Where source and room lie: at the end of their pages or at the start, so many octets from the edge."""

    source_at_end: bool
    source_distance: int
    room_at_end: bool
    room_distance: int


def places() -> Iterator[Place]:
    """One buffer touches the edge while the other has every alignment."""
    for at_end in (False, True):
        for distance in ALIGNMENTS:
            yield Place(at_end, 0, at_end, distance)
            yield Place(at_end, distance, at_end, 0)


def kernels() -> Iterator[Kernel]:
    """All functions of both tables."""
    for name, (octets_in, octets_out) in NAMES.items():
        yield Kernel(name, getattr(rtpcodec, name), getattr(rtpcodec, f"{name}_into"), octets_in, octets_out)
    for name, (octets_in, octets_out) in TWINS.items():
        yield Kernel(name, partial(width_2, getattr(audioop, name)), None, octets_in, octets_out)


def width_2(function: Callable[..., bytes], fragment: memoryview | bytes) -> bytes:
    """A call of compat.audioop."""
    return function(fragment, 2)


def view(memory: GuardedMemory, octets: int, at_end: bool, distance: int) -> tuple[memoryview, int]:
    """A buffer, and its place in the memory."""
    if at_end:
        return memory.at_end(octets, distance), memory.octets - distance - octets
    return memory.at_start(octets, distance), distance


def check(kernel: Kernel, length: int, data: bytes, place: Place, memories: tuple[GuardedMemory, GuardedMemory]) -> int:
    """Calls on one pair of buffers: exact bytes, the source at the edge, source and room at the edge. How many."""
    source, _ = view(memories[0], len(data), place.source_at_end, place.source_distance)
    source[:] = data
    expected = kernel.run(data)
    assert kernel.run(source) == expected, f"{kernel.name}: {length} items at {place} give another result"
    if kernel.run_into is None:
        return 2
    room, start = view(memories[1], length * kernel.octets_out, place.room_at_end, place.room_distance)
    memories[1].fill(CANARY)
    assert kernel.run_into(source, room) == length
    assert room == expected, f"{kernel.name}_into: {length} items at {place} give another result"
    around = memories[1].all_but(room, start)
    assert around.count(CANARY) == len(around), f"{kernel.name}_into: {length} items at {place} write outside"
    return 3


def main() -> None:
    """All kernels, lengths and places."""
    generator = random.Random(711)
    memories = GuardedMemory(), GuardedMemory()
    calls = 0
    for kernel in kernels():
        for length in LENGTHS:
            data = generator.randbytes(length * kernel.octets_in)
            for place in places():
                calls += check(kernel, length, data, place, memories)
    print(f"{calls} calls within their buffers")


if __name__ == "__main__":
    main()
