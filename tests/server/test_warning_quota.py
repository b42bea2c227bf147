"""Peers that break a rule and reconnect do not fill the log of an endpoint."""

from __future__ import annotations

import logging

import pytest

from rtpcodec.server.call_log import WARNING_PERIOD_S, WARNINGS_AT_ONCE, CallLog, WarningQuota


def test_a_flood_of_calls_writes_the_quota_and_counts_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    now_s = 100.0
    quota = WarningQuota(lambda: now_s)

    def calls(count: int) -> list[str]:
        caplog.clear()
        for number in range(count):
            CallLog(f"c{number}", quota).warn_once("frame", "a rule is broken by %d", number)
        return caplog.messages

    with caplog.at_level(logging.WARNING, "rtpcodec.server"):
        assert len(calls(1000)) == WARNINGS_AT_ONCE
        assert calls(1000) == []
        now_s += WARNING_PERIOD_S
        assert calls(3) == ["call c0: a rule is broken by 0; 1950 earlier warnings about calls were suppressed"]
        now_s += 10 * WARNINGS_AT_ONCE * WARNING_PERIOD_S
        found = calls(1000)
        assert len(found) == WARNINGS_AT_ONCE
        assert found[0] == "call c0: a rule is broken by 0; 2 earlier warnings about calls were suppressed"
        assert found[1] == "call c1: a rule is broken by 1"


def test_a_call_of_its_own_has_no_quota(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "rtpcodec.server"):
        for number in range(2 * WARNINGS_AT_ONCE):
            CallLog(f"c{number}").warn_of_peer("a rule is broken")
    assert len(caplog.messages) == 2 * WARNINGS_AT_ONCE
