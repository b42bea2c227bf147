"""The lines of a capture as a dialect: a replay parses them in place of a carrier's texts."""

from __future__ import annotations

from base64 import b64decode
from collections import deque
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

import msgspec
from typing_extensions import Buffer

from rtpcodec.stream import messages
from rtpcodec.stream.capture.header import DialectFacts
from rtpcodec.stream.capture.lines import HIDDEN
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.wire.dialect import PlanValues
from rtpcodec.stream.wire.rules import MAX_COUNTER, MAX_MESSAGE_OCTETS, BrokenMessage, OddMessage

HIDDEN_DIGIT: Final = "?"
"""The digit in place of every key."""
MAX_PARAMETERS: Final = 10_000
"""Limit on custom parameters of one `start`, whose message has at most 64 KiB."""

MAX_LINE_CHARACTERS: Final = 2 * MAX_MESSAGE_OCTETS
"""A payload in base64, and the other members of its message."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_KINDS: Final[dict[str, type[Any]]] = {
    kind.__name__.lower(): kind
    for kind in (
        messages.Connected,
        messages.Start,
        messages.Media,
        messages.Dtmf,
        messages.Mark,
        messages.Clear,
        messages.Stop,
        messages.Error,
    )
}
_NOT_MEMBERS: Final = frozenset(
    (
        *("t_ms", "in", "out", "odd", "format", "octets", "payload", "parameters", "tags"),
        *("characters", "count", "whole", "reply", "idle"),
    )
)
_FORMAT: Final = next(one.name for one in fields(messages.Start) if one.type == "MediaFormat")
_SEQUENCE: Final = fields(messages.Other)[2].name
_NUMBERS: Final = frozenset(one.name for kind in _KINDS.values() for one in fields(kind) if one.type == "int | None")


class CapturedDialect:
    """The dialect of one replay, with the abilities of the captured carrier.

    `parse` raises ValueError, KeyError or TypeError for a line that is not valid. Use from one thread at a time.
    """

    media_scanner = None
    """The lines of a capture are not the carrier's texts."""
    signs: frozenset[str] = frozenset()
    commands = False
    """A replay sends none."""

    __slots__ = (
        "clear",
        "counters",
        "digits",
        "in_band_digits",
        "invalid_media",
        "marks",
        "modes",
        "name",
        "payload",
        "plan_values",
        "token_in_connected",
        "too_many_messages",
        "tracks",
        "upcoming",
    )

    def __init__(self, facts: DialectFacts) -> None:
        """Make the dialect of a replay."""
        self.upcoming: deque[tuple[int, bool]] = deque()
        """Of the next texts of audio: the length, which the gate counts, and whether it is sound between replies."""
        self.payload: bytes | None = None
        """Of the last message of audio that was parsed."""
        self.follow(facts)

    def follow(self, facts: DialectFacts) -> None:
        """Adopt the abilities of another carrier."""
        self.name = facts.name
        self.modes = facts.modes
        tracks = facts.plan_tracks
        self.plan_values = PlanValues() if tracks is None else PlanValues(tracks=tracks)
        self.tracks: Mapping[str, tuple[str, ...]] = facts.tracks
        self.marks = facts.marks
        self.clear = facts.clear
        self.too_many_messages = facts.too_many_messages
        self.invalid_media = facts.invalid_media
        self.digits = facts.digits
        self.in_band_digits = facts.in_band_digits
        self.counters = facts.counters
        self.token_in_connected = facts.token_in_connected

    def parse(self, text: str | Buffer, /) -> messages.Message:
        """Return the message of a line. Raises BrokenMessage, OddMessage if the captured text broke a rule."""
        message = message_of(_decode(text))
        if isinstance(message, messages.Media):
            self.payload = message.payload
        return message

    def media_text(self, payload: bytes, _stream_id: str | None = None, /) -> str:
        """Return a text of the captured length."""
        return "media".ljust(self.upcoming.popleft()[0] if self.upcoming else len(payload))

    def media_texts(self, _stream_id: str | None = None, /) -> None:
        """Return None: the texts have no payload."""

    def mark_text(self, name: str, _stream_id: str | None = None, /) -> str:
        """Return kind and name as text."""
        return f"mark {name}"

    def clear_text(self, _stream_id: str | None = None, /) -> str:
        """Return the kind."""
        return "clear"


def message_of(members: Mapping[str, Any]) -> messages.Message:
    """Return the message of a line. Raises BrokenMessage, OddMessage as captured; Python errors for a wrong line."""
    event = members["in"] if "in" in members else members["out"]
    if members.get("other"):
        found: Any = messages.Other(event, "", _number("a number", members.get(_SEQUENCE)))
    elif event == "malformed":
        raise _broken(members["rule"], members["detail"], members["member"])
    else:
        found = _KINDS[event](**_arguments(event, members))
        if event == "start":
            found.custom_parameters = _hidden_parameters(members)
    if "odd" in members:
        raise OddMessage(found, [_broken(*one) for one in members["odd"]])
    return found  # type: ignore[no-any-return]  # one of the kinds


def _broken(rule: Any, detail: Any, member: Any) -> BrokenMessage:
    return BrokenMessage(_text("rule", rule), _text("detail", detail), _text("member", member))


def _arguments(event: str, members: Mapping[str, Any]) -> dict[str, Any]:
    arguments = {name: _checked(name, value) for name, value in members.items() if name not in _NOT_MEMBERS}
    if event == "media":
        arguments["payload"] = payload_of(members)
    elif event == "dtmf":
        arguments["digit"] = HIDDEN_DIGIT
    elif event == "start":
        arguments["tags"] = tuple(_text("tags", tag) for tag in members.get("tags", ()))
        arguments[_FORMAT] = _media_format(*members["format"])
    return arguments


def _media_format(encoding: Any, rate_hz: Any, channels: Any) -> MediaFormat:
    return MediaFormat(_text("encoding", encoding), _number("rate", rate_hz), _number("channels", channels))


def _hidden_parameters(members: Mapping[str, Any]) -> dict[str, str]:
    count = _number("parameters", members.get("parameters", 0)) or 0
    if count > MAX_PARAMETERS:
        raise ValueError(f"parameters is {count}, at most {MAX_PARAMETERS} are allowed")
    return {f"{HIDDEN}-{at + 1}": HIDDEN for at in range(count)}


def _checked(name: str, value: Any) -> Any:
    return _number(name, value) if name in _NUMBERS else _text(name, value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is of type {type(value).__name__}, a string is needed")
    return value


def _number(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNTER:
        raise ValueError(f"{name} is not a whole number from 0 to {MAX_COUNTER}")
    return value


def payload_of(members: Mapping[str, Any]) -> bytes:
    """Return the payload of a line. Raises ValueError if it is not base64 or too long."""
    payload = b64decode(members["payload"], validate=True)
    octets = int(members.get("octets", len(payload)))
    if octets > MAX_MESSAGE_OCTETS:
        raise ValueError(f"octets is {octets}, at most {MAX_MESSAGE_OCTETS} are allowed")
    return payload + payload[-1:] * (octets - len(payload))


def characters_of(members: Mapping[str, Any]) -> int:
    """Return the length of the text of a line. Raises ValueError if it is longer than any text that we send."""
    characters = int(members["characters"])
    if characters > MAX_LINE_CHARACTERS:
        raise ValueError(f"characters is {characters}, at most {MAX_LINE_CHARACTERS} are allowed")
    return characters
