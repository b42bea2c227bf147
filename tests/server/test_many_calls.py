"""The memory of the endpoint stays flat over thousands of disturbed calls: `make many-calls` in small."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


@pytest.mark.long
@pytest.mark.parametrize("collector", [[], ["--no-collector"]], ids=["collector on", "collector off"])
def test_memory_is_flat(collector: list[str]) -> None:
    command = [sys.executable, "-m", "tests.server.many_calls", "--calls", "3000", "--seed", "7", "--json", *collector]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    assert found["calls"] > 2500
    assert found["most_octets"] <= 1.05 * found["settled_octets"]
