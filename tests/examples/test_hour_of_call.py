"""examples/hour_of_call.py: a call on a virtual clock, many times faster than its length."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "hour_of_call.py"


def test_two_minutes_of_call_are_whole_and_take_less_than_one() -> None:
    done = subprocess.run([sys.executable, EXAMPLE, "120"], check=True, capture_output=True, text=True, timeout=60)
    shown = re.fullmatch(r"(\d+) s of call, (\d+) messages returned\nin [\d.]+ s\n", done.stdout)
    assert shown is not None, done.stdout
    assert int(shown[1]) >= 120
    assert 5990 <= int(shown[2]) <= 6010
