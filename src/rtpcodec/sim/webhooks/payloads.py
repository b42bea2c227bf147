"""The payload of each webhook about a call (docs/webhooks.md, "Events"). No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rtpcodec.carriers.telnyx import members, webhooks
from rtpcodec.carriers.telnyx.streaming import INBOUND, OUTBOUND
from rtpcodec.sim.calls.leg import Leg
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.formats import AudioFormat
from rtpcodec.sim.report import CallReport

PACKET_MS: Final = 20
"""Audio in one packet between phone and carrier."""
BEST_MOS: Final = "4.50"
"""Score of a network that loses and delays nothing: `Faults` and `Timing` apply to the app's side only."""


@dataclass(slots=True)
class CallQuality:
    """Packets between phone and carrier, summed over the streams of a call."""

    packets: int = 0
    silent_packets: int = 0
    """Packets to the phone while the play-out was empty."""

    def add(self, report: CallReport, chunk_ms: int) -> None:
        """Add a stream."""
        self.packets += report.ticks * chunk_ms // PACKET_MS
        self.silent_packets += int(report.dry_ms // PACKET_MS)

    def as_json(self) -> dict[str, Any]:
        """Return the object as `call.hangup` has it: all numbers are strings."""
        return {
            INBOUND: {
                webhooks.MOS: BEST_MOS,
                webhooks.JITTER_MAX_VARIANCE: "0.00",
                webhooks.JITTER_PACKET_COUNT: "0",
                webhooks.PACKET_COUNT: str(self.packets),
                webhooks.SKIP_PACKET_COUNT: "0",
            },
            OUTBOUND: {
                webhooks.PACKET_COUNT: str(self.packets),
                webhooks.SKIP_PACKET_COUNT: str(self.silent_packets),
            },
        }


def of_call(facts: CallFacts, leg: Leg) -> dict[str, Any]:
    """Return members of every event of a call."""
    return {
        members.CALL_CONTROL_ID: facts.call_control_id,
        members.CALL_LEG_ID: leg.call_leg_id,
        members.CALL_SESSION_ID: facts.call_session_id,
        members.CLIENT_STATE: leg.client_state,
        members.CONNECTION_ID: leg.connection_id,
    }


def dialled(facts: CallFacts, leg: Leg) -> dict[str, Any]:
    """Return the data in the answer to a dial command (docs/carrier.md, rule C10)."""
    said = of_call(facts, leg)
    names = (members.CALL_CONTROL_ID, members.CALL_LEG_ID, members.CALL_SESSION_ID, members.CLIENT_STATE)
    return {name: said[name] for name in names if said[name] is not None} | {
        "is_alive": False,
        webhooks.RECORD_TYPE: "call",
    }


def of_phone(facts: CallFacts, leg: Leg) -> dict[str, Any]:
    """Return members of the events of the call itself."""
    return of_call(facts, leg) | {
        members.FROM: facts.from_number,
        members.TO: facts.to_number,
    }


def _of_sip(facts: CallFacts, leg: Leg) -> dict[str, Any]:
    return of_phone(facts, leg) | {
        webhooks.STATE: leg.state,
        members.TAGS: list(facts.signalling.tags),
        members.CUSTOM_HEADERS: _pairs(facts.signalling.custom_headers),
        members.SIP_HEADERS: _pairs(facts.signalling.sip_headers),
    }


def _pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{members.NAME: name, members.VALUE: value} for name, value in headers.items()]


def initiated(facts: CallFacts, leg: Leg, media: AudioFormat) -> dict[str, Any]:
    """Return the payload of `call.initiated`: an incoming call, or a phone that begins to ring."""
    payload = _of_sip(facts, leg) | {
        webhooks.DIRECTION: leg.direction,
        webhooks.OFFERED_CODECS: media.name,
        webhooks.CONNECTION_CODECS: media.name,
    }
    if leg.direction == webhooks.INCOMING:
        signalling = facts.signalling
        verdicts = {
            webhooks.SHAKEN_STIR_ATTESTATION: signalling.shaken_stir_attestation,
            webhooks.SHAKEN_STIR_VALIDATED: signalling.shaken_stir_validated,
            webhooks.CALL_SCREENING_RESULT: signalling.call_screening_result,
        }
        payload |= {name: verdict for name, verdict in verdicts.items() if verdict is not None}
    return payload


def answered(facts: CallFacts, leg: Leg, media: AudioFormat, settings: StreamSettings | None) -> dict[str, Any]:
    """Return the payload of `call.answered`, with the stream that the answer requests."""
    payload = _of_sip(facts, leg) | {webhooks.CODEC: media.name, webhooks.SAMPLING_RATE: media.announced_hz}
    if settings is not None:
        payload |= {members.STREAM_URL: settings.stream_url, members.STREAM_TRACK: settings.tracks}
    return payload


def hung_up(facts: CallFacts, leg: Leg, quality: CallQuality) -> dict[str, Any]:
    """Return the payload of `call.hangup`."""
    return _of_sip(facts, leg) | {
        webhooks.HANGUP_CAUSE: leg.hangup_cause,
        webhooks.HANGUP_SOURCE: leg.hangup_source,
        webhooks.CALL_QUALITY_STATS: quality.as_json(),
    }


def streaming(facts: CallFacts, leg: Leg, settings: StreamSettings) -> dict[str, Any]:
    """Return the payload of `streaming.started` and `streaming.stopped`."""
    return of_call(facts, leg) | {members.STREAM_URL: settings.stream_url}


def streaming_failed(facts: CallFacts, leg: Leg, settings: StreamSettings, stream_id: str) -> dict[str, Any]:
    """Return the payload of `streaming.failed`."""
    return of_call(facts, leg) | {
        webhooks.FAILURE_REASON: webhooks.CONNECTION_FAILED,
        members.STREAM_ID: stream_id,
        webhooks.STREAM_PARAMS: {members.STREAM_URL: settings.stream_url, members.TRACK: settings.tracks},
        webhooks.STREAM_TYPE: webhooks.DIALOGFLOW_STREAM if settings.dialogflow else webhooks.WEBSOCKET_STREAM,
    }
