"""Seeded fuzzing of the Python interface of the kernels. A finding is saved in the corpus, and the run fails."""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.child import SLOT_OCTETS, read_slot
from tests.fuzz.targets import CORPUS, forms, names


def hunt(name: str, form: str, count: int, seed: int, corpus: Path = CORPUS) -> bool:
    """Run a target in its own process. Return True if it found nothing."""
    label = f"{name} ({form or 'default'})"
    environment = {key: value for key, value in os.environ.items() if key != "RTPCODEC_SIMD"}
    if form:
        environment["RTPCODEC_SIMD"] = form
    with tempfile.NamedTemporaryFile() as slot:
        Path(slot.name).write_bytes(bytes(SLOT_OCTETS))
        command = [sys.executable, "-m", "tests.fuzz.child", name, str(count), str(seed), slot.name, label]
        done = subprocess.run(command, check=False, env=environment)
        if done.returncode == 0:
            return True
        kept = keep(read_slot(Path(slot.name)), corpus / name)
    print(f"{label}: FAILED with exit code {done.returncode}, seed {seed}; the input is {kept}", flush=True)
    return False


def keep(data: bytes, folder: Path) -> Path:
    """Save an input in the corpus, named by its content."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"found-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path


def main() -> int:
    """Run all requested targets, one per core at a time."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"which: {', '.join(names())} (all)")
    parser.add_argument("--count", type=int, default=200_000, help="calls for each target and form (200000)")
    parser.add_argument("--seed", type=int, default=711, help="of the mutation (711)")
    chosen = parser.parse_args()
    if unknown := set(chosen.targets) - set(names()):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    jobs = [(name, form) for name in chosen.targets or names() for form in forms(name)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = list(pool.map(lambda job: hunt(job[0], job[1], chosen.count, chosen.seed), jobs))
    print(f"fuzz: {sum(clean)} of {len(clean)} clean")
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
