"""The contract of a send chain, and the one for a plan: of replies in mode rtp, of files in mode mp3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from typing_extensions import Buffer

from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.events import Event, Interrupted
from rtpcodec.stream.level_meter import Level
from rtpcodec.stream.stalling import StallWatch


class SendSums(NamedTuple):
    """Counters of a send chain."""

    media_sent: int
    octets_sent: int
    stalls: int = 0
    """How often our own side stood still while audio was due."""
    dropped_ms: float = 0.0
    """Audio that `drop_oldest` dropped."""
    pauses: int = 0
    """Pauses of the playback that have ended."""
    paused_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SendMeasures:
    """Measurements of a send chain."""

    hold_ms: float | None = None
    """How long the carrier holds the first audio back; None: no echo has measured it."""
    longest_stall_ms: float = 0.0
    level: Level | None = None
    """Of the PCM that was sent; None: none was, or mode mp3."""


@dataclass(slots=True)
class LossReport:
    """What a lost line leaves."""

    unheard_ms: float
    """Audio that was sent and not heard, by the estimate."""
    uncertainty_ms: float
    """How much of what is sent again may have been heard, beside the usual repetition."""
    events: list[Event]


class Loss(Protocol):
    """Ends one line of a send chain."""

    def lost(self, now_ms: float, last_frame_ms: float, media_until_ms: float | None) -> LossReport:
        """Record that the line is lost, and queue again what was not heard.

        Args:
            now_ms: The time.
            last_frame_ms: When the last frame of the other side arrived.
            media_until_ms: When its media ended, without jitter; None: it sent none of late.
        """

    def mended(self) -> None:
        """Record that another line begins."""


class SendChain(Protocol):
    """What a session needs of either chain."""

    stream_id: str | None

    @property
    def loss(self) -> Loss:
        """What happens when the line is lost."""

    def play(self, pcm: Buffer, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue PCM."""

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue what `octets_of` returned, or a part of it."""

    def octets_of(self, pcm: Buffer) -> bytes:
        """Return PCM as int16 octets; a single octet waits for the next call."""

    def play_payload(self, payload: Buffer, note: object = None) -> None:
        """Queue octets in the send codec."""

    def play_mp3(self, data: Buffer) -> None:
        """Queue an MP3 file."""

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets in the send codec."""

    def mp3_ms(self, data: Buffer) -> float:
        """Return the duration of an MP3 file."""

    def flush(self) -> None:
        """End the utterance."""

    def follow(self, heard: PayloadFormat | None) -> None:
        """Follow the packing of the far end's payloads."""

    def mark(self, name: str | None) -> str:
        """Queue a mark behind all audio so far."""

    def own_mark(self) -> str:
        """Queue a mark of our own, in mode mp3."""

    def mark_echoed(self, name: str, now_ms: float) -> Sequence[Event]:
        """Take an echo."""

    def hear(self, inbound: StallWatch) -> None:
        """Look there how long the carrier has been silent."""

    def transferred(self, now_ms: float) -> Sequence[Event]:
        """Take a further `start` or another codec: another phone may listen now. Returns the caller's events."""

    def refused(self, now_ms: float) -> Sequence[Event]:
        """Take the carrier's complaint about too many messages."""

    def expired(self, now_ms: float) -> Sequence[Event]:
        """Return the events of time alone."""

    def due(self, now_ms: float, *, at_once: bool = True) -> list[str]:
        """Remove and return the texts that are due."""

    def interrupt(self, now_ms: float, also_dropped_ms: float = 0.0) -> tuple[Interrupted, Sequence[Event]]:
        """Drop all unheard audio."""

    def suspend(self, reason: str, now_ms: float) -> None:
        """Suspend replies, or files."""

    def unsuspend(self, reason: str, now_ms: float) -> None:
        """End a suspension."""

    @property
    def halts(self) -> int:
        """How often a pause or a suspension has stopped what is sent."""

    def paused_for_ms(self, now_ms: float) -> float:
        """Return how much longer a pause lasts unless something ends it; infinity: suspended; 0: neither."""

    def end(self, now_ms: float) -> Sequence[Event]:
        """End the stream."""

    def heard_ms(self, now_ms: float) -> float:
        """Estimate the position up to which audio was heard."""

    def describe(self) -> str:
        """Describe the chain for people."""

    @property
    def next_deadline_ms(self) -> float | None:
        """When `due` or `expired` has something to do."""

    @property
    def event_deadline_ms(self) -> float | None:
        """When `expired` has something to do."""

    @property
    def pcm_hz(self) -> int:
        """The rate of PCM that is given without one."""

    @property
    def max_queue_ms(self) -> float:
        """Limit of queued audio."""

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent."""

    @property
    def room_ms(self) -> float:
        """Audio that `play` would accept now."""

    @property
    def position_ms(self) -> float:
        """Audio queued since the stream began, without what interruptions dropped."""

    @property
    def sums(self) -> SendSums:
        """Counters."""

    @property
    def round_trip_ms(self) -> float | None:
        """The least measured time to the carrier and back; None: not measured."""

    @property
    def measures(self) -> SendMeasures:
        """Measurements."""
