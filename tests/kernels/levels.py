"""A new process for a level of the kernels, which is chosen at import."""

import os
import subprocess
import sys


def run(*command: str, level: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments at a level; None: the best level of the processor."""
    environment = {name: value for name, value in os.environ.items() if name != "RTPCODEC_SIMD"}
    if level is not None:
        environment["RTPCODEC_SIMD"] = level
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, env=environment)
