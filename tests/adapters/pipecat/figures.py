"""Prints what pipecat's pipeline receives from a caller who pauses, with our serializer and with pipecat's own.

python -m tests.adapters.pipecat.figures [MINUTES]
"""

import sys

from loguru import logger

from rtpcodec.pump import run_virtual
from tests.adapters.pipecat.callers import PIPELINE_HZ, heard_by_pipeline, shifts


def main(minutes: float = 10.0) -> None:
    """Print one row per serializer and codec."""
    logger.remove()
    sys.stdout.write("codec   serializer   samples lost        of   the delay varies by\n")
    for name, rate_hz in (("PCMU", 8000), ("L16", 16000)):
        for which in ("ours", "pipecat's"):
            heard = run_virtual(heard_by_pipeline(which, name, rate_hz, duration_ms=round(60_000 * minutes)))
            sent = len(heard.sent) * PIPELINE_HZ // heard.rate_hz
            found = shifts(heard)
            varies = f"{(max(found) - min(found)) * 1000 / PIPELINE_HZ:.1f} ms" if found else "nothing is received"
            lost = sent - len(heard.received)
            sys.stdout.write(f"{name:7} {which:12} {lost:12} {sent:9}   {varies}\n")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
