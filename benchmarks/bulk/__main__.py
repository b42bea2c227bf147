"""Convert a folder of G.711 recordings to WAV by several methods: `python -m benchmarks.bulk [--quick] [--folders P]`.

Prints a table and the bars for each folder, such as one in memory and one on a disk. The files of the folder are made
and removed. Fails if a bar is missed, except with --quick.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folders", nargs="+", type=Path, default=[Path("/dev/shm"), Path("build")])  # noqa: S108
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=30, help="of each recording")
    parser.add_argument("--looped", type=int, default=200, help="files for the shell loop over ffmpeg")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--engine", choices=("dask", "ray"), help="a cluster of this machine as a further method")
    parser.add_argument("--quick", action="store_true", help="500 files, 2 rounds, 20 files for the shell loop")
    parser.add_argument("--json", type=Path, help="a file for all rounds")
    return parser.parse_args()


def main() -> int:
    """Measure each folder."""
    # Processes that are started import this module as well: what they do not need is imported here.
    from benchmarks.bulk.engines import engine  # noqa: PLC0415
    from benchmarks.bulk.methods import measure, methods  # noqa: PLC0415
    from benchmarks.bulk.recordings import Recordings  # noqa: PLC0415
    from benchmarks.bulk.report import bars, table  # noqa: PLC0415
    from benchmarks.harness.machine import commit, cpu_model, simd_level  # noqa: PLC0415

    given = _arguments()
    if given.quick:
        given.files, given.rounds, given.looped = 500, 2, 20
    print(f"{cpu_model()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"CPython {platform.python_version()}, {simd_level()}, commit {commit()}")
    missed, rounds = False, {}
    for folder in given.folders:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix="rtpcodec-bulk-") as place:
            found = Recordings(Path(place), given.files, given.seconds)
            compared = methods(found, given.workers, min(given.looped, given.files))
            with engine(given.engine, found, given.workers) if given.engine else nullcontext() as further:
                compared += [further] if further else []
                measure(found, compared, given.rounds, lambda line: print(line, file=sys.stderr))
        print(f"\n{folder}: {given.files:,} files of {given.seconds} s, best of {given.rounds} rounds\n")
        print(*table(compared, found.read_octets, found.written_octets), "", sep="\n")
        for bar in bars(compared):
            print(f"{'met   ' if bar.is_met else 'MISSED'}  {bar.ratio:6.2f}  {bar.says}")
            missed |= not bar.is_met
        rounds[str(folder)] = {
            method.name: {"files": method.files, "wall_s": method.wall_s, "cpu_s": method.cpu_s} for method in compared
        }
    if given.json:
        given.json.write_text(json.dumps(rounds, indent=1) + "\n")
    return int(missed and not given.quick)


if __name__ == "__main__":
    sys.exit(main())
