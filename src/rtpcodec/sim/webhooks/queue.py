"""The queue of webhooks: which event is posted when, to which URL, how often. No I/O, no clock.

`now_ms` is a float of any monotonic clock.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Never, Protocol
from urllib.parse import urlsplit

import msgspec

from rtpcodec.carriers.telnyx import commands, members, webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """The URLs that events are posted to, and the faults of deliveries.

    Raises:
        ValueError: an address is not an http or https URL, a share is outside 0 to 1, or attempts is below 1.
    """

    url: str = field(repr=False)
    """Not shown: its path may be its only protection."""
    failover_url: str | None = field(default=None, repr=False)
    """Tried when all attempts at `url` have failed."""
    attempts: int = 2
    """Attempts at each URL."""
    timeout_s: float = webhooks.ANSWER_TIMEOUT_S
    """Limit of an attempt in seconds; an app that has not answered by then has failed."""
    retry_s: float = 1.0
    """Seconds from a failure to the next attempt."""
    duplicate: float = 0.0
    """The share of events that are posted twice."""
    reorder: float = 0.0
    """The share of events that are held back until a later one was answered, or for hold_s."""
    hold_s: float = 1.0
    """Longest time that an event is held back, in seconds."""

    def __post_init__(self) -> None:
        for name in ("url", "failover_url"):
            url = getattr(self, name)
            if url is not None and not _is_http(url):
                raise ValueError(f"{name} is not an http or https URL with a host")
        for name in ("duplicate", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, 0 to 1 is allowed")
        if self.attempts < 1:
            raise ValueError(f"attempts is {self.attempts}, at least 1 is needed")


class Signing(Protocol):
    """Signs bodies."""

    def sign(self, timestamp: str, body: bytes) -> str:
        """Make the signature of a body that is sent at that Unix time."""


@dataclass(frozen=True, slots=True)
class Post:
    """One attempt: an address, and the request that is sent there."""

    url: str = field(repr=False)
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    entry: _Entry = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt and its result."""

    event_type: str
    event_id: str
    attempt: int
    url: str = field(repr=False)
    status: int | None
    """Status of the app's answer; None: it did not answer in time, or was not reached."""


@dataclass(slots=True)
class _Entry:
    event: dict[str, Any]
    order: int
    due_ms: float
    held: bool = False
    attempt: int = 1


class WebhookQueue:
    """The events of one carrier: a state machine whose `outgoing` are posts.

    Args:
        utc_offset_ms: Unix time minus now_ms.
    """

    def __init__(self, signing: Signing, plan: Webhooks, seed: str, utc_offset_ms: float) -> None:
        self._signing = signing
        self._plan = plan
        self._utc_offset_ms = utc_offset_ms
        # Chance for tests, no secrets: the seed must repeat it.
        self._rng = random.Random(seed)  # noqa: S311
        self._entries: list[_Entry] = []
        self._count = 0
        self._closed = False
        self.deliveries: list[Delivery] = []
        """All ended attempts."""

    ping = hangup = None
    cut = False
    """There is nothing to ping or close: each post has a connection of its own."""

    def events(self, _now_ms: float) -> Sequence[Never]:
        """Return no events: `deliveries` has the results."""
        return ()

    def put(self, event_type: str, payload: Mapping[str, Any], now_ms: float) -> None:
        """Queue an event that occurred now."""
        rng, plan = self._rng, self._plan
        moment = datetime.fromtimestamp((now_ms + self._utc_offset_ms) / 1000, UTC).isoformat(timespec="microseconds")
        event = {
            webhooks.RECORD_TYPE: webhooks.EVENT_RECORD,
            webhooks.EVENT_TYPE: event_type,
            webhooks.ID: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            members.OCCURRED_AT: moment.replace("+00:00", "Z"),
            members.PAYLOAD: dict(payload),
        }
        # Both are drawn for each event, so that one setting does not change the effect of the other.
        twice, held = rng.random() < plan.duplicate, rng.random() < plan.reorder
        self._count += 1
        due_ms = now_ms + plan.hold_s * 1000 if held else now_ms
        for _ in range(1 + twice):
            self._entries.append(_Entry(event, self._count, due_ms, held))

    def outgoing(self, now_ms: float) -> list[Post]:
        """Take the posts that are due, in the order in which they are sent."""
        ready = sorted((entry for entry in self._entries if entry.due_ms <= now_ms), key=_turn)
        self._entries = [entry for entry in self._entries if entry.due_ms > now_ms]
        return [self._post(entry, now_ms) for entry in ready]

    @property
    def next_deadline_ms(self) -> float | None:
        """When `outgoing` has new posts; None: not by time alone."""
        return min((entry.due_ms for entry in self._entries), default=None)

    def answered(self, post: Post, status: int | None, now_ms: float) -> None:
        """Record the status of the app's answer; None: it did not answer."""
        entry, event = post.entry, post.entry.event
        self.deliveries.append(
            Delivery(event[webhooks.EVENT_TYPE], event[webhooks.ID], entry.attempt, post.url, status)
        )
        for other in self._entries:
            if other.held and other.order < entry.order:
                other.due_ms, other.held = now_ms, False
        if _failed(status) and not self._closed and self._url(entry.attempt + 1) is not None:
            entry.attempt += 1
            entry.due_ms = now_ms + self._plan.retry_s * 1000
            self._entries.append(entry)

    def close(self, now_ms: float) -> None:
        """Make every event due that was not posted yet, and retry none."""
        self._closed = True
        self._entries = [entry for entry in self._entries if entry.attempt == 1]
        for entry in self._entries:
            entry.due_ms = min(entry.due_ms, now_ms)

    def _url(self, attempt: int) -> str | None:
        plan = self._plan
        if attempt <= plan.attempts:
            return plan.url
        return plan.failover_url if attempt <= 2 * plan.attempts else None

    def _post(self, entry: _Entry, now_ms: float) -> Post:
        url = self._url(entry.attempt) or self._plan.url
        body = msgspec.json.encode(
            {members.DATA: entry.event, members.META: {webhooks.ATTEMPT: entry.attempt, webhooks.DELIVERED_TO: url}},
        )
        timestamp = str(int((now_ms + self._utc_offset_ms) // 1000))
        headers = {
            "Content-Type": commands.CONTENT_TYPE,
            "User-Agent": webhooks.USER_AGENT,
            webhooks.TIMESTAMP_HEADER: timestamp,
            webhooks.SIGNATURE_HEADER: self._signing.sign(timestamp, body),
        }
        return Post(url, headers, body, entry)


def _turn(entry: _Entry) -> tuple[float, int]:
    return entry.due_ms, entry.order


def _failed(status: int | None) -> bool:
    # Redirects are failures: following one would reveal the numbers (docs/carrier.md, rule C46).
    return status is None or 300 <= status < 400 or status >= 500 or status in webhooks.RETRIED_STATUSES


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
