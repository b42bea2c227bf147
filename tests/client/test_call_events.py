"""Events about calls: typed, tolerant of odd members, complete in `payload`, private in a repr."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from rtpcodec.client import webhook_events
from rtpcodec.client.event_base import EventValue, WebhookEvent
from rtpcodec.client.webhook_events import KINDS, CallQualityStats, InboundQuality, OutboundQuality, Unknown, read

COMMON = {"call_control_id": "v3:EX", "call_leg_id": "a1", "call_session_id": "b2", "client_state": "c2VjcmV0"}
ENDS = {"from": "+15550100", "to": "+15550101"}
HEADERS: dict[str, Any] = {
    "tags": ["vip", 5, "sales"],
    "custom_headers": [{"name": "X-Pin", "value": "Hidden1"}, {"name": "X-Pin", "value": "Hidden2"}, {"name": "X"}, 7],
    "sip_headers": [{"name": "Diversion", "value": "sip:hidden@h"}],
}


def event(event_type: str, **payload: Any) -> WebhookEvent:
    return read(msgspec.json.encode({"data": {"event_type": event_type, "id": "e1", "payload": payload}}))


def members_of(value: EventValue) -> dict[str, Any]:
    """Return all fields that have a value, without those of every event."""
    own = {each.name: getattr(value, each.name) for each in fields(value)}
    common = {each.name for each in fields(WebhookEvent)}
    return {name: found for name, found in own.items() if found not in (None, ()) and name not in common}


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("call.hold", ENDS, {"from_": "+15550100", "to": "+15550101"}),
    ("call.unhold", ENDS, {"from_": "+15550100", "to": "+15550101"}),
    ("call.gather.ended", {"digits": "1234#", "status": "valid"}, {"digits": "1234#", "status": "valid"}),
    ("call.machine.detection.ended", {"result": "human"}, {"result": "human"}),
    ("call.machine.greeting.ended", {"result": "beep_detected"}, {"result": "beep_detected"}),
    ("call.machine.premium.detection.ended", {"result": "human_business"}, {"result": "human_business"}),
    ("call.machine.premium.greeting.ended", {"result": "no_beep_detected"}, {"result": "no_beep_detected"}),
    (
        "call.playback.started",
        {"media_url": "https://h/guarded.wav", "media_name": "hello", "overlay": False},
        {"media_url": "https://h/guarded.wav", "media_name": "hello", "overlay": False},
    ),
    (
        "call.playback.ended",
        {"media_name": "hello", "status": "failed", "status_detail": "busy"},
        {"media_name": "hello", "status": "failed", "status_detail": "busy"},
    ),
    ("call.speak.started", {}, {}),
    ("call.speak.ended", {"status": "completed"}, {"status": "completed"}),
    (
        "call.recording.saved",
        {
            "channels": "dual",
            "recording_started_at": "2026-01-02T03:04:05Z",
            "recording_ended_at": "2026-01-02T03:04:06Z",
            "recording_urls": {"mp3": "https://h/1.mp3", "wav": "https://h/1.wav"},
            "public_recording_urls": {"mp3": "https://p/1.mp3", "wav": 5},
        },
        {
            "channels": "dual",
            "recording_started_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "recording_ended_at": datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
            "mp3_url": "https://h/1.mp3",
            "wav_url": "https://h/1.wav",
            "public_mp3_url": "https://p/1.mp3",
        },
    ),
    ("call.recording.error", {"reason": "Internal server error"}, {"reason": "Internal server error"}),
    ("call.fork.started", {"stream_type": "decrypted"}, {"stream_type": "decrypted"}),
    ("call.fork.stopped", {"stream_type": "decrypted"}, {"stream_type": "decrypted"}),
    (
        "call.transcription",
        {
            "transcription_data": {
                "confidence": 0.977,
                "is_final": True,
                "transcript": "my pin is seven",
                "transcription_track": "inbound",
            }
        },
        {"confidence": 0.977, "is_final": True, "transcript": "my pin is seven", "transcription_track": "inbound"},
    ),
    (
        "call.conversation.ended",
        {
            **ENDS,
            "assistant_id": "a",
            "calling_party_type": "pstn",
            "conversation_id": "c",
            "duration_sec": 12,
            "llm_model": "m",
            "reason": "customer_disconnect",
            "stt_model": "s",
            "tts_model_id": "t",
            "tts_provider": "p",
            "tts_voice_id": "v",
        },
        {
            "from_": "+15550100",
            "to": "+15550101",
            "assistant_id": "a",
            "calling_party_type": "pstn",
            "conversation_id": "c",
            "duration_sec": 12,
            "llm_model": "m",
            "reason": "customer_disconnect",
            "stt_model": "s",
            "tts_model_id": "t",
            "tts_provider": "p",
            "tts_voice_id": "v",
        },
    ),
]


@pytest.mark.parametrize(("event_type", "payload", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_fields(event_type: str, payload: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = event(event_type, **COMMON, **payload)
    assert type(found) is KINDS[event_type]
    assert members_of(found) == wanted
    assert (found.call_control_id, found.state) == ("v3:EX", b"secret")
    assert found.payload == {**COMMON, **payload}


def test_premium_detection_is_recognised() -> None:
    assert isinstance(
        detected := event("call.machine.premium.detection.ended"), webhook_events.CallMachineDetectionEnded
    )
    assert detected.is_premium
    assert isinstance(detected := event("call.machine.detection.ended"), webhook_events.CallMachineDetectionEnded)
    assert not detected.is_premium
    assert isinstance(greeted := event("call.machine.premium.greeting.ended"), webhook_events.CallMachineGreetingEnded)
    assert greeted.is_premium
    assert isinstance(greeted := event("call.machine.greeting.ended"), webhook_events.CallMachineGreetingEnded)
    assert not greeted.is_premium


def test_cost() -> None:
    part = {
        "call_part": "sip-trunking",
        "cost": "0.0100",
        "currency": "USD",
        "rate": "0.005",
        "billed_duration_secs": 60,
    }
    found = event(
        "call.cost",
        status="success",
        total_cost="0.0150",
        billed_duration_secs="60",
        cost_parts=[part, 5, {"cost": "x"}],
    )
    assert isinstance(found, webhook_events.CallCost)
    assert (str(found.total_cost), found.billed_duration_secs, found.status) == ("0.0150", 60, "success")
    first, second = found.cost_parts
    assert members_of(first) == {**part, "cost": Decimal("0.01"), "rate": Decimal("0.005")}
    assert members_of(second) == {}


def test_turns_of_a_conversation() -> None:
    turns = [
        {"role": "user", "content": "my pin is seven", "timestamp": "2026-01-02T03:04:05Z"},
        {"role": "assistant", "tool_calls": [{"id": "t"}]},
        None,
    ]
    found = event("call.conversation.ended", messages=turns)
    assert isinstance(found, webhook_events.CallConversationEnded)
    user, assistant = found.messages
    assert (user.role, user.content) == ("user", "my pin is seven")
    assert user.timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (assistant.role, assistant.content) == ("assistant", None)
    assert found.payload["messages"] == turns
    assert "seven" not in repr(found)


STATS = {
    "inbound": {
        "jitter_max_variance": "12.53",
        "jitter_packet_count": "490",
        "mos": "4.50",
        "packet_count": "500",
        "skip_packet_count": "7",
    },
    "outbound": {"packet_count": "499", "skip_packet_count": "0"},
}


def quality(stats: object) -> CallQualityStats | None:
    found = event("call.hangup", call_quality_stats=stats)
    assert isinstance(found, webhook_events.CallHangup)
    assert found.payload["call_quality_stats"] == stats
    return found.call_quality_stats


def test_quality_of_a_call() -> None:
    assert quality(STATS) == CallQualityStats(
        inbound=InboundQuality(
            mos=4.5, jitter_max_variance=12.53, jitter_packet_count=490, packet_count=500, skip_packet_count=7
        ),
        outbound=OutboundQuality(packet_count=499, skip_packet_count=0),
    )
    shown = repr(event("call.hangup", call_quality_stats=STATS))
    assert "inbound=InboundQuality(packet_count=500, skip_packet_count=7, mos=4.5" in shown


@pytest.mark.parametrize(
    "odd", ["", "-1", "4,5", "nan", "inf", "1e3", " 4", "4.", "\u0664", "9" * 16, -1, True, None, [], {}]
)
def test_an_odd_figure_is_none_and_the_others_stay(odd: object) -> None:
    found = quality({"inbound": {**STATS["inbound"], "mos": odd, "packet_count": odd}, "outbound": STATS["outbound"]})
    assert found is not None
    assert found.inbound is not None
    assert (found.inbound.mos, found.inbound.packet_count, found.inbound.skip_packet_count) == (None, None, 7)
    assert found.outbound == OutboundQuality(packet_count=499, skip_packet_count=0)


def test_figures_as_json_numbers() -> None:
    assert quality({"inbound": {"mos": 4.5, "packet_count": 500}}) == CallQualityStats(
        inbound=InboundQuality(mos=4.5, packet_count=500)
    )


def test_a_count_has_no_fraction() -> None:
    assert quality({"outbound": {"packet_count": "499.0"}}) == CallQualityStats(outbound=OutboundQuality())


@pytest.mark.parametrize("stats", [None, [], "4.5", 5])
def test_statistics_that_are_not_an_object_are_none(stats: object) -> None:
    assert quality(stats) is None


@pytest.mark.parametrize("stats", [{}, {"inbound": None, "outbound": "x"}])
def test_directions_that_are_not_objects_are_none(stats: object) -> None:
    assert quality(stats) == CallQualityStats()


@pytest.mark.parametrize("event_type", ["call.initiated", "call.answered", "call.hangup"])
def test_tags_and_headers(event_type: str) -> None:
    found = event(event_type, **HEADERS)
    assert isinstance(found, webhook_events.SipCallEvent)
    assert found.tags == ("vip", "sales")
    assert found.custom_headers == (("X-Pin", "Hidden1"), ("X-Pin", "Hidden2"))
    assert found.sip_headers == (("Diversion", "sip:hidden@h"),)
    assert found.payload == HEADERS
    assert "idden" not in repr(found)
    assert "tags=('vip', 'sales')" in repr(found)


def test_how_far_a_callers_number_is_trusted() -> None:
    found = event(
        "call.initiated", shaken_stir_attestation="A", shaken_stir_validated=True, call_screening_result="not_flagged"
    )
    assert members_of(found) == {
        "shaken_stir_attestation": "A",
        "shaken_stir_validated": True,
        "call_screening_result": "not_flagged",
    }
    assert members_of(event("call.initiated", shaken_stir_validated="true")) == {}


@pytest.mark.parametrize("event_type", KINDS)
def test_types_with_and_without_their_prefix(event_type: str) -> None:
    other = event_type.removeprefix("call.") if event_type.startswith("call.") else f"call.{event_type}"
    found = event(other, call_control_id="v3:x")
    assert type(found) is KINDS[event_type]
    assert found.event_type == event_type
    assert found.raw["data"]["event_type"] == other


@pytest.mark.parametrize(
    "event_type", ["call.", "", ".", "call.call.hangup", "streaming", "calls.hangup", "call.refer"]
)
def test_other_types_stay_as_they_are(event_type: str) -> None:
    found = event(event_type)
    assert type(found) is Unknown
    assert found.event_type == event_type


ODD: tuple[object, ...] = (None, 5, "x", [], {}, [5], {"mp3": 5, "transcript": 5, "inbound": 5}, True, -1.5)


@pytest.mark.parametrize("event_type", KINDS)
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_member_of_another_type_never_raises(event_type: str, odd: object) -> None:
    kind = KINDS[event_type]
    found = event(event_type, **dict.fromkeys(_wire_names(kind), odd))
    assert type(found) is kind
    assert hash(found) == hash(event(event_type, **dict.fromkeys(_wire_names(kind), odd)))


def _wire_names(kind: type[WebhookEvent]) -> set[str]:
    paths = {path for each in fields(kind) for path in each.metadata.get("paths", ((each.name,),))}
    return {path[0] for path in paths} - {"id", "occurred_at", "attempt", "delivered_to", "raw", "event_type"}


@pytest.mark.parametrize("event_type", [*KINDS, "other"])
def test_no_repr_shows_what_is_private(event_type: str) -> None:
    private = {
        "client_state": "c2VjcmV0",
        **ENDS,
        "digit": "7531",
        "digits": "7531",
        "caller_id_name": "Hidden",
        "media_url": "https://h/guarded",
        "recording_urls": {"mp3": "https://h/guarded", "wav": "https://h/guarded"},
        "public_recording_urls": {"mp3": "https://h/guarded", "wav": "https://h/guarded"},
        "transcription_data": {"transcript": "Hidden"},
        "messages": [{"role": "user", "content": "Hidden"}],
        "custom_headers": [{"name": "X", "value": "Hidden"}],
        "sip_headers": [{"name": "X", "value": "Hidden"}],
    }
    found = event(event_type, **private)
    shown = f"{found!r} {found}"
    assert not [word for word in ("c2Vj", "5550", "7531", "Hidden", "guarded") if word in shown]
    assert found.payload == private
