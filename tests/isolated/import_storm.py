"""Many threads load the public names in different orders, and use codecs: `python -m tests.isolated.import_storm`."""

from __future__ import annotations

import random
import sys
import threading
from pathlib import Path

import rtpcodec

THREADS = 16


def load(name: str) -> None:
    """Load a public name. A missing third-party package (msgspec on 3.13t) is not a failure."""
    try:
        getattr(rtpcodec, name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("rtpcodec"):
            raise


def main() -> None:
    """Import in as many orders as there are threads; SystemExit reports failures."""
    sys.setswitchinterval(1e-5)
    ready = threading.Barrier(THREADS)
    failures: list[str] = []
    versions: list[str] = []

    def work(seed: int) -> None:
        names = random.Random(seed).sample(rtpcodec.__all__, len(rtpcodec.__all__))
        ready.wait()
        try:
            for name in names:
                load(name)
            coded = [rtpcodec.codec(name).encoder().encode(bytes(640)) for name in ("PCMU", "G722", "OPUS", "AMR-WB")]
            versions.append(repr([len(one) for one in coded]))
        except BaseException as error:
            failures.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures or len(set(versions)) != 1:
        raise SystemExit(f"{failures[:3]} {set(versions)}")
    maps = Path("/proc/self/maps")
    copies = (
        {line.split()[-1] for line in maps.read_text().splitlines() if "libopus" in line} if maps.exists() else set()
    )
    if len(copies) > 1:
        raise SystemExit(f"several copies of a library: {copies}")
    sys.stdout.write(f"{THREADS} threads, {len(rtpcodec.__all__)} names\n")


if __name__ == "__main__":
    main()
