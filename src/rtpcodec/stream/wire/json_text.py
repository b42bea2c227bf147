"""The rules that every JSON text keeps, whatever carrier wrote it: size, encoding, depth, counters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

import msgspec
from typing_extensions import Buffer

from rtpcodec.stream.wire.rules import (
    MAX_CONTROL_OCTETS,
    MAX_COUNTER,
    MAX_DEPTH,
    MAX_MESSAGE_OCTETS,
    BrokenMessage,
)

Counter = int | str | None
"""A counter as senders spell it: digits or a number."""
E = TypeVar("E")
B = TypeVar("B")

_decode_any = msgspec.json.Decoder().decode


def checked_text(text: str | Buffer) -> str:
    """Return a text within the limits on size, encoding and depth. BrokenMessage: it is not."""
    octets = len(text) if isinstance(text, str) else memoryview(text).nbytes
    if octets > MAX_MESSAGE_OCTETS:
        raise BrokenMessage("size", f"message has {octets} octets, at most {MAX_MESSAGE_OCTETS} are allowed")
    if not isinstance(text, str) or not text.isascii():
        text = _unicode_text(text)
    # Counting is cheap and rules out depth for every ordinary message.
    brackets = text.count("{") + text.count("[")
    if brackets > MAX_DEPTH:
        # The walk costs fifty times as much as parsing, so megabytes must not reach it.
        _check_depth(text[:MAX_CONTROL_OCTETS])
        if len(text) > MAX_CONTROL_OCTETS:
            raise BrokenMessage(
                "size",
                f"message of {brackets} objects and arrays has {len(text)} characters, "
                f"at most {MAX_CONTROL_OCTETS} are allowed",
            )
    return text


def _unicode_text(text: str | Buffer) -> str:
    try:
        if not isinstance(text, str):
            return str(text, "utf-8")
        text.encode()
    except UnicodeError as error:
        raise BrokenMessage("utf8", f"octet {getattr(error, 'start', 0)}: {getattr(error, 'reason', error)}") from None
    return text


# The closing quote is optional: a string without an end is skipped as a whole, not searched again from each quote.
_BRACKET_OR_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\]]', re.DOTALL)


def _check_depth(text: str) -> None:
    depth = 0
    for found in _BRACKET_OR_STRING.finditer(text):
        bracket = found[0]
        if bracket in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise BrokenMessage("depth", f"message nests {depth} levels or more, at most {MAX_DEPTH} are allowed")
        elif bracket in "}]":
            depth -= 1


def check_control_size(text: str, event: str) -> None:
    """Refuse a long message that carries no payload."""
    if len(text) > MAX_CONTROL_OCTETS:
        raise BrokenMessage(
            "size", f"{event!r} message has {len(text)} characters, at most {MAX_CONTROL_OCTETS} are allowed"
        )


class EnvelopeReader(Generic[E]):
    """Reads the outermost object of a text. Only the members of its own event can break it; of duplicates the last.

    envelope: a msgspec.Struct with all members of all events; the name of the event alone makes a value of it.
    event: the member that names the event.
    members: the members that each known event is made of. A message may carry any others, in any shape.
    payload: the member that is base64, for error texts.
    """

    __slots__ = ("_decode", "_envelope", "_event", "_members", "_payload")

    def __init__(
        self, envelope: Callable[[str], E], event: str, members: Mapping[str, tuple[str, ...]], payload: str
    ) -> None:
        self._envelope = envelope
        self._event = event
        self._members = members
        self._payload = payload
        self._decode: Callable[[str | bytes], E] = msgspec.json.Decoder(envelope).decode

    def read(self, text: str) -> E:
        """Return the envelope of a checked text. BrokenMessage names the rule that it breaks."""
        try:
            return self._decode(text)
        except msgspec.ValidationError as error:
            return self._own_members(text, error)
        except msgspec.DecodeError as error:
            raise BrokenMessage("json", _reason(error)) from None
        except (RecursionError, UnicodeError) as error:
            raise BrokenMessage("json", type(error).__name__) from None

    def _own_members(self, text: str, error: msgspec.ValidationError) -> E:
        """Read a message again that does not fit as a whole, without the members that its event does not have."""
        try:
            found = _decode_any(text)
        except msgspec.DecodeError as broken:  # such as a number beyond all range in a member that does not count
            raise BrokenMessage("number" if "range" in str(broken) else "json", _reason(broken)) from None
        event = found.get(self._event) if isinstance(found, dict) else None
        if not isinstance(event, str):
            raise self._broken(error) from None
        members = self._members.get(event)
        if members is None:
            return self._envelope(event)
        try:
            return self._decode(msgspec.json.encode({name: found[name] for name in members if name in found}))
        except msgspec.ValidationError as own:
            raise self._broken(own) from None

    def _broken(self, error: msgspec.ValidationError) -> BrokenMessage:
        reason = _reason(error)
        if "base64" in reason:
            return BrokenMessage("base64", f"{self._payload} is not base64 (standard alphabet, padded)")
        if "missing required field" in reason:
            return BrokenMessage("member", reason)
        if "out of range" in reason:
            return BrokenMessage("number", reason)
        return BrokenMessage("type" if " - at " in reason else "object", reason)


def _reason(error: Exception) -> str:
    """Return the library's own words, which name types, members and positions, never values."""
    return str(error)[:200]


def counter(value: Counter, name: str, most: int = MAX_COUNTER) -> int | None:
    """Return a counter that the wire spells as digits or as a number. BrokenMessage: it is neither, or out of range."""
    if isinstance(value, str):
        # Digits only: int() would take '1_0', ' 1' and digits of other scripts.
        if not (value.isdigit() and value.isascii() and len(value) <= 19):
            raise BrokenMessage("number", f"{name} has {len(value)} characters that are not a number of 1 to 19 digits")
        value = int(value)
    if value is None or 0 <= value <= most:
        return value
    raise BrokenMessage("number", f"{name} is outside 0 to {most}")


def body_of(body: B | None, event: str) -> B:
    """Return the member that an event needs. BrokenMessage: it is missing."""
    if body is None:
        raise BrokenMessage("member", f"event {event!r} has no member {event!r}")
    return body
