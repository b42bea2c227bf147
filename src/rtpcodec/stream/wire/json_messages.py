"""JSON texts to messages, by the names of a carrier: the form of Media Streams, which carriers share.

A text is an object with the event's name and one member with the event's body. Unknown members and events are not
errors. A text needs the event, the payload of `media`, the encoding of `start`, the name of `mark` and the digit of
`dtmf`; without one of them it raises BrokenMessage. If another member breaks a rule, OddMessage has the message without
that member.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypedDict, TypeVar, cast

import msgspec
from msgspec import MsgspecError, Struct
from typing_extensions import Buffer

from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.stream import messages
from rtpcodec.stream.wire.json_text import (
    Counter,
    EnvelopeReader,
    RawObject,
    body_of,
    check_control_size,
    checked_text,
    counter,
    parameters,
)
from rtpcodec.stream.wire.rules import MAX_MESSAGE_OCTETS, MAX_SAMPLE_RATE_HZ, BrokenMessage


class Names(TypedDict, total=False):
    """A carrier's name of each event and member that it has. The body of an event has the event's name."""

    event: str
    sequence_number: str
    stream_id: str
    version: str
    connected: str
    start: str
    media: str
    stop: str
    mark: str
    dtmf: str
    clear: str
    error: str
    error_payload: str
    auth_token: str
    media_format: str
    encoding: str
    sample_rate: str
    channels: str
    user_id: str
    call_control_id: str
    call_session_id: str
    from_number: str
    to_number: str
    tags: str
    client_state: str
    custom_parameters: str
    payload: str
    track: str
    chunk: str
    timestamp: str
    name: str
    value: str
    digit: str
    occurred_at: str


class Connected(Struct):
    """The body of `connected`."""

    auth_token: str | None = None


class Format(Struct):
    """The format in `start`."""

    encoding: str
    sample_rate: Counter = None
    channels: Counter = None


class Start(Struct):
    """The body of `start`."""

    media_format: Format
    user_id: str | int | None = None
    call_control_id: str | None = None
    call_session_id: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    tags: list[str] | None = None
    client_state: str | None = None
    custom_parameters: object = None
    stream_id: str | None = None


class Media(Struct):
    """The body of `media`."""

    payload: bytes
    track: str | None = None
    chunk: Counter = None
    timestamp: Counter = None


class Dtmf(Struct):
    """The body of `dtmf`."""

    digit: str


class Mark(Struct):
    """The body of `mark`."""

    name: str


class Stop(Struct):
    """The body of `stop`."""

    user_id: str | int | None = None
    call_control_id: str | None = None


class Envelope(Struct):
    """The whole message."""

    event: str
    sequence_number: Counter = None
    stream_id: str | None = None
    media: Media | None = None
    start: Start | None = None
    stop: Stop | None = None
    mark: Mark | None = None
    dtmf: Dtmf | None = None
    error_payload: object = None
    error: object = None
    connected: Connected | None = None
    version: str | None = None
    occurred_at: str | None = None


S = TypeVar("S", bound=Struct)
_EVENT, _SEQUENCE_NUMBER, _STREAM_ID = Envelope.__struct_fields__[:3]
"""The members of all messages."""
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "media": ("media",),
    "mark": ("mark",),
    "dtmf": ("dtmf", "occurred_at"),
    "start": ("start",),
    "stop": ("stop",),
    "error": ("error_payload", "error"),
    "connected": ("connected", "version"),
    "clear": (),
}
"""The members of each event, in addition to those of all events."""
_NEEDED: Final = (
    *("event", "media", "media.payload", "start", "start.media_format", "start.media_format.encoding"),
    *("mark", "mark.name", "dtmf", "dtmf.digit"),
)


def _renamed(kind: type[S], names: Mapping[str, str], **bodies: type[Struct]) -> type[S]:
    """Return a struct with the carrier's names. Members that the carrier does not have are always None.

    bodies: Members that are such structs themselves.
    """
    fields: list[Any] = []
    absent: dict[str, None] = {}
    for one in msgspec.structs.fields(kind):
        found = bodies.get(one.name, one.type)
        if one.name not in names:
            absent[one.name] = None
        elif one.required:
            fields.append((one.name, found))
        else:
            fields.append((one.name, found | None if one.name in bodies else found, one.default))
    made = msgspec.defstruct(kind.__name__, fields, rename=dict(names), namespace=cast("dict[str, Any]", absent))
    return cast("type[S]", made)


class JsonMessages:
    """The parser of one carrier's texts. Stateless: all sessions and threads share it."""

    __slots__ = (
        "_chunk",
        "_codec_of",
        "_decode",
        "_long_tracks",
        "_media_event",
        "_names",
        "_of_error",
        "_reader",
        "_readers",
        "_timestamp",
    )

    def __init__(
        self,
        names: Names,
        *,
        codec_of: Callable[[str], str],
        long_track_names: Mapping[str, str],
        read_error: Callable[[Envelope], messages.Error] = lambda _envelope: messages.Error(),
    ) -> None:
        """Make a parser.

        Args:
            names: The carrier's names of events and members.
            codec_of: Returns the name for rtpcodec.codec of a declared encoding.
            long_track_names: Alternative names of tracks, with the name that each stands for.
            read_error: Reads the body of an `error` message; unused if the carrier sends none.
        """
        self._names = named = cast("Mapping[str, str]", names)
        self._codec_of = codec_of
        self._long_tracks = long_track_names
        self._of_error = read_error
        start = _renamed(Start, named, media_format=_renamed(Format, named))
        bodies = {"media": Media, "mark": Mark, "dtmf": Dtmf, "stop": Stop, "connected": Connected}
        made = {name: _renamed(cast("type[Struct]", kind), named) for name, kind in bodies.items()}
        common = self._paths(_EVENT, _SEQUENCE_NUMBER, _STREAM_ID)
        self._reader = EnvelopeReader(
            _renamed(Envelope, named, start=start, **made),
            event=names["event"],
            members={named[event]: common + self._paths(*has) for event, has in _MEMBERS.items() if event in named},
            needed=self._paths(*_NEEDED),
            payload=self._path("media.payload"),
        )
        self._decode = self._reader.decode
        self._media_event = names["media"]
        self._chunk, self._timestamp = self._paths("media.chunk", "media.timestamp")
        readers: dict[str, Callable[[Envelope], messages.Message]] = {
            "media": self._media,
            "mark": self._mark,
            "dtmf": self._dtmf,
            "start": self._start,
            "stop": self._stop,
            "error": self._error,
            "connected": self._connected,
            "clear": self._clear,
        }
        self._readers = {named[event]: read for event, read in readers.items() if event in named}

    def parse(self, text: str | Buffer, /) -> messages.Message:
        """Return the message of one text frame, given as str or as UTF-8 octets.

        Raises: BrokenMessage with the broken rule; OddMessage if only members that are not needed break rules.
        """
        text = checked_text(text)
        try:
            envelope = self._decode(text)
            return self._media(envelope) if envelope.event == self._media_event else self._read(envelope, text)
        except (MsgspecError, BrokenMessage, RecursionError, UnicodeError) as error:
            return self._reader.read_again(text, error, self._read)

    def _path(self, path: str) -> str:
        """Return a path with the carrier's names."""
        return ".".join(self._names[one] for one in path.split("."))

    def _paths(self, *paths: str) -> tuple[str, ...]:
        """Return those paths whose members the carrier has, with the carrier's names."""
        return tuple(self._path(path) for path in paths if set(path.split(".")) <= self._names.keys())

    def _read(self, envelope: Envelope, text: str) -> messages.Message:
        event = envelope.event
        if event == self._media_event:
            return self._media(envelope)
        read = self._readers.get(event)
        if read is None:
            return messages.Other(event, text, self._number(envelope))
        check_control_size(text, event)
        message = read(envelope)
        if isinstance(message, messages.Start | messages.Error):
            message.raw = RawObject(text)
        return message

    def _number(self, envelope: Envelope) -> int | None:
        return counter(envelope.sequence_number, self._names[_SEQUENCE_NUMBER])

    def _connected(self, envelope: Envelope) -> messages.Connected:
        connected = envelope.connected
        auth_token = connected.auth_token if connected else None
        return messages.Connected(envelope.version, auth_token, self._number(envelope))

    def _start(self, envelope: Envelope) -> messages.Start:
        body = body_of(envelope.start, self._names["start"])
        encoding = body.media_format.encoding
        if not encoding:
            raise BrokenMessage("value", f"{self._path('start.media_format.encoding')} is empty")
        rate_path, channels_path = self._paths("start.media_format.sample_rate", "start.media_format.channels")
        rate_hz = counter(body.media_format.sample_rate, rate_path, MAX_SAMPLE_RATE_HZ)
        channels = counter(body.media_format.channels, channels_path)
        given = self._path("start.custom_parameters")
        return messages.Start(
            media_format=messages.MediaFormat(self._codec_of(encoding), rate_hz or None, channels or None),
            stream_id=envelope.stream_id if envelope.stream_id is not None else body.stream_id,
            sequence_number=self._number(envelope),
            call_control_id=body.call_control_id,
            call_session_id=body.call_session_id,
            user_id=None if body.user_id is None else str(body.user_id),
            from_number=body.from_number,
            to_number=body.to_number,
            tags=tuple(body.tags or ()),
            client_state=body.client_state,
            custom_parameters=parameters(body.custom_parameters, given, self._names["name"], self._names["value"]),
        )

    def _media(self, envelope: Envelope) -> messages.Media:
        body = body_of(envelope.media, self._media_event)
        track = body.track
        return messages.Media(
            body.payload,
            self._long_tracks.get(track, track) if track else None,
            counter(body.chunk, self._chunk),
            counter(body.timestamp, self._timestamp),
            self._number(envelope),
            envelope.stream_id,
        )

    def _dtmf(self, envelope: Envelope) -> messages.Dtmf:
        digit = body_of(envelope.dtmf, self._names["dtmf"]).digit
        if len(digit) != 1:
            raise BrokenMessage("value", f"{self._path('dtmf.digit')} has {len(digit)} characters, 1 is needed")
        return messages.Dtmf(digit, envelope.occurred_at, self._number(envelope), envelope.stream_id)

    def _mark(self, envelope: Envelope) -> messages.Mark:
        name = body_of(envelope.mark, self._names["mark"]).name
        return messages.Mark(name, self._number(envelope), envelope.stream_id)

    def _stop(self, envelope: Envelope) -> messages.Stop:
        body = envelope.stop or Stop()
        user_id = None if body.user_id is None else str(body.user_id)
        return messages.Stop(self._number(envelope), envelope.stream_id, user_id, body.call_control_id)

    def _clear(self, envelope: Envelope) -> messages.Clear:
        return messages.Clear(self._number(envelope))

    def _error(self, envelope: Envelope) -> messages.Error:
        error = self._of_error(envelope)
        error.stream_id, error.sequence_number = envelope.stream_id, self._number(envelope)
        return error


def scanner_of(names: Names, track_names: Sequence[str], long_track_names: Mapping[str, str]) -> MediaScanner:
    """Return the scanner of `media` messages with a carrier's names: see JsonMessages and MediaScanner."""
    members = (_EVENT, _SEQUENCE_NUMBER, _STREAM_ID, "media", "track", "chunk", "timestamp", "payload")
    return MediaScanner(
        **{name: cast("Mapping[str, str]", names)[name] for name in members},
        track_names=tuple(track_names),
        long_track_names=dict(long_track_names),
        max_octets=MAX_MESSAGE_OCTETS,
    )
