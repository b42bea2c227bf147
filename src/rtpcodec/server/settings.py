"""The settings of an endpoint, checked before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.errors import EndpointError, LocalProtocolError
from rtpcodec.pump.frame_budget import FrameBudget
from rtpcodec.server.options import CONCEALS
from rtpcodec.server.settings_checks import check
from rtpcodec.server.settings_fields import SettingsFields
from rtpcodec.stream.machine import CallTimeouts
from rtpcodec.stream.memory_budget import HeldBudget
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.wire import DIALECTS


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings(SettingsFields):
    """All settings of an endpoint. Raises EndpointError for an invalid one, with the rule and the value.

    docs/endpoint.md describes the other fields.

    Args:
        handler: a coroutine function, called with each Call.
    """

    def __post_init__(self) -> None:
        check(self)
        try:
            self.new_session()
        except (ValueError, LocalProtocolError) as error:
            raise EndpointError(str(error)) from error

    def new_session(
        self,
        utc_offset_ms: float | None = None,
        budget: HeldBudget | None = None,
        plan: StreamPlan | None = None,
    ) -> MediaSession:
        """Make the session of one call.

        Args:
            utc_offset_ms: UTC minus the session's clock.
            budget: the octets that the calls of the endpoint may hold together.
            plan: the plan of this call; None: the endpoint's, or the default plan if the endpoint's is a function.
        """
        return MediaSession(
            plan or (self.plan if isinstance(self.plan, StreamPlan) else None),
            receive_pcm_hz=self.receive_pcm_hz,
            send_pcm_hz=self.send_pcm_hz,
            lead_ms=self.lead_ms,
            idle_lead_ms=self.idle_lead_ms,
            max_queue_ms=self.max_queue_ms,
            when_full=self.when_full,
            send_chunk_ms=self.send_chunk_ms,
            prebuffer_ms=self.prebuffer_ms,
            keep_alive=self.keep_alive,
            own_marks=self.own_marks,
            utc_offset_ms=utc_offset_ms,
            conceal=getattr(self.handler, CONCEALS, False) if self.conceal is None else self.conceal,
            budget=budget,
            diagnosis_s=self.diagnosis_s,
            dialect=None if self.dialect is None else DIALECTS[self.dialect],
        )

    def new_budget(self, now_ms: float) -> FrameBudget:
        """Make the budget of one call."""
        return FrameBudget(self.max_frames_per_s, self.max_octets_per_s, now_ms)

    @property
    def call_timeouts(self) -> CallTimeouts:
        """The time-outs of a call."""
        return CallTimeouts(
            connected_ms=_in_ms(self.connected_timeout_s),
            start_ms=_in_ms(self.start_timeout_s),
            idle_ms=_in_ms(self.idle_timeout_s),
            ping_ms=_in_ms(self.ping_interval_s),
            media_ms=_in_ms(self.media_silence_s),
        )


def _in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
