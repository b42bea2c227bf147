"""Differences between carriers, each a switch; the defaults are those of the documents (docs/carrier.md).

A spelling that `stream.wire` never writes is made here from its text. So this file has the three names of counters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from rtpcodec.carriers.telnyx.streaming import MAX_CHUNK_MS, MIN_CHUNK_MS
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.stream import messages
from rtpcodec.stream.wire import build

AMRWB_PACKINGS: Final = ("bandwidth-efficient", "octet-aligned")

AmrWbPacking = Literal["bandwidth-efficient", "octet-aligned"]
Omitted = Literal["chunk", "timestamp", "track", "sequence_number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkHabits:
    """How the app's marks return.

    Raises:
        ValueError: the share is outside 0 to 1, the time is negative, or a mark has a number below 1.
    """

    echo: Literal["played", "received", "never"] = "played"
    """When the audio before the mark was played, as documented; as soon as the mark is received; or never."""
    lost: float = 0.0
    """The share of marks that never return, drawn from the seed."""
    late_ms: float = 0.0
    """How late each mark returns, in ms."""
    refused: tuple[int, ...] = ()
    """Which marks of the stream, counted from 1, are answered with error 100005 and never return."""
    max_per_s: int | None = None
    """More marks than this within one second are refused in the same way; None: there is no limit."""

    def __post_init__(self) -> None:
        if not 0 <= self.lost <= 1:
            raise ValueError(f"lost is {self.lost}, a share from 0 to 1 is needed")
        if not 0 <= self.late_ms < float("inf"):
            raise ValueError(f"late_ms is {self.late_ms}, at least 0 is needed")
        if any(number < 1 for number in self.refused):
            raise ValueError(f"refused has {min(self.refused)}, marks are counted from 1")
        if self.max_per_s is not None and self.max_per_s < 1:
            raise ValueError(f"max_per_s is {self.max_per_s}, at least 1 is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearHabits:
    """The effect of the app's `clear`.

    Raises:
        ValueError: the time is negative.
    """

    effect: Literal["documented", "no_marks", "ignored"] = "documented"
    """The queue is emptied and all marks return; the same, but the marks are lost; or nothing happens."""
    late_ms: float = 0.0
    """How long the caller still hears queued audio, in ms; the marks return after that time at the latest."""

    def __post_init__(self) -> None:
        if not 0 <= self.late_ms < float("inf"):
            raise ValueError(f"late_ms is {self.late_ms}, at least 0 is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class LossHabits:
    """The carrier's reaction to a stream whose WebSocket was lost without a close frame (`lose_socket`).

    Both times begin when the carrier notices: at an RST or a FIN at once, at a `black_hole` by `streaming_stop`.

    Raises:
        ValueError: a time is negative.
    """

    busy_s: float = 0.0
    """How long the lost stream still counts as one: `streaming_start` is refused by 90045, and `streaming_stop` has no
    effect."""
    stopped_late_s: float = 0.0
    """How much later `streaming.stopped` is posted; the end of the call posts it at once."""

    def __post_init__(self) -> None:
        for name in ("busy_s", "stopped_late_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}, at least 0 is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """The audio to the app changes in mid-stream, as after a transfer: a second `start` announces it.

    Raises:
        ValueError: the moment is not after the begin of the stream.
    """

    at_ms: float
    """Time in the stream; the chunk that ends then is the last one before the change."""
    codec: str | None = None
    """None: the codec stays, its encoder begins a new stream."""
    sample_rate_hz: int | None = None
    """None: the usual rate of the codec; without a codec, the rate stays."""
    announced: bool = True
    """False: the audio changes without a `start`."""
    renumbers: bool = False
    """Sequence numbers, chunks and timestamps begin again."""

    def __post_init__(self) -> None:
        if not 0 < self.at_ms < float("inf"):
            raise ValueError(f"at_ms is {self.at_ms}, more than 0 is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variations:
    """Departures of a carrier from the documents, and its choices where these are open.

    docs/carrier.md, "Uncertain points", lists the choices.

    Raises:
        ValueError: chunk_ms is outside 20 to 30000, or a packing or mode of AMR-WB does not exist.
    """

    chunk_ms: int = 20
    """Audio per message; a message is sent at the end of its audio."""
    l16_byte_order: ByteOrder = "little"
    """Byte order of L16 in both directions."""
    amrwb_packing: AmrWbPacking = "bandwidth-efficient"
    """Packing of AMR-WB in both directions: payloads of the app in the other one are refused."""
    amrwb_mode_request: int = 15
    """The mode, 0 to 8, that payloads of AMR-WB request from the app's encoder; 15: none."""
    counters: Literal["string", "number"] = "string"
    """JSON type of counters and timestamps."""
    timestamp_unit: Literal["ms", "rtp_clock"] = "ms"
    """Unit of `media.timestamp`."""
    chunk_numbers: Literal["per_track", "shared"] = "per_track"
    """Whether both tracks have a counter of `chunk` each, or one together."""
    rtp_headers: bool = False
    """Each payload begins with an RTP header of 12 octets (RFC 3550 section 5.1)."""
    own_speech_in_outbound: bool = True
    """False: the outbound track is silent, as one without the app's audio is on a call of one leg."""
    transcodes: bool = True
    """False: `stream_codec` is ignored, and the audio has the call's own codec."""
    announced_format: messages.MediaFormat | None = None
    """The first `start` declares this format, although the audio has another one, or names another rate, as carriers
    do for G722 (8000 or 16000), OPUS and AMR-WB."""
    restarts: tuple[Restart, ...] = ()
    """Changes of the audio in mid-stream."""
    marks: MarkHabits = MarkHabits()
    """How marks return."""
    clears: ClearHabits = ClearHabits()
    """The effect of `clear`."""
    losses: LossHabits = LossHabits()
    """The reaction to a lost WebSocket."""
    leave_out: tuple[Omitted, ...] = ()
    """Members that no media message has."""
    uppercase_stream_id: bool = False
    """The stream id has capital letters."""
    unknown_event: str | None = None
    """A message of this kind follows `start`."""
    extra_members: Mapping[str, object] = field(default_factory=dict)
    """Further members of every message."""
    bridge_ends_stream: bool = False
    """The stream ends when the call is bridged."""
    sends_stop: bool = True
    """False: the socket is closed without a `stop`."""
    socket_close: Literal["call_continues", "call_ends"] = "call_continues"
    """The effect on the phone call when the app closes the socket; `<Connect>` of TeXML usually ends it."""
    dialled_stream: Literal["at_answer", "while_ringing"] = "at_answer"
    """When the socket of a dialled call opens, unless the command asks for it first."""
    unread: Literal["kept", "discarded", "closed"] = "kept"
    """Chunks that are due while the app does not read its socket: they wait, or are dropped as lost, or the connection
    is cut."""
    returned_rate_hz: int | None = None
    """The app's sample codec is played at this rate, whatever the command asks for; None: as asked."""

    def __post_init__(self) -> None:
        if not MIN_CHUNK_MS <= self.chunk_ms <= MAX_CHUNK_MS:
            raise ValueError(f"chunk_ms is {self.chunk_ms}, {MIN_CHUNK_MS} to {MAX_CHUNK_MS} are allowed")
        if self.amrwb_packing not in AMRWB_PACKINGS:
            raise ValueError(f"amrwb_packing is {self.amrwb_packing!r}, one of {', '.join(AMRWB_PACKINGS)} is needed")
        if self.amrwb_mode_request not in (*range(9), 15):
            raise ValueError(f"amrwb_mode_request is {self.amrwb_mode_request}, 0 to 8 or 15 are allowed")

    def spell(self, message: messages.Message) -> str:
        """Write the text of a message."""
        if isinstance(message, messages.Media):
            for name in self.leave_out:
                setattr(message, name, None)
        text = build(message)
        if self.counters == "string" and not self.extra_members:
            return text
        members: dict[str, Any] = msgspec.json.decode(text)
        if self.counters == "number":
            _number(members, "sequence_number")
            _number(members.get("media", {}), "chunk", "timestamp")
        return msgspec.json.encode(members | dict(self.extra_members)).decode()


def _number(members: dict[str, Any], *names: str) -> None:
    for name in names:
        if name in members:
            members[name] = int(members[name])


AS_DOCUMENTED: Final = Variations()
