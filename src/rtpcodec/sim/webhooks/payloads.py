"""What webhooks say about a call: the payload of each event (media streaming, section 4.2). No I/O."""

from __future__ import annotations

from typing import Any

from rtpcodec.sim.calls.leg import Leg
from rtpcodec.sim.commands.requests import StreamRequest
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.formats import AudioFormat


def of_call(facts: CallFacts, leg: Leg) -> dict[str, Any]:
    """What every event of a call says."""
    return {
        "call_control_id": facts.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": facts.call_session_id,
        "client_state": leg.client_state,
        "connection_id": leg.connection_id,
    }


def of_phone(facts: CallFacts, leg: Leg) -> dict[str, Any]:
    """What the events of the call itself say beside that."""
    return of_call(facts, leg) | {
        "from": facts.from_number,
        "to": facts.to_number,
        "direction": leg.direction,
        "state": leg.state,
    }


def initiated(facts: CallFacts, leg: Leg, media: AudioFormat) -> dict[str, Any]:
    """`call.initiated`: a call came in, or a phone begins to ring."""
    return of_phone(facts, leg) | {"offered_codecs": media.name, "connection_codecs": media.name}


def answered(facts: CallFacts, leg: Leg, media: AudioFormat, request: StreamRequest | None) -> dict[str, Any]:
    """`call.answered`; with the stream that the answer asks for."""
    payload = of_phone(facts, leg) | {"codec": media.name, "sampling_rate": media.announced_hz}
    if request is not None:
        payload |= {"stream_url": request.stream_url, "stream_track": request.tracks}
    return payload


def hung_up(facts: CallFacts, leg: Leg) -> dict[str, Any]:
    """`call.hangup`."""
    return of_phone(facts, leg) | {"hangup_cause": leg.hangup_cause, "hangup_source": leg.hangup_source}


def streaming(facts: CallFacts, leg: Leg, request: StreamRequest) -> dict[str, Any]:
    """`streaming.started` and `streaming.stopped`."""
    return of_call(facts, leg) | {"stream_url": request.stream_url}


def streaming_failed(facts: CallFacts, leg: Leg, request: StreamRequest, stream_id: str) -> dict[str, Any]:
    """`streaming.failed`."""
    return of_call(facts, leg) | {
        "failure_reason": "connection_failed",
        "stream_id": stream_id,
        "stream_params": {"stream_url": request.stream_url, "track": request.tracks},
        "stream_type": "dialogflow" if request.dialogflow else "websocket",
    }
