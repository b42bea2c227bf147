"""Whether and when to retry: statuses, the forms of a requested wait, and our own waits."""

from __future__ import annotations

import pytest

from rtpcodec.client.retry import Retry, asked_wait_s, may_succeed_later

NOW = 1_700_000_000.0
DATE = "Tue, 14 Nov 2023 22:13:30 GMT"  # ten seconds after NOW


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 599])
def test_statuses_that_are_retried(status: int) -> None:
    assert may_succeed_later(status, {})
    assert not may_succeed_later(status, {"x-should-retry": "false"})
    assert may_succeed_later(status, {"x-should-retry": "maybe"})


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 413, 422])
def test_statuses_that_are_final(status: int) -> None:
    assert not may_succeed_later(status, {})
    assert may_succeed_later(status, {"x-should-retry": " TRUE "})


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": DATE}, 10.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:10 GMT"}, -10.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1_0"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Tue, 99 Nov 9999 99:99:99 GMT"}, None),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 +9999999999"}, None),
        ({"x-ratelimit-reset": "3"}, 3.0),
        ({"x-ratelimit-reset": "1700000004"}, 4.0),
        ({"x-ratelimit-reset": "1000000000"}, 1e9),
        ({"x-ratelimit-reset": "later"}, None),
        ({"retry-after": "2", "x-ratelimit-reset": "3"}, 2.0),
    ],
)
def test_the_carriers_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert asked_wait_s(headers, NOW) == wait_s


@pytest.mark.parametrize(("asked", "kept"), [("60", True), ("0.001", True), ("60.001", False), ("0", False)])
def test_a_wait_is_kept_from_above_0_to_60_seconds(asked: str, kept: bool) -> None:
    wait_s = Retry(random=lambda: 0.0, unix_time_s=lambda: NOW).wait_s(0, {"retry-after": asked})
    assert wait_s == (float(asked) if kept else 0.375)


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.75), (0.5, 0.875), (1.0, 1.0)])
def test_own_waits_double_up_to_eight_seconds(chance: float, share: float) -> None:
    retry = Retry(random=lambda: chance, unix_time_s=lambda: NOW)
    assert [retry.wait_s(repeats, {}) for repeats in range(6)] == [s * share for s in (0.5, 1, 2, 4, 8, 8)]
    assert retry.wait_s(10_000, {}) == 8 * share


def test_the_default_sources_are_the_systems() -> None:
    assert all(0.375 <= Retry().wait_s(0, {}) <= 0.5 for _ in range(100))
