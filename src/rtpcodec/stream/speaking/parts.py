"""The parts of one stream's speaking side that its modules share."""

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
    """What sees all audio that one stream sends. It is called in the session's thread and must not block."""

    def sent(self, position: int, samples: int, pieces: list[Piece], payload: bytes, reply: Reply | None) -> None:
        """Take one message that is sent now, and that `far_end` has recorded.

        position: its sent position.
        samples: of the codec's rate.
        pieces: its audio as it is encoded, the background mixed in.
        payload: its payload.
        reply: the reply that it belongs to; None: the sound between replies.
        """


class ActionSink(Protocol):
    """What sees all that an app does to the sending side, so that a replay can do it again. It must not block."""

    def opened(self, reply: Reply) -> None:
        """Take a reply that opens."""

    def queued(self, reply: Reply, samples: int, from_hz: int, payload: bytes | None) -> None:
        """Take audio of a reply: PCM of so many samples at this rate, or a payload of the send codec."""

    def closing(self, reply: Reply) -> None:
        """Take note that a reply was ended, of which audio waits elsewhere."""

    def ended(self, reply: Reply) -> None:
        """Take note that nothing more is added to a reply."""

    def marked(self, name: str) -> None:
        """Take a mark of the caller."""

    def paused(self, now_ms: float, timeout_ms: float, then: str) -> None:
        """Take note of a pause."""

    def resumed(self, now_ms: float, rewind_ms: float) -> None:
        """Take note that a pause is resumed."""

    def discarded(self, now_ms: float) -> None:
        """Take note that a pause is discarded."""

    def suspended(self, now_ms: float, reason: str) -> None:
        """Take note of a suspension."""

    def unsuspended(self, now_ms: float, reason: str) -> None:
        """Take note of the end of a suspension."""


@dataclass(slots=True)
class Parts(PartsState):
    """Shared by the modules of `stream.speaking`; each names the parts that it changes.

    reports: events for the session's next `events`.
    sent_sinks: what sees all audio that is sent.
    actions: what sees all that the app does; None: nothing captures it.
    paused: whether a pause or a suspension holds the replies back.
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
    """Called with each clear: where it cuts, which is corrected in place; the sent position at the clear; the time."""
    halts: int = 0
    """How often a pause or a suspension has begun to hold replies back."""
    lost_samples: int = 0
    """Audio that was sent and dropped by clears: the difference between sent positions and what the caller hears."""
    mark_counts: dict[str, int] = field(default_factory=dict)
    """Marks that were named here, by prefix: so many own ones there are, the caller sees no gap."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the codec's samples, in which positions count."""
        return self.packing.sample_rate_hz

    def ms(self, samples: int) -> float:
        """Return samples as time."""
        return samples * 1000 / self.packing.sample_rate_hz

    def new_mark(self, prefix: str) -> str:
        """Return the name of another mark."""
        count = self.mark_counts[prefix] = self.mark_counts.get(prefix, 0) + 1
        return f"{prefix}{count}"


class _HasParts(Protocol):
    _parts: Parts


def parts_of(chain: _HasParts) -> Parts:
    """Return the parts of a SpeechChain, for what follows the audio that is sent. They are not a part of its face."""
    return chain._parts  # noqa: SLF001 -- stands beside what it returns
