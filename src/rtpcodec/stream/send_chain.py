"""The protocol class of send chains: replies in mode rtp, files in mode mp3."""

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
    """Stalls of our own side while audio was due."""
    dropped_ms: float = 0.0
    """Audio that `drop_oldest` dropped."""
    pauses: int = 0
    """Pauses of the playback that have ended."""
    paused_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SendMeasures:
    """Measurements of a send chain."""

    hold_ms: float | None = None
    """Time that the carrier buffers the first audio; None: no echo has measured it."""
    longest_stall_ms: float = 0.0
    level: Level | None = None
    """Level of the sent PCM; None: none was sent, or mode mp3."""


@dataclass(slots=True)
class LossReport:
    """The state after the loss of a connection."""

    unheard_ms: float
    """Audio that was sent and, by the estimate, not heard."""
    uncertainty_ms: float
    """How much of this audio may have been heard, in addition to the usual repetition."""
    events: list[Event]


class Loss(Protocol):
    """Handles the loss of a connection for a send chain."""

    def lost(self, now_ms: float, last_frame_ms: float, media_until_ms: float | None) -> LossReport:
        """Record that the connection is lost, and queue again the audio that was not heard.

        Args:
            now_ms: The time.
            last_frame_ms: Arrival of the last frame of the other side.
            media_until_ms: End of its media, without jitter; None: it has sent none recently.
        """

    def mended(self) -> None:
        """Record that another connection begins."""


class SendChain(Protocol):
    """The methods of both send chains that a session needs."""

    stream_id: str | None

    @property
    def loss(self) -> Loss:
        """The handler of a lost connection."""

    def play(self, pcm: Buffer, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue PCM."""

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue the octets of `octets_of`, or a part of them."""

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
        """Queue an internal mark, in mode mp3."""

    def mark_echoed(self, name: str, now_ms: float) -> Sequence[Event]:
        """Handle the echo of a mark."""

    def hear(self, inbound: StallWatch) -> None:
        """Use this watch for the silence of the carrier."""

    def transferred(self, now_ms: float) -> Sequence[Event]:
        """Handle a later `start` or another codec: another phone may listen now. Returns the resulting events."""

    def refused(self, now_ms: float) -> Sequence[Event]:
        """Handle the carrier's error about too many messages."""

    def expired(self, now_ms: float) -> Sequence[Event]:
        """Return the events that time alone has caused."""

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
        """Number of times that a pause or a suspension has stopped sending."""

    def paused_for_ms(self, now_ms: float) -> float:
        """Return the rest of a pause in ms; infinity if sending is suspended, 0 if neither."""

    def end(self, now_ms: float) -> Sequence[Event]:
        """End the stream."""

    def heard_ms(self, now_ms: float) -> float:
        """Estimate the position up to which audio was heard."""

    def describe(self) -> str:
        """Return a description of the chain in one line."""

    @property
    def next_deadline_ms(self) -> float | None:
        """The time of the next `due` or `expired`."""

    @property
    def event_deadline_ms(self) -> float | None:
        """The time of the next `expired`."""

    @property
    def pcm_hz(self) -> int:
        """The rate of PCM that is played without a rate."""

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
        """Audio queued since the stream began, without audio that interruptions dropped."""

    @property
    def sums(self) -> SendSums:
        """Counters."""

    @property
    def round_trip_ms(self) -> float | None:
        """The shortest measured round trip to the carrier; None: not measured."""

    @property
    def measures(self) -> SendMeasures:
        """Measurements."""
