"""The parts of a stream's speaking side, which its modules share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rtpcodec.stream.items import Packing, Piece
from rtpcodec.stream.speaking._states import PartsState
from rtpcodec.stream.speaking.echoes import Echoes
from rtpcodec.stream.speaking.far_end import FarEnd
from rtpcodec.stream.speaking.idle_sound import IdleSound
from rtpcodec.stream.speaking.order import ReplyOrder
from rtpcodec.stream.speaking.own_marks import OwnMarks
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.send_gate import SendGate
from rtpcodec.stream.speaking.sent_audio import SentAudio
from rtpcodec.stream.speaking.settings import SpeakingSettings
from rtpcodec.stream.speaking.spans import CutPoint
from rtpcodec.stream.wire import Dialect


class SentSink(Protocol):
    """Receives all audio that a stream sends. It is called in the session's thread and must not block."""

    def sent(self, position: int, samples: int, pieces: list[Piece], payload: bytes, reply: Reply | None) -> None:
        """Process one message that is sent now and that `far_end` has recorded.

        Args:
            position: its sent position.
            samples: of the codec's rate.
            pieces: its audio before encoding, with background sound.
            payload: its payload.
            reply: the reply that it belongs to; None: sound between replies.
        """


class ActionSink(Protocol):
    """Receives all actions of the user on the sending side, so that a replay can repeat them. It must not block."""

    def opened(self, reply: Reply) -> None:
        """Record that a reply opens."""

    def queued(self, reply: Reply, samples: int, from_hz: int, payload: bytes | None) -> None:
        """Record audio of a reply: PCM of this many samples at this rate, or a payload of the send codec."""

    def closing(self, reply: Reply) -> None:
        """Record that a reply was ended while some of its audio waits elsewhere."""

    def ended(self, reply: Reply) -> None:
        """Record that a reply is complete."""

    def marked(self, name: str) -> None:
        """Record a mark of the user."""

    def paused(self, now_ms: float, timeout_ms: float, then: str) -> None:
        """Record a pause."""

    def resumed(self, now_ms: float, rewind_ms: float) -> None:
        """Record that a pause is resumed."""

    def discarded(self, now_ms: float) -> None:
        """Record that a pause is discarded."""

    def suspended(self, now_ms: float, reason: str) -> None:
        """Record a suspension."""

    def unsuspended(self, now_ms: float, reason: str) -> None:
        """Record the end of a suspension."""


@dataclass(slots=True)
class Parts(PartsState):
    """Shared by the modules of `stream.speaking`; each names the parts that it changes.

    reports: events for the session's next `events`.
    sent_sinks: receive all sent audio.
    actions: receives all actions of the user; None: no capture runs.
    paused: whether a pause or a suspension holds replies back.
    """

    settings: SpeakingSettings
    dialect: Dialect
    packing: Packing
    far_end: FarEnd
    echoes: Echoes
    own_marks: OwnMarks
    order: ReplyOrder
    sent_audio: SentAudio
    idle: IdleSound
    gate: SendGate
    on_cut: Callable[[CutPoint, int, float], object] | None = None
    """Called for each clear: the cut point, which is corrected in place; the sent position at the clear; the time."""
    halts: int = 0
    """How often replies began to be held back by a pause or a suspension."""
    lost_samples: int = 0
    """Sent audio that clears dropped: the difference between sent positions and heard audio."""
    mark_counts: dict[str, int] = field(default_factory=dict)
    """The number of named marks by prefix. Own marks count apart, so the user's numbers have no gap."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the codec's samples, in which positions count."""
        return self.packing.sample_rate_hz

    def ms(self, samples: int) -> float:
        """Return samples as time."""
        return samples * 1000 / self.packing.sample_rate_hz

    def new_mark(self, prefix: str) -> str:
        """Return a new name of a mark."""
        count = self.mark_counts[prefix] = self.mark_counts.get(prefix, 0) + 1
        return f"{prefix}{count}"


class _HasParts(Protocol):
    _parts: Parts


def parts_of(chain: _HasParts) -> Parts:
    """Return the parts of a SpeechChain, for observers of the sent audio. They are not part of its public interface."""
    return chain._parts  # noqa: SLF001 -- stands beside what it returns
