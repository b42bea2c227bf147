"""Summary of a call: our figures, the carrier's, and one log record at the end. It has no phone number or secret."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

from rtpcodec.server.call import Call
from rtpcodec.server.call_log import CallLog, plain
from rtpcodec.server.phone_totals import PhoneTotals
from rtpcodec.stream.ending import EndReason
from rtpcodec.stream.statistics import Statistics


class HangupEvent(Protocol):
    """The part of the webhook event `call.hangup` that a summary uses, such as a `CallHangup` of `verify_webhook`."""

    @property
    def call_control_id(self) -> str | None:
        """The call."""

    @property
    def hangup_cause(self) -> str | None:
        """Why it ended, such as `normal_clearing`."""

    @property
    def hangup_source(self) -> str | None:
        """The side that ended it: `caller`, `callee` or `unknown`."""

    @property
    def sip_hangup_cause(self) -> str | None:
        """The SIP status, where there is one."""

    @property
    def call_quality_stats(self) -> object:
        """The carrier's figures, a `CallQualityStats`; None: it reports none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary:
    """The figures of one stream, and those of the carrier once `call.hangup` has arrived."""

    call_id: str
    """Our id of the call, which log records show."""
    stream_id: str | None
    call_control_id: str | None
    """The carrier's id, which joins webhooks and streams. One call may have several streams."""
    call_session_id: str | None
    codec: str
    """Of the carrier's audio, as of the last `start`."""
    sample_rate_hz: int | None
    duration_ms: float
    """Time from `start` to the end of the stream, or up to now."""
    end_reason: EndReason | None
    """Why the stream ended, as `Call.end_reason`; None: it has not ended."""
    ours: Statistics
    phone: PhoneTotals = field(default_factory=PhoneTotals)
    """Our hang-ups, and our transfers by their result."""
    carrier: object = None
    """`CallHangup.call_quality_stats`: packets between the carrier and the phone. None: not known yet."""
    hangup_cause: str | None = None
    """Why the phone call ended; None: not known yet."""
    hangup_source: str | None = None
    sip_hangup_cause: str | None = None

    @classmethod
    def of(cls, call: Call) -> CallSummary:
        """Return the summary of a call at this moment, also after its end."""
        ours, started, audio = call.statistics(), call.started, call.media_format
        return cls(
            call_id=call.id,
            stream_id=started.stream_id,
            call_control_id=started.call_control_id,
            call_session_id=started.call_session_id,
            codec=audio.encoding,
            sample_rate_hz=audio.sample_rate_hz,
            duration_ms=ours.duration_ms,
            end_reason=call.end_reason,
            ours=ours,
            phone=call.phone_totals,
        )

    def with_carrier(self, event: HangupEvent) -> CallSummary:
        """Return this summary with the figures that the carrier reports of the same call.

        Args:
            event: the webhook event `call.hangup`.

        Raises:
            ValueError: the event is about another call.
        """
        if event.call_control_id != self.call_control_id:
            raise ValueError("the event is about another call: its call_control_id differs from that of the summary")
        return replace(
            self,
            carrier=event.call_quality_stats,
            hangup_cause=event.hangup_cause,
            hangup_source=event.hangup_source,
            sip_hangup_cause=event.sip_hangup_cause,
        )

    def figures(self) -> dict[str, object]:
        """Return the figures of the log record, each a number, a word, or None: unknown."""
        ours = self.ours
        received, sent, turns = ours.received_level, ours.sent_level, ours.turns
        return {
            "duration_ms": round(self.duration_ms),
            "end_reason": self.end_reason,
            "codec": plain(self.codec),
            "media_received": ours.media_received,
            "media_sent": ours.media_sent,
            "lost_chunks": ours.lost_chunks,
            "late_chunks": ours.late_chunks,
            "concealed_ms": round(ours.concealed_ms),
            "jitter_ms": _rounded(ours.jitter_ms),
            "stalls": ours.stalls,
            "longest_stall_ms": round(ours.longest_stall_ms),
            "send_stalls": ours.send_stalls,
            "longest_send_stall_ms": round(ours.longest_send_stall_ms),
            "dropped_audio_ms": round(ours.dropped_audio_ms),
            "send_dropped_ms": round(ours.send_dropped_ms),
            "interruptions": ours.interruptions,
            "pauses": ours.pauses,
            "disconnects": ours.disconnects,
            "reconnections": ours.reconnections,
            "disconnected_ms": round(ours.disconnected_ms),
            **asdict(self.phone),
            "round_trip_ms": _rounded(ours.round_trip_ms),
            "hold_ms": _rounded(ours.hold_ms),
            "received_dbov": None if received is None else _rounded(received.mean_dbov),
            "sent_dbov": None if sent is None else _rounded(sent.mean_dbov),
            "turns": None if turns is None else turns.count,
            "turn_median_ms": None if turns is None else _rounded(turns.median_ms),
            "turn_max_ms": None if turns is None else _rounded(turns.max_ms),
        }


def log_summary(log: CallLog, call: Call) -> None:
    """Log the figures of a call that has ended: one record at INFO, its figures in the text and as attributes."""
    if not log.isEnabledFor(logging.INFO):
        return
    figures = CallSummary.of(call).figures()
    text = ", ".join(f"{name} {'-' if figure is None else figure}" for name, figure in figures.items())
    log.info("summary: %s", text, extra=figures)


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 1)
