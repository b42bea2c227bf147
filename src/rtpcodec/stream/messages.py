"""The messages of the wire as values, both ways. Only a dialect in wire/ spells them.

From the carrier: Connected, Start, Media, Dtmf, Mark, Stop, Error. To the carrier: Media, Mark, Clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtpcodec.pickling import Value


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """The format of the audio that the carrier sends."""

    encoding: str
    """The codec's name as `rtpcodec.codec` takes it; a name that is not known stands in capitals."""
    sample_rate_hz: int | None = None
    """As the carrier says; None: it says nothing. For G722 either 8000 or 16000 is in use."""
    channels: int | None = None


@dataclass(slots=True)
class Connected(Value):
    """The carrier's first message."""

    version: str | None = None
    auth_token: str | None = field(default=None, repr=False)
    sequence_number: int | None = None


@dataclass(slots=True, kw_only=True)
class Start(Value):
    """A stream starts, or restarts in another format."""

    media_format: MediaFormat
    stream_id: str | None = None
    sequence_number: int | None = None
    call_control_id: str | None = None
    call_session_id: str | None = None
    user_id: str | None = None
    from_number: str | None = field(default=None, repr=False)
    to_number: str | None = field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    client_state: str | None = field(default=None, repr=False)
    custom_parameters: dict[str, str] = field(default_factory=dict, repr=False)
    raw: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    """The whole message as it came; empty if it was made here."""


@dataclass(slots=True)
class Media(Value):
    """A chunk of audio. To the carrier only the payload is needed."""

    payload: bytes = field(repr=False)
    track: str | None = None
    chunk: int | None = None
    timestamp: int | None = None
    sequence_number: int | None = None
    stream_id: str | None = None
    duration_ms: float = field(default=0.0, repr=False, compare=False)
    """How long the payload plays. No message says it: the receiving chain works it out and keeps it here."""
    received_ms: float = field(default=0.0, repr=False, compare=False)
    """When it was received, on the session's clock; kept here while it waits for an earlier one."""


@dataclass(slots=True)
class Dtmf(Value):
    """A key was pressed."""

    digit: str = field(repr=False)
    occurred_at: str | None = None
    sequence_number: int | None = None
    stream_id: str | None = None


@dataclass(slots=True)
class Mark(Value):
    """To the carrier: report when the audio before this has ended. From the carrier: it has, or was cleared."""

    name: str
    sequence_number: int | None = None
    stream_id: str | None = None


@dataclass(slots=True)
class Clear(Value):
    """To the carrier: drop all audio that has not been heard yet."""

    sequence_number: int | None = None


@dataclass(slots=True)
class Stop(Value):
    """The stream is over."""

    sequence_number: int | None = None
    stream_id: str | None = None
    user_id: str | None = None
    call_control_id: str | None = None


@dataclass(slots=True)
class Error(Value):
    """The carrier complains."""

    code: int | None = None
    title: str | None = None
    detail: str | None = None
    stream_id: str | None = None
    raw: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    """The whole message as it came; empty if it was made here."""
    sequence_number: int | None = None


@dataclass(slots=True)
class Other(Value):
    """A message of an unknown kind."""

    event: str
    text: str = field(repr=False)
    sequence_number: int | None = None


Message = Connected | Start | Media | Dtmf | Mark | Clear | Stop | Error | Other
