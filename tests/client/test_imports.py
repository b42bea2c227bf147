"""What importing the room costs: httpx comes with the first control, not before."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import rtpcodec.client
optional = {"httpx", "httpcore", "cryptography", "numpy", "picows", "aiohttp", "typer", "rich"}
assert not optional & set(sys.modules), optional & set(sys.modules)
rtpcodec.client.CallControl("KEY").close()
assert "httpx" in sys.modules
"""


def test_httpx_is_imported_with_the_first_control() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
