"""Spellings and habits that carriers differ in, each a switch; the defaults are what the documents say.

A spelling that `stream.wire` never writes is made here, from the text that it does write: the three names of counters
stand in this file for that reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from rtpcodec.codecs.info import ByteOrder
from rtpcodec.stream import messages
from rtpcodec.stream.wire import build

MIN_CHUNK_MS: Final = 20
MAX_CHUNK_MS: Final = 30_000
"""The lengths of a chunk that the carrier documents (media streaming, section 6.2)."""

Omitted = Literal["chunk", "timestamp", "track", "sequence_number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variations:
    """How a carrier departs from the documents, or chooses where they leave it open.

    ValueError: chunk_ms is outside 20 to 30000.
    """

    chunk_ms: int = 20
    """Audio in one message; it goes out when that audio is over."""
    l16_byte_order: ByteOrder = "little"
    """Of L16 in both directions."""
    counters: Literal["string", "number"] = "string"
    timestamp_unit: Literal["ms", "rtp_clock"] = "ms"
    transcodes: bool = True
    """False: `stream_codec` is ignored, the audio comes in the call's own codec."""
    announced_format: messages.MediaFormat | None = None
    """What `start` says about the audio, though it is something else, or is so for G722 with 16000 instead of 8000."""
    leave_out: tuple[Omitted, ...] = ()
    """Members that no media message has."""
    uppercase_stream_id: bool = False
    unknown_event: str | None = None
    """A message of this kind follows `start`."""
    extra_members: Mapping[str, object] = field(default_factory=dict)
    """Further members of every message."""
    sends_stop: bool = True
    """False: the socket is closed without a `stop`."""

    def __post_init__(self) -> None:
        if not MIN_CHUNK_MS <= self.chunk_ms <= MAX_CHUNK_MS:
            raise ValueError(f"chunk_ms is {self.chunk_ms}, {MIN_CHUNK_MS} to {MAX_CHUNK_MS} are allowed")

    def spell(self, message: messages.Message) -> str:
        """The text of a message."""
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
