"""What the carrier's webhooks tell, as values (spec 4.1, 4.2). Members that are missing or of another type are None.

No repr shows numbers, digits, `client_state`, custom headers or a stream's address; `raw` has everything as it came.

>>> read(b'{"data":{"event_type":"streaming.started","id":"1","payload":{"call_control_id":"v3:x","from":"+1555"}}}')
StreamingStarted(event_type='streaming.started', id='1', call_control_id='v3:x')
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

import msgspec

from rtpcodec.errors import WebhookMalformed

Hidden = str | None
"""A text that no repr shows."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WebhookEvent:
    """What all events have; `id` is the same in every delivery of one event."""

    event_type: str
    id: str | None = None
    occurred_at: datetime | None = None
    attempt: int | None = None
    """Which delivery of this event this is: 1, 2, ..."""
    delivered_to: Hidden = None
    call_control_id: str | None = None
    call_leg_id: str | None = None
    call_session_id: str | None = None
    connection_id: str | None = None
    client_state: Hidden = None
    """Base64, as a command set it; `state` has its octets."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The whole body as parsed JSON."""

    @property
    def state(self) -> bytes | None:
        """The octets of `client_state`; None without one, or if it is no base64."""
        try:
            return None if self.client_state is None else base64.b64decode(self.client_state, validate=True)
        except (binascii.Error, ValueError):
            return None

    @property
    def payload(self) -> Mapping[str, Any]:
        """The event's own members as they came."""
        payload = self.raw.get("data", {}).get("payload")
        return payload if isinstance(payload, dict) else {}

    def __repr__(self) -> str:
        shown = ((each.name, getattr(self, each.name)) for each in fields(self) if each.repr and each.type != "Hidden")
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown if value is not None)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StreamingStarted(WebhookEvent):
    """The carrier begins to stream; may come before or after the first messages on the socket."""

    stream_url: Hidden = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StreamingStopped(WebhookEvent):
    """The stream has ended."""

    stream_url: Hidden = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StreamingFailed(WebhookEvent):
    """The carrier could not connect to the stream's address, so nothing comes on the socket."""

    failure_reason: str | None = None
    """A short text; published is `connection_failed` alone."""
    stream_id: str | None = None
    stream_type: str | None = None
    """`websocket` or `dialogflow`."""
    stream_url: Hidden = None
    stream_track: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallEvent(WebhookEvent):
    """What the events of a call's life have in common."""

    from_: Hidden = None
    to: Hidden = None
    start_time: datetime | None = None
    state_of_call: str | None = None
    """`state` on the wire: `parked`, `bridging`, `answered`, `hangup`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallInitiated(CallEvent):
    """A call begins: an incoming one may be answered now."""

    direction: str | None = None
    """`incoming` or `outgoing`."""
    caller_id_name: Hidden = None
    offered_codecs: str | None = None
    """Names with commas, in the caller's order."""
    connection_codecs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallAnswered(CallEvent):
    """Somebody has answered: from now on a stream can be started."""

    codec: str | None = None
    """Of the call itself, where the carrier tells it."""
    sampling_rate: int | None = None
    """Hz."""
    stream_url: Hidden = None
    stream_track: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallBridged(CallEvent):
    """Two legs are joined: `opposite` now has somebody to hear."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallHangup(CallEvent):
    """The call has ended."""

    hangup_cause: str | None = None
    hangup_source: str | None = None
    """`caller`, `callee` or `unknown`."""
    sip_hangup_cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallDtmfReceived(CallEvent):
    """A key was pressed."""

    digit: Hidden = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Unknown(WebhookEvent):
    """Any other event; `payload` and `raw` have what it tells."""


KINDS: Final[Mapping[str, type[WebhookEvent]]] = {
    "streaming.started": StreamingStarted,
    "streaming.stopped": StreamingStopped,
    "streaming.failed": StreamingFailed,
    "call.initiated": CallInitiated,
    "call.answered": CallAnswered,
    "call.bridged": CallBridged,
    "call.hangup": CallHangup,
    "call.dtmf.received": CallDtmfReceived,
}


def read(raw_body: bytes | bytearray | memoryview) -> WebhookEvent:
    """The event that a webhook's body tells. This does not say who sent it: `verify_webhook` does.

    WebhookMalformed: no JSON object with a `data` that has an `event_type`.
    """
    try:
        body = msgspec.json.decode(raw_body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise WebhookMalformed(f"the body of {memoryview(raw_body).nbytes} octets is not JSON") from None
    data = body.get("data") if isinstance(body, dict) else None
    event_type = data.get("event_type") if isinstance(data, dict) else None
    if not isinstance(event_type, str) or not isinstance(data, dict):
        raise WebhookMalformed("the body has no data.event_type")
    kind = KINDS.get(event_type, Unknown)
    found = {**_flat(data.get("payload")), **_named(body.get("meta"), "attempt", "delivered_to")}
    found |= _named(data, "id", "occurred_at")
    values = {each.name: _READ[each.type](found.get(each.name)) for each in fields(kind) if each.type in _READ}
    return kind(**{**values, "event_type": event_type, "raw": body})


def _flat(payload: object) -> dict[str, Any]:
    """The payload's members by our names; those of `stream_params` with them, whose track has two names (spec 4.2)."""
    if not isinstance(payload, dict):
        return {}
    inner = payload.get("stream_params")
    both = {**(inner if isinstance(inner, dict) else {}), **payload}
    return {**both, "from_": both.get("from"), "state_of_call": both.get("state"),
            "stream_track": both.get("stream_track") or both.get("track")}  # fmt: skip


def _named(holder: object, *names: str) -> dict[str, Any]:
    return {name: holder.get(name) for name in names} if isinstance(holder, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_READ: Final[Mapping[Any, Any]] = {
    "str | None": _text,
    "Hidden": _text,
    "int | None": _integer,
    "datetime | None": _moment,
}
"""How a field is read, by its annotation."""
