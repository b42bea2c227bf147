"""Webhook events about a phone call, as the carrier writes them."""

from __future__ import annotations

import itertools
import json
from typing import Any

from rtpcodec.client import webhook_events
from rtpcodec.client.webhook_events import WebhookEvent

_numbers = itertools.count(1)


def phone_event(event_type: str, call_control_id: str, *, second: int = 0, **payload: Any) -> WebhookEvent:
    """An event that occurred in this second."""
    data = {
        "record_type": "event",
        "event_type": event_type,
        "id": f"event-{next(_numbers)}",
        "occurred_at": f"2026-01-02T03:04:{second:02}.000000Z",
        "payload": {"call_control_id": call_control_id} | payload,
    }
    return webhook_events.read(json.dumps({"data": data}).encode())
