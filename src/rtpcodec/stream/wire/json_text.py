"""The rules for the JSON texts of every carrier: size, encoding, depth, counters."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
from typing_extensions import Buffer

from rtpcodec.stream.messages import Message
from rtpcodec.stream.wire.rules import (
    MAX_CONTROL_OCTETS,
    MAX_COUNTER,
    MAX_DEPTH,
    MAX_MESSAGE_OCTETS,
    BrokenMessage,
    OddMessage,
)

Counter = int | str | None
"""A counter as carriers write it: a string of digits or a number."""
E = TypeVar("E")
B = TypeVar("B")

_decode_any = msgspec.json.Decoder().decode


def checked_text(text: str | Buffer) -> str:
    """Return a message as str. Raises BrokenMessage if it exceeds a limit on size or depth, or is not UTF-8."""
    octets = len(text) if isinstance(text, str) else memoryview(text).nbytes
    if octets > MAX_MESSAGE_OCTETS:
        raise BrokenMessage("size", f"message has {octets} octets, at most {MAX_MESSAGE_OCTETS} are allowed")
    if not isinstance(text, str) or not text.isascii():
        text = _unicode_text(text)
    # Counting brackets is cheap, and proves for every ordinary message that it is not too deep.
    brackets = text.count("{") + text.count("[")
    if brackets > MAX_DEPTH:
        # The walk costs 50 times as much as parsing, so it must not see megabytes.
        _check_depth(text[:MAX_CONTROL_OCTETS])
        if len(text) > MAX_CONTROL_OCTETS:
            raise BrokenMessage(
                "size",
                f"message with {brackets} objects and arrays has {len(text)} characters, "
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


# The closing quote is optional: a string without an end is skipped as a whole and not searched again at each quote.
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
    """Raise BrokenMessage if a message without a payload is too long."""
    if len(text) > MAX_CONTROL_OCTETS:
        raise BrokenMessage(
            "size", f"{event!r} message has {len(text)} characters, at most {MAX_CONTROL_OCTETS} are allowed"
        )


class EnvelopeReader(Generic[E]):
    """Reads the outermost object of a text.

    Only the members of its own event can break a message. Of duplicate members the last one counts.

    Args:
        envelope: A msgspec.Struct with all members of all events; only the event's name is required.
        event: The member with the event's name.
        members: The members of each known event. A message may have any other members, in any shape.
        needed: Paths of the members that a message needs. Any other member may be missing.
        payload: The path of the base64 member.
    """

    __slots__ = ("_envelope", "_event", "_members", "_needed", "_payload", "decode")

    def __init__(
        self,
        envelope: type[E],
        *,
        event: str,
        members: Mapping[str, tuple[str, ...]],
        needed: Collection[str],
        payload: str,
    ) -> None:
        self._envelope = envelope
        self._event = event
        self._members = members
        self._needed = frozenset(needed)
        self._payload = payload
        self.decode: Callable[[str | bytes], E] = msgspec.json.Decoder(envelope).decode
        """Return the envelope of a checked text. After any error, call `read_again`."""

    def read_again(self, text: str, error: Exception, read: Callable[[E, str], Message]) -> Message:
        """Read a text again in which `decode` or `read` found an error, without the members that are not needed.

        Args:
            text: The checked text.
            error: The BrokenMessage of `read`, or any error of `decode`.
            read: Makes a message of an envelope and its text.

        Returns: The message, if only members that do not belong to its event were wrong.
        Raises: OddMessage if the message can be read without its odd members; BrokenMessage if not.
        """
        # 1. Not JSON, or a broken rule that is not about one member.
        broken = self._broken(error)
        if not broken.member and not isinstance(error, msgspec.ValidationError):
            raise self._broken(error) from None
        try:
            found = _decode_any(text)
        except msgspec.DecodeError as late:  # such as a number out of range in an unknown member
            raise BrokenMessage("number" if "range" in str(late) else "json", _reason(late)) from None
        event = found.get(self._event) if isinstance(found, dict) else None
        if not isinstance(event, str):
            raise self._broken(error) from None
        # 2. An unknown event: its members may have any shape.
        members = self._members.get(event)
        if members is None:
            return read(msgspec.convert({self._event: event}, self._envelope), text)
        # 3. A known event: only its own members count.
        return self._without_odd({name: found[name] for name in members if name in found}, text, read)

    def _without_odd(self, found: dict[str, Any], text: str, read: Callable[[E, str], Message]) -> Message:
        """Remove one odd member after the other, until the rest can be read. Raises as `read_again`."""
        oddities: list[BrokenMessage] = []
        while True:
            try:
                message = read(msgspec.convert(found, self._envelope), text)
                break
            except (msgspec.ValidationError, BrokenMessage) as again:
                broken = self._broken(again)
                if self._is_unpadded(found, broken):
                    oddities.append(BrokenMessage("base64", f"{self._payload} has no base64 padding", self._payload))
                elif self._is_left_out(found, broken.member):
                    oddities.append(broken)
                else:
                    raise self._broken(again) from None
        if oddities:
            raise OddMessage(message, oddities) from None
        return message

    def _is_left_out(self, found: dict[str, Any], path: str) -> bool:
        """Remove a member that is present and not needed. Returns whether it was."""
        holder, name = _holder(found, path)
        if path in self._needed or name not in holder:
            return False
        del holder[name]
        return True

    def _is_unpadded(self, found: dict[str, Any], broken: BrokenMessage) -> bool:
        """Pad a payload that has no base64 padding. Returns whether it had none."""
        if broken.rule != "base64":
            return False
        holder, name = _holder(found, self._payload)
        value = holder[name]
        if "=" in value or len(value) % 4 < 2:
            return False
        holder[name] = value + "=" * (-len(value) % 4)
        return True

    def _broken(self, error: Exception) -> BrokenMessage:
        """Return a new error with the rule of an error.

        An error that its own frame holds would be a reference cycle, which keeps the text and the call alive.
        """
        if isinstance(error, BrokenMessage):
            return BrokenMessage(error.rule, error.detail, error.member)
        if not isinstance(error, msgspec.ValidationError):
            return BrokenMessage(
                "json", _reason(error) if isinstance(error, msgspec.MsgspecError) else type(error).__name__
            )
        reason = _reason(error)
        found = _PATH.search(reason)
        rule = next((rule for words, rule in _RULES.items() if words in reason), "object")
        if rule == "base64":
            reason = f"{self._payload} is not base64 (standard alphabet with padding)"
        return BrokenMessage(rule, _sentence(reason), found[1] if found else "")


_RULES: Final = {
    "base64": "base64",
    "missing required field": "member",
    "out of range": "number",
    " - at ": "type",
}
"""Words of msgspec's errors, and the rules that they mean. The first match counts."""
_PATH: Final = re.compile(r" - at `\$\.([^\[`]+)(\[)?")
"""The member in msgspec's error, without positions in arrays and keys of objects."""
_MISSING: Final = re.compile(r"^Object missing required field `([^`]+)`")
_TYPE: Final = re.compile(r"^Expected (`[^`]+`), got (`[^`]+`)")


def _sentence(reason: str) -> str:
    """Return msgspec's words as a sentence about the member; other words as they are."""
    found = _PATH.search(reason)
    name = "message" if found is None else f"an item of {found[1]}" if found[2] else found[1]
    if missing := _MISSING.match(reason):
        return f"{name} has no member {missing[1]!r}"
    if wrong := _TYPE.match(reason):
        return f"{name} is {wrong[2]}, {wrong[1]} is needed"
    return reason


def _holder(found: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Return the object that contains a member, and the member's name in that object."""
    *parents, name = path.split(".")
    holder: Any = found
    for parent in parents:
        holder = holder.get(parent) if isinstance(holder, dict) else None
    return holder if isinstance(holder, dict) else {}, name


class RawObject(Mapping[str, object]):
    """A message with all its members as received. It keeps the text, and decodes it at the first access.

    The decoded objects of a text with short members need twenty times its memory.
    """

    __slots__ = ("_found", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._found: dict[str, object] | None = None

    def __getitem__(self, name: str) -> object:
        return self._members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        # Members may be secrets, phone numbers or names of people.
        return f"<message of {len(self.text)} characters>"

    @property
    def _members(self) -> dict[str, object]:
        if self._found is None:
            self._found = readable(self.text)
        return self._found


def readable(text: str) -> dict[str, Any]:
    """Return all members of a message, as received, of a text that was read before."""
    try:
        return dict(_decode_any(text))
    except msgspec.DecodeError:  # a number out of range, in an unknown member
        return {}


def _reason(error: Exception) -> str:
    """Return the text of msgspec's error, which names types, members and positions, never values."""
    return str(error)[:200]


def counter(value: Counter, name: str, most: int = MAX_COUNTER) -> int | None:
    """Return a counter as int. Raises BrokenMessage if it is not digits or a number, or is out of range.

    Args:
        value: The counter as received.
        name: Its path, such as `media.chunk`.
        most: The largest valid number.
    """
    if isinstance(value, str):
        # Digits only: int() would accept '1_0', ' 1' and digits of other scripts.
        if not (value.isdigit() and value.isascii() and len(value) <= 19):
            detail = f"{name} has {len(value)} characters, 1 to 19 digits are needed"
            raise BrokenMessage("number", detail, name)
        value = int(value)
    if value is None or 0 <= value <= most:
        return value
    raise BrokenMessage("number", f"{name} is outside 0 to {most}", name)


def body_of(body: B | None, event: str) -> B:
    """Return the body of an event. Raises BrokenMessage if it is missing."""
    if body is None:
        raise BrokenMessage("member", f"event {event!r} has no member {event!r}")
    return body


def optional_text(body: Mapping[str, object], path: str, name: str) -> str | None:
    """Return a member that is a string or absent.

    Args:
        body: The object that may have the member.
        path: The path of that object.
        name: The member.

    Raises: BrokenMessage if the member has another type.
    """
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise BrokenMessage("type", f"{path}.{name} is not a string", f"{path}.{name}")


def parameters(value: object, path: str, name: str, content: str) -> dict[str, str]:
    """Return custom parameters as texts. A parameter that is not a string becomes its JSON text.

    Args:
        value: An object, or a list of objects with one name and one value each.
        path: The path of the member.
        name: The member with the name of a listed parameter.
        content: The member with its value.

    Raises: BrokenMessage if the value has another type.
    """
    if value is None:
        return {}
    if isinstance(value, list) and all(isinstance(pair, dict) and isinstance(pair.get(name), str) for pair in value):
        value = {pair[name]: pair.get(content) for pair in value}
    if not isinstance(value, dict):
        raise BrokenMessage("type", f"{path} is neither an object nor a list of names and values", path)
    return {key: _parameter(one) for key, one in value.items()}


def _parameter(value: object) -> str:
    """Return a custom parameter as text; the JSON text if it is not a string."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()
