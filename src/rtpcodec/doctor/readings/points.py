"""The uncertain points of docs/carrier.md that a call can show, and the readings that each may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Point:
    """One uncertain point."""

    name: str
    question: str
    readings: Mapping[str, str]
    """The readings in words, by their names."""


_CLOSING: Final = {
    "call_continues": "the phone call continues without the stream",
    "call_ends": "the carrier hangs up",
}
_ORDER: Final = {"little": "little-endian", "big": "big-endian (RFC 3551 section 4.5.11)"}
_PACKINGS: Final = {
    "bandwidth-efficient": "bandwidth-efficient, the default of RFC 4867 section 8.2",
    "octet-aligned": "octet-aligned",
}

_LISTED: Final = (
    Point(
        "start_against_ringing",
        "When does the stream of a dialled call begin?",
        {"at_answer": "the socket opens at the answer", "before_answer": "it opens while the phone rings"},
    ),
    Point(
        "timestamp_unit",
        "What does media.timestamp count?",
        {"ms": "milliseconds", "rtp_clock": "ticks of the RTP clock", "neither": "neither of them"},
    ),
    Point(
        "chunk_counter",
        "What does media.chunk count?",
        {"per_track": "the chunks of each track", "shared": "the chunks of all tracks"},
    ),
    Point(
        "own_speech_outbound",
        "Does the outbound track hold what we send?",
        {"yes": "it does", "no": "it does not"},
    ),
    Point(
        "echo_timing",
        "When does a mark return?",
        {
            "played": "when the audio before it was played",
            "received": "as soon as the carrier has received it",
            "never": "it does not return",
        },
    ),
    Point(
        "mark_limit",
        "Are frequent marks refused?",
        {"none": "50 in a second are not refused", "limited": "they are refused with error 100005"},
    ),
    Point("l16_order_received", "Which byte order has L16 from the carrier?", _ORDER),
    Point(
        "l16_rate_received",
        "Has L16 from the carrier the declared rate?",
        {"as_declared": "it has", "other": "it has another one"},
    ),
    Point("l16_order_sent", "In which byte order does the carrier read L16?", _ORDER),
    Point(
        "l16_rate_sent",
        "Does the carrier play L16 at the rate that the command names?",
        {"as_asked": "it does", "other": "it plays it at another rate"},
    ),
    Point("amrwb_packing_received", "Which packing has AMR-WB from the carrier?", _PACKINGS),
    Point(
        "amrwb_packing_sent",
        "Which packing of AMR-WB does the carrier accept?",
        {**_PACKINGS, "both": "both of them", "neither": "neither of them"},
    ),
    Point(
        "slow_reading",
        "What does the carrier do with audio while we do not read?",
        {
            "kept": "it keeps the audio and sends it later",
            "discarded": "it discards audio",
            "closed": "it closes the socket",
        },
    ),
    Point("socket_close_dial", "We close the socket of a stream that `dial` asked for.", _CLOSING),
    Point("socket_close_command", "We close the socket of a stream that a command asked for.", _CLOSING),
    Point("socket_close_texml_start", "We close the socket of a TeXML `<Start>` stream.", _CLOSING),
    Point("socket_close_texml_connect", "We close the socket of a TeXML `<Connect>` stream.", _CLOSING),
)

POINTS: Final[Mapping[str, Point]] = {point.name: point for point in _LISTED}
