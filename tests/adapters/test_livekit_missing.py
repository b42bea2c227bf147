"""Without livekit-agents, its adapter says what to install."""

from __future__ import annotations

import subprocess
import sys

SOURCE = """
import sys
sys.modules["livekit"] = None
try:
    import rtpcodec.adapters.livekit
except ImportError as error:
    print(type(error).__name__, error)
"""


def test_the_missing_extra_is_named() -> None:
    done = subprocess.run([sys.executable, "-c", SOURCE], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "MissingExtra rtpcodec.adapters.livekit needs livekit-agents: pip install 'rtpcodec[livekit]'\n"
    )
