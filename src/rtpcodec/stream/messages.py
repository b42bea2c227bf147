"""The messages of a stream as values, both ways. Only the dialects in wire/ know their spelling.

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
    """The codec's name, as for `rtpcodec.codec`; an unknown name in capitals."""
    sample_rate_hz: int | None = None
    """The rate that the carrier declares; None: none. For G722, carriers use 8000 or 16000."""
    channels: int | None = None


@dataclass(slots=True)
class Connected(Value):
    """The carrier's first message."""

    version: str | None = None
    auth_token: str | None = field(default=None, repr=False)
    sequence_number: int | None = None


@dataclass(slots=True, kw_only=True)
class Start(Value):
    """The start of a stream, or its restart in another format."""

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
    """The whole message as received; empty if it was made here."""


@dataclass(slots=True)
class Media(Value):
    """One chunk of audio. Messages to the carrier need only the payload."""

    payload: bytes = field(repr=False)
    track: str | None = None
    chunk: int | None = None
    timestamp: int | None = None
    sequence_number: int | None = None
    stream_id: str | None = None
    duration_ms: float = field(default=0.0, repr=False, compare=False)
    """The duration of the payload. It is not in the message: the receive chain computes it."""
    received_ms: float = field(default=0.0, repr=False, compare=False)
    """When it was received, on the session's clock; set while the chunk waits for an earlier one."""


@dataclass(slots=True)
class Dtmf(Value):
    """A key was pressed."""

    digit: str = field(repr=False)
    occurred_at: str | None = None
    sequence_number: int | None = None
    stream_id: str | None = None


@dataclass(slots=True)
class Mark(Value):
    """To the carrier: request a report when the audio before it has ended. From the carrier: it has, or was cleared."""

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
    """The carrier reports an error."""

    code: int | None = None
    title: str | None = None
    detail: str | None = None
    stream_id: str | None = None
    raw: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    """The whole message as received; empty if it was made here."""
    sequence_number: int | None = None


@dataclass(slots=True)
class Other(Value):
    """A message of an unknown kind."""

    event: str
    text: str = field(repr=False)
    sequence_number: int | None = None


Message = Connected | Start | Media | Dtmf | Mark | Clear | Stop | Error | Other
