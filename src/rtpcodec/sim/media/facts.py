"""CallFacts: the facts about a call that its streams need."""

from __future__ import annotations

from dataclasses import dataclass, field

from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.timing import Timing
from rtpcodec.sim.media.variations import Variations
from rtpcodec.sim.webhooks.signalling import Signalling
from rtpcodec.sim.wires.ids import DialectName


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """A live call, as its streams see it."""

    call_control_id: str
    call_session_id: str
    user_id: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    dtmf: tuple[tuple[float, str], ...] = field(repr=False)
    """Keys that the caller presses: at which ms of a stream, and the digit."""
    tail_ms: float
    playout_delay_ms: float
    max_call_ms: float
    variations: Variations
    faults: Faults
    timing: Timing
    signalling: Signalling
    keeps_audio: bool
    """False: neither the speech nor the heard audio is kept in memory."""
    seed: str
    logs_playout: bool = False
    """Whether the report has a PlayoutLog."""
    dialect: DialectName = "telnyx"
    bridged: bool = False
    """Whether there is a second leg, which can hear return audio too."""
