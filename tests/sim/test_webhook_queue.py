"""The queue of webhooks: time, URL and number of posts. The clock is an argument, all randomness is of the seed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from rtpcodec.sim.webhooks.queue import Post, WebhookQueue, Webhooks
from rtpcodec.sim.webhooks.signing import Signer

UTC_MS = 1_767_409_445_678.9
URL, FAILOVER = "http://127.0.0.1:1/hook", "http://127.0.0.1:2/hook"
SIGNER = Signer(5)


def queue(seed: str = "0", **options: Any) -> WebhookQueue:
    return WebhookQueue(SIGNER, Webhooks(url=URL, **options), seed, UTC_MS)


def due(events: WebhookQueue, now_ms: float) -> list[Post]:
    return events.outgoing(now_ms)


def event_types(posts: list[Post]) -> list[str]:
    return [json.loads(post.body)["data"]["event_type"] for post in posts]


def meta(post: Post) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(post.body)["meta"]
    return found


def test_a_post_is_exactly_this() -> None:
    events = queue()
    events.put("streaming.started", {"call_control_id": "v3:a", "client_state": None}, 0.0)
    (post,) = due(events, 0.0)
    body = json.loads(post.body)
    assert body == {
        "data": {
            "record_type": "event",
            "event_type": "streaming.started",
            "id": body["data"]["id"],
            "occurred_at": "2026-01-03T03:04:05.678900Z",
            "payload": {"call_control_id": "v3:a", "client_state": None},
        },
        "meta": {"attempt": 1, "delivered_to": URL},
    }
    assert post.url == URL
    assert dict(post.headers) == {
        "Content-Type": "application/json",
        "User-Agent": "telnyx-webhooks",
        "telnyx-timestamp": "1767409445",
        "telnyx-signature-ed25519": post.headers["telnyx-signature-ed25519"],
    }
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(SIGNER.public_key))
    key.verify(base64.b64decode(post.headers["telnyx-signature-ed25519"]), b"1767409445|" + post.body)
    assert due(events, 1e9) == []
    assert events.next_deadline_ms is None


def test_the_seed_decides_key_and_ids() -> None:
    assert Signer(5).public_key == SIGNER.public_key != Signer(6).public_key

    def ids(seed: str) -> list[str]:
        events = queue(seed)
        for _ in range(3):
            events.put("call.initiated", {}, 0.0)
        return [json.loads(post.body)["data"]["id"] for post in due(events, 0.0)]

    assert ids("a") == ids("a") != ids("b")
    assert len(set(ids("a"))) == 3


@pytest.mark.parametrize("status", [None, 301, 308, 408, 429, 500, 503, 599])
def test_failures_are_retried_and_then_sent_to_the_failover_url(status: int | None) -> None:
    events = queue(failover_url=FAILOVER, retry_s=1.5)
    events.put("call.answered", {}, 0.0)
    now_ms, seen = 0.0, []
    while (deadline_ms := events.next_deadline_ms) is not None:
        assert due(events, deadline_ms - 1) == []
        now_ms = deadline_ms
        (post,) = due(events, now_ms)
        seen.append((now_ms, post.url, meta(post), post.headers["telnyx-timestamp"]))
        events.answered(post, status, now_ms)
    assert seen == [
        (0.0, URL, {"attempt": 1, "delivered_to": URL}, "1767409445"),
        (1500.0, URL, {"attempt": 2, "delivered_to": URL}, "1767409447"),
        (3000.0, FAILOVER, {"attempt": 3, "delivered_to": FAILOVER}, "1767409448"),
        (4500.0, FAILOVER, {"attempt": 4, "delivered_to": FAILOVER}, "1767409450"),
    ]
    assert [(one.attempt, one.status) for one in events.deliveries] == [(n, status) for n in (1, 2, 3, 4)]
    assert len({one.event_id for one in events.deliveries}) == 1


@pytest.mark.parametrize("status", [200, 202, 204, 299, 400, 401, 404, 410, 422])
def test_success_and_other_refusals_end_it(status: int) -> None:
    events = queue(failover_url=FAILOVER)
    events.put("call.answered", {}, 0.0)
    events.answered(due(events, 0.0)[0], status, 1.0)
    assert events.next_deadline_ms is None


def test_without_a_failover_url_the_event_is_dropped() -> None:
    events = queue(attempts=1)
    events.put("call.answered", {}, 0.0)
    events.answered(due(events, 0.0)[0], 500, 1.0)
    assert events.next_deadline_ms is None


def test_duplicates_have_the_same_id() -> None:
    events = queue(duplicate=1.0)
    events.put("call.answered", {"a": 1}, 0.0)
    first, second = due(events, 0.0)
    assert first.body == second.body


def test_a_held_back_event_follows_the_next_answered_one() -> None:
    events = queue("3", reorder=0.5, hold_s=1.0)
    for number in range(4):
        events.put(str(number), {}, 0.0)
    at_once = due(events, 0.0)
    held = [name for name in "0123" if name not in event_types(at_once)]
    assert held, "the seed holds something back"
    assert "3" not in held, "and something comes after it"
    assert due(events, 999.0) == []
    events.answered(at_once[-1], 200, 10.0)
    assert event_types(due(events, 10.0)) == held


def test_a_held_back_event_without_a_later_one_is_late() -> None:
    events = queue(reorder=1.0, hold_s=0.5)
    events.put("call.answered", {}, 100.0)
    assert (due(events, 599.0), events.next_deadline_ms) == ([], 600.0)
    assert event_types(due(events, 600.0)) == ["call.answered"]


def test_shares_are_kept_and_do_not_disturb_each_other() -> None:
    def fates(**options: float) -> tuple[list[str], list[str]]:
        events = queue("shares", **options)
        for number in range(2000):
            events.put(str(number), {}, 0.0)
        at_once = event_types(due(events, 0.0))
        return at_once, event_types(due(events, 1e6))

    at_once, later = fates(duplicate=0.25, reorder=0.1)
    assert 2400 < len(at_once) + len(later) < 2600
    assert 150 < len(set(later)) < 250
    assert set(fates(reorder=0.1)[1]) == set(later)
    assert fates() == ([str(number) for number in range(2000)], [])


def test_at_the_end_what_waits_is_posted_once() -> None:
    events = queue(reorder=1.0, hold_s=60.0)
    events.put("call.hangup", {}, 0.0)
    events.close(1.0)
    (post,) = due(events, 1.0)
    events.answered(post, None, 2.0)
    assert events.next_deadline_ms is None
    retried = queue()
    retried.put("call.hangup", {}, 0.0)
    retried.answered(due(retried, 0.0)[0], 500, 1.0)
    retried.close(2.0)
    assert retried.next_deadline_ms is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "ws://h/"}, "url is not an http or https URL with a host"),
        ({"url": "http://"}, "url is not an http or https URL with a host"),
        ({"url": "http://[h"}, "url is not an http or https URL with a host"),
        ({"url": "http://h:99999/"}, "url is not an http or https URL with a host"),
        ({"failover_url": "h"}, "failover_url is not an http or https URL with a host"),
        ({"duplicate": 1.1}, r"duplicate is 1\.1, 0 to 1 is allowed"),
        ({"reorder": -0.1}, r"reorder is -0\.1, 0 to 1 is allowed"),
        ({"attempts": 0}, "attempts is 0, at least 1 is needed"),
    ],
)
def test_impossible_values_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Webhooks(**({"url": URL} | options))


def test_no_address_and_no_payload_is_in_a_repr() -> None:
    events = queue()
    events.put("call.initiated", {"from": "+4912345"}, 0.0)
    (post,) = due(events, 0.0)
    events.answered(post, 200, 0.0)
    shown = repr(post) + repr(events.deliveries) + repr(Webhooks(url=URL))
    assert "/hook" not in shown
    assert "+4912345" not in shown
