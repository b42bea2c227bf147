"""Cost of importing the package: the HTTP library is imported with the first control, not before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rtpcodec import client

SCRIPT = """
import sys
import rtpcodec.client
optional = {"httpx2", "httpcore2", "httpx", "httpcore", "cryptography", "numpy", "picows", "aiohttp", "typer", "rich"}
assert not optional & set(sys.modules), optional & set(sys.modules)
rtpcodec.client.CallControl("KEY").close()
assert "httpx2" in sys.modules
assert "httpx" not in sys.modules
"""


def test_the_library_is_imported_with_the_first_control() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_old_name_of_command_attempts_warns() -> None:
    with pytest.warns(DeprecationWarning, match=r"^rtpcodec.client.Exchange is now rtpcodec.client.CommandAttempts; "):
        assert client.Exchange is client.CommandAttempts
    with pytest.raises(AttributeError, match=r"^module 'rtpcodec.client' has no attribute 'Exchanges'$"):
        _ = client.Exchanges
