"""One target in a process of its own: `python -m tests.fuzz.child TARGET COUNT SEED SLOT`.

Each input is written to the slot before it is tried, so that it outlives a process that ends without warning.
"""

import mmap
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.mutation import MAX_OCTETS, Mutator
from tests.fuzz.targets import Target, corpus_of, load

LENGTH_OCTETS = 4
SLOT_OCTETS = LENGTH_OCTETS + MAX_OCTETS
PROGRESS_S = 10.0


def read_slot(slot: Path) -> bytes:
    """The input that was tried last."""
    octets = slot.read_bytes()
    return octets[LENGTH_OCTETS : LENGTH_OCTETS + int.from_bytes(octets[:LENGTH_OCTETS], "little")]


def hunt(target: Target, corpus: list[bytes], count: int, seed: int, slot: mmap.mmap, tell: Callable[[int], None]) -> int:
    """Try mutated inputs until so many calls are made. How many were made."""
    mutator = Mutator(corpus, seed)
    calls = inputs = 0
    while calls < count:
        data = mutator.next()
        slot[: LENGTH_OCTETS + len(data)] = len(data).to_bytes(LENGTH_OCTETS, "little") + data
        calls += target.run(data)
        inputs += 1
        if not inputs & 1023:
            tell(calls)
    return calls


def main(name: str, count: int, seed: int, slot_path: Path, label: str) -> None:
    """Run one target and print how it goes."""
    start = told = time.perf_counter()

    def tell(calls: int) -> None:
        nonlocal told
        if time.perf_counter() - told > PROGRESS_S:
            told = time.perf_counter()
            print(f"{label}: {calls:,} of {count:,} calls after {told - start:.0f} s", flush=True)

    with slot_path.open("r+b") as file, mmap.mmap(file.fileno(), SLOT_OCTETS) as slot:
        calls = hunt(load(name), corpus_of(name), count, seed, slot, tell)
    seconds = time.perf_counter() - start
    print(f"{label}: {calls:,} calls clean in {seconds:.1f} s, {seconds / calls * 1e6:.2f} us each", flush=True)


if __name__ == "__main__":
    _, _name, _count, _seed, _slot, _label = sys.argv
    main(_name, int(_count), int(_seed), Path(_slot), _label)
