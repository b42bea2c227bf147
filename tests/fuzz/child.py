"""Runs one target in its own process: `python -m tests.fuzz.child TARGET COUNT SEED SLOT`.

Each input is written to the slot before it is tried, so it is available after a crash of the process.
"""

import mmap
import sys
import time
from pathlib import Path

from tests.fuzz.mutation import MAX_OCTETS, Mutator
from tests.fuzz.targets import Target, corpus_of, load

LENGTH_OCTETS = 4
SLOT_OCTETS = LENGTH_OCTETS + MAX_OCTETS
PROGRESS_S = 10.0


def read_slot(slot: Path) -> bytes:
    """Return the last input."""
    octets = slot.read_bytes()
    return octets[LENGTH_OCTETS : LENGTH_OCTETS + int.from_bytes(octets[:LENGTH_OCTETS], "little")]


class Progress:
    """Prints the number of calls every PROGRESS_S seconds."""

    def __init__(self, label: str, count: int) -> None:
        self.label, self.count = label, count
        self.start = self._printed = time.perf_counter()

    def update(self, calls: int) -> None:
        """Print a line if the last one is old."""
        now = time.perf_counter()
        if now - self._printed > PROGRESS_S:
            self._printed = now
            print(f"{self.label}: {calls:,} of {self.count:,} calls after {now - self.start:.0f} s", flush=True)


def hunt(target: Target, mutator: Mutator, slot: mmap.mmap, progress: Progress) -> tuple[int, int]:
    """Try mutated inputs until enough calls are made. Return the numbers of calls and of inputs."""
    calls = inputs = 0
    while calls < progress.count:
        data = mutator.next()
        slot[: LENGTH_OCTETS + len(data)] = len(data).to_bytes(LENGTH_OCTETS, "little") + data
        calls += target.run(data)
        inputs += 1
        if not inputs & 1023:
            progress.update(calls)
    return calls, inputs


def main(name: str, count: int, seed: int, slot_path: Path, label: str) -> None:
    """Run one target, and print progress and result."""
    target, mutator, progress = load(name), Mutator(corpus_of(name), seed), Progress(label, count)
    with slot_path.open("r+b") as file, mmap.mmap(file.fileno(), SLOT_OCTETS) as slot:
        calls, inputs = hunt(target, mutator, slot, progress)
    seconds = time.perf_counter() - progress.start
    compared = getattr(target, "COMPARED", 0)
    comparison = f", {compared:,} octets and samples compared" if compared else ""
    made = f"{calls:,} calls with {inputs:,} inputs"
    print(f"{label}: {made} clean in {seconds:.1f} s, {seconds / calls * 1e6:.2f} us each{comparison}", flush=True)


if __name__ == "__main__":
    _, _name, _count, _seed, _slot, _label = sys.argv
    main(_name, int(_count), int(_seed), Path(_slot), _label)
