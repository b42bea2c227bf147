"""The endpoint on `websockets`: access, pings, late refusals, budgets and memory, by the tests of the one on picows."""

from __future__ import annotations

import pytest

from tests.server import test_access, test_frame_budget, test_held_octets, test_limits, test_pings, test_refusal_delays
from tests.server.on_websockets import all_of, use_websockets

pytestmark = pytest.mark.long
globals().update(
    all_of((test_access, test_frame_budget, test_refusal_delays, test_held_octets, test_limits, test_pings))
)


@pytest.fixture(autouse=True)
def _on_websockets(monkeypatch: pytest.MonkeyPatch) -> None:
    use_websockets(monkeypatch)
