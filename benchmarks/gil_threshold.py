"""The cost of releasing the GIL in a call: `python -m benchmarks.gil_threshold`. Prints a Markdown table.

Calls of GIL_FREE_SAMPLES (kernels/_blocks.pxd) or more give it away, so the cost is the step between the two lengths
around that limit, of which 1/256 is the kernel's.
"""

from __future__ import annotations

from typing import Final

import rtpcodec
from benchmarks.harness.model import Contender
from benchmarks.harness.signals import octets, speech
from benchmarks.harness.timing import least_means

LENGTHS: Final = (160, 1600, 16_320, 16_384, 80_000)
"""Samples; the two in the middle lie one step of the widest form apart."""
BUDGET_S: Final = 3.0


def main() -> None:
    """Time a decoder and an encoder at all lengths in one race."""
    payload, pcm, out = octets(max(LENGTHS)), speech(max(LENGTHS)).tobytes(), bytearray(2 * max(LENGTHS))
    calls = [Contender("pcmu_decode_into", rtpcodec.pcmu_decode_into, (payload[:n], out)) for n in LENGTHS]
    calls += [Contender("pcmu_encode_into", rtpcodec.pcmu_encode_into, (pcm[: 2 * n], out)) for n in LENGTHS]
    print(f"SIMD level {rtpcodec.simd_level()}\n\n| call | samples | us |\n|---|--:|--:|")
    for call, samples, seconds in zip(calls, LENGTHS * 2, least_means(calls, BUDGET_S), strict=True):
        print(f"| {call.name} | {samples:,} | {seconds * 1e6:.3f} |")


if __name__ == "__main__":
    main()
