"""Webhook events: typed, tolerant, and without private texts in a repr."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rtpcodec import webhook_events
from rtpcodec.client.webhook_events import (
    KINDS,
    CallAnswered,
    CallBridged,
    CallDtmfReceived,
    CallHangup,
    CallInitiated,
    StreamingFailed,
    StreamingStarted,
    StreamingStopped,
    Unknown,
    WebhookEvent,
    read,
)

COMMON = {
    "call_control_id": "v3:EX",
    "call_leg_id": "a1",
    "call_session_id": "b2",
    "client_state": "c2VjcmV0",
    "connection_id": "1700000000000000001",
}


def event(event_type: str, **payload: Any) -> WebhookEvent:
    data = {"event_type": event_type, "id": "e1", "occurred_at": "2026-01-02T03:04:05.678901Z", "payload": payload}
    return read(msgspec.json.encode({"data": data, "meta": {"attempt": 2, "delivered_to": "https://h/"}}))


def test_common_fields_of_all_events() -> None:
    started = event("streaming.started", **COMMON, stream_url="wss://h/ws")
    assert isinstance(started, StreamingStarted)
    assert {name: getattr(started, name) for name in COMMON} == COMMON
    assert (started.id, started.attempt, started.delivered_to) == ("e1", 2, "https://h/")
    assert started.occurred_at == datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    assert (started.state, started.stream_url) == (b"secret", "wss://h/ws")
    assert started.payload == {**COMMON, "stream_url": "wss://h/ws"}
    assert started.raw["meta"]["attempt"] == 2
    assert isinstance(event("streaming.stopped"), StreamingStopped)


@pytest.mark.parametrize("name", ["track", "stream_track"])
def test_a_failed_stream_with_either_name_of_its_track(name: str) -> None:
    failed = event(
        "streaming.failed",
        **COMMON,
        failure_reason="connection_failed",
        stream_id="s-1",
        stream_params={"stream_url": "wss://h/ws", name: "inbound_track"},
        stream_type="websocket",
    )
    assert isinstance(failed, StreamingFailed)
    assert (failed.failure_reason, failed.stream_id, failed.stream_type) == ("connection_failed", "s-1", "websocket")
    assert (failed.stream_url, failed.stream_track) == ("wss://h/ws", "inbound_track")


def test_call_events() -> None:
    ends = {"from": "+15550100", "to": "+15550101", "start_time": "2026-01-02T03:04:05Z"}
    incoming = event(
        "call.initiated", **ends, direction="incoming", state="parked", caller_id_name="Zoë", offered_codecs="PCMU,OPUS"
    )
    assert isinstance(incoming, CallInitiated)
    assert (incoming.from_, incoming.to, incoming.direction, incoming.state_of_call) == (
        "+15550100",
        "+15550101",
        "incoming",
        "parked",
    )
    assert (incoming.caller_id_name, incoming.offered_codecs) == ("Zoë", "PCMU,OPUS")
    assert incoming.start_time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    answered = event(
        "call.answered", codec="PCMU", sampling_rate=8000, stream_url="wss://h/", stream_track="both_tracks"
    )
    assert isinstance(answered, CallAnswered)
    assert (answered.codec, answered.sampling_rate, answered.stream_url, answered.stream_track) == (
        "PCMU",
        8000,
        "wss://h/",
        "both_tracks",
    )
    ended = event("call.hangup", hangup_cause="normal_clearing", hangup_source="caller", sip_hangup_cause="200")
    assert isinstance(ended, CallHangup)
    assert (ended.hangup_cause, ended.hangup_source, ended.sip_hangup_cause) == ("normal_clearing", "caller", "200")
    assert isinstance(event("call.bridged"), CallBridged)
    pressed = event("call.dtmf.received", digit="5")
    assert isinstance(pressed, CallDtmfReceived)
    assert pressed.digit == "5"


def test_the_rest_is_unknown_and_kept_whole() -> None:
    other = event("call.refer.started", new=[1], call_control_id="v3:x")
    assert isinstance(other, Unknown)
    assert (other.event_type, other.call_control_id, other.payload["new"]) == ("call.refer.started", "v3:x", [1])


@pytest.mark.parametrize("event_type", [*KINDS, "other"])
@pytest.mark.parametrize(
    "payload", [{}, None, [], "x", {"stream_params": 5, "from": 1, "start_time": "x", "codec": {}}]
)
def test_every_member_is_optional_and_of_any_type(event_type: str, payload: Any) -> None:
    data = {"event_type": event_type, "id": 5, "occurred_at": 7, "payload": payload}
    found = read(msgspec.json.encode({"data": data, "meta": []}))
    assert type(found) is KINDS.get(event_type, Unknown)
    assert (found.id, found.occurred_at, found.attempt, found.call_control_id, found.state) == (None,) * 5
    assert repr(found) == f"{type(found).__name__}(event_type={event_type!r})"
    assert found.raw["data"] == data
    assert found.payload == (payload if isinstance(payload, dict) else {})


def test_a_client_state_that_is_not_base64_is_none() -> None:
    assert event("call.hangup", client_state="?").state is None
    assert event("call.hangup", client_state="é").state is None


@pytest.mark.parametrize("event_type", [*KINDS, "other"])
def test_no_repr_shows_what_is_private(event_type: str) -> None:
    private = {
        "client_state": "c2VjcmV0",
        "from": "+15550100",
        "to": "+15550101",
        "digit": "7531",
        "caller_id_name": "Hidden",
        "stream_url": "wss://h/guarded",
        "stream_params": {"stream_url": "wss://h/guarded"},
        "custom_headers": [{"name": "X", "value": "Hidden"}],
        "custom_parameters": {"pin": "Hidden"},
    }
    shown = repr(event(event_type, **private)) + str(event(event_type, **private))
    assert not [word for word in ("c2Vj", "5550", "7531", "Hidden", "guarded", "https://h/") if word in shown]


def test_the_module_is_public() -> None:
    assert webhook_events.read is read
