"""Checks of single fields before a command is sent, one function per kind of value.

A check takes a value, the name of its field and the findings, records errors and warnings, and returns the value as it
goes on the wire. It never writes a secret value into a rule.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeGuard
from urllib.parse import urlsplit

from rtpcodec.carriers.telnyx import commands, members
from rtpcodec.errors import CommandProblem, CommandWarning, InvalidCommand, warn_user

_BASE64 = re.compile(commands.BASE64_PATTERN)
_DTMF = commands.DTMF_DIGITS + commands.DTMF_PAUSES
_SHOWN_CHARACTERS = 40


class Findings:
    """Errors and warnings of one command, collected so that one exception reports them all."""

    def __init__(self, subject: str, verdict: str = "was not sent") -> None:
        self.subject = subject
        self.verdict = verdict
        self.problems: list[CommandProblem] = []
        self.warnings: list[CommandProblem] = []
        self.secrets: list[str] = []

    def wrong(self, field: str, rule: str) -> None:
        """Record an error: the command must not be sent."""
        self.problems.append(CommandProblem(field, rule))

    def warn(self, field: str, rule: str) -> None:
        """Record a warning: the command is sent nevertheless."""
        self.warnings.append(CommandProblem(field, rule))

    def settle(self, *, strict: bool = False) -> None:
        """Raise InvalidCommand for all errors, else issue all warnings; strict makes them errors."""
        problems = (*self.problems, *self.warnings) if strict else tuple(self.problems)
        if problems:
            raise InvalidCommand(f"{self.subject} {self.verdict}: {'; '.join(map(str, problems))}", problems=problems)
        for problem in self.warnings:
            warn_user(f"{self.subject}: {problem}", CommandWarning)


Check = Callable[[object, str, Findings], object]


def is_text(value: object, field: str, findings: Findings) -> TypeGuard[str]:
    """Return whether the value is a string that JSON can carry."""
    if not isinstance(value, str):
        findings.wrong(field, f"is {_kind(value)}, must be str")
        return False
    if not value.isascii() and (lone := re.search("[\ud800-\udfff]", value)):
        findings.wrong(field, f"has a lone surrogate at position {lone.start()}, which UTF-8 cannot carry")
        return False
    return True


def text(value: object, field: str, findings: Findings) -> object:
    """Check a string of at least one character."""
    if is_text(value, field, findings) and not value.strip():
        findings.wrong(field, "is empty")
    return value


def path_segment(value: object, field: str, findings: Findings) -> object:
    """Check a string that can be one segment of a URL's path once it is percent-encoded."""
    text(value, field, findings)
    if value in (".", ".."):
        findings.wrong(field, f"is {value!r}, which means another path")
    elif isinstance(value, str) and len(value) > commands.MAX_URL_CHARACTERS:
        findings.wrong(field, f"has {len(value)} characters, at most {commands.MAX_URL_CHARACTERS} are allowed")
    return value


def secret_text(value: object, field: str, findings: Findings) -> object:
    """Check a token or a password: not empty, not too long, never shown."""
    if is_text(value, field, findings):
        findings.secrets.append(value)
        if not value:
            findings.wrong(field, "is empty; leave it out instead")
        elif len(value) > commands.MAX_TOKEN_CHARACTERS:
            findings.wrong(field, f"has {len(value)} characters, at most {commands.MAX_TOKEN_CHARACTERS} are allowed")
    return value


def boolean(value: object, field: str, findings: Findings) -> object:
    """Check a bool; other values that count as true or false are errors."""
    if not isinstance(value, bool):
        findings.wrong(field, f"is {_kind(value)}, must be bool")
    return value


def one_of(*known: str) -> Check:
    """Check for one of the known values; others are a warning, because the carrier's lists have grown before."""
    by_lower_case = {name.lower(): name for name in known}

    def check(value: object, field: str, findings: Findings) -> object:
        if not is_text(value, field, findings) or value in known:
            return value
        if spelling := by_lower_case.get(value.strip().lower()):
            findings.wrong(field, f"is {_shown(value)}, the carrier spells it {spelling!r}")
        else:
            findings.warn(field, f"is {_shown(value)}, known are {', '.join(known)}")
        return value

    return check


_preferred_codec: Final = one_of(*commands.CALL_CODECS)


def websocket_url(value: object, field: str, findings: Findings) -> object:
    """Check a ws or wss URL with a host. It is never shown: an unguessable path may be its only protection."""
    if not is_text(value, field, findings):
        return value
    findings.secrets.append(value)
    if len(value) > commands.MAX_URL_CHARACTERS:
        findings.wrong(field, f"has {len(value)} characters, at most {commands.MAX_URL_CHARACTERS} are allowed")
    if unfit := re.search(r"[\s\x00-\x1f\x7f]", value):
        findings.wrong(field, f"has a blank or control character at position {unfit.start()}")
        return value
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        findings.wrong(field, "is not a URL: its host or port cannot be read")
        return value
    if parts.scheme not in ("ws", "wss"):
        findings.wrong(field, f"has the scheme {_shown(parts.scheme)}, ws or wss is needed")
    elif not host:
        findings.wrong(field, "names no host")
    return value


def sampling_rate_hz(value: object, field: str, findings: Findings) -> object:
    """Check a positive int; a rate that the carrier does not list is a warning."""
    if not isinstance(value, int) or isinstance(value, bool):
        findings.wrong(field, f"is {_kind(value)}, must be int")
    elif value <= 0:
        findings.wrong(field, f"is {value}, must be greater than 0")
    elif value not in commands.SAMPLING_RATES_HZ:
        findings.warn(field, f"is {value}, known are {', '.join(map(str, commands.SAMPLING_RATES_HZ))}")
    return value


def count(value: object, field: str, findings: Findings) -> object:
    """Check a number of seconds or of things, 0 or more."""
    if not isinstance(value, int) or isinstance(value, bool):
        findings.wrong(field, f"is {_kind(value)}, must be int")
    elif value < 0:
        findings.wrong(field, f"is {value}, must be 0 or greater")
    return value


def dtmf_digits(value: object, field: str, findings: Findings) -> object:
    """Check DTMF keys and pauses, at least one. They are never shown: they may be a PIN or a card number."""
    if is_text(value, field, findings):
        findings.secrets.append(value)
        if not value:
            findings.wrong(field, "is empty")
        position = next((at for at, digit in enumerate(value) if digit not in _DTMF), None)
        if position is not None:
            rule = (
                f"has a character at position {position} that is neither a DTMF key (0-9, A-D, *, #) nor a pause (w, W)"
            )
            findings.wrong(field, rule)
    return value


def dtmf_duration_ms(value: object, field: str, findings: Findings) -> object:
    """Check how long each digit lasts, within the carrier's limits."""
    low, high = commands.MIN_DTMF_DURATION_MS, commands.MAX_DTMF_DURATION_MS
    if not isinstance(value, int) or isinstance(value, bool):
        findings.wrong(field, f"is {_kind(value)}, must be int")
    elif not low <= value <= high:
        findings.wrong(field, f"is {value}, must be {low} to {high} ms")
    return value


def address(value: object, field: str, findings: Findings) -> object:
    """Check a phone number, a SIP address, digits or a caller's name: not empty, never shown."""
    text(value, field, findings)
    findings.secrets += strings_in(value)
    return value


def addresses(value: object, field: str, findings: Findings) -> object:
    """Check one number or SIP address, or a list of them that ring together."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return address(value, field, findings)
    if not value:
        findings.wrong(field, "is empty")
    return [address(each, f"{field}[{position}]", findings) for position, each in enumerate(value)]


def codec_list(value: object, field: str, findings: Findings) -> object:
    """Check names of codecs with commas between them."""
    if is_text(value, field, findings):
        for name in value.split(","):
            _preferred_codec(name.strip(), field, findings)
    return value


def json_object(value: object, field: str, findings: Findings) -> object:
    """Check a JSON object. The carrier checks its members; none of its texts is shown."""
    if not isinstance(value, Mapping):
        findings.wrong(field, f"is {_kind(value)}, must be a mapping")
        return value
    return json_value(value, field, findings)


def json_value(value: object, field: str, findings: Findings) -> object:
    """Check any JSON value; none of its texts is shown."""
    try:
        # The faster encoder of the request converts values that this one refuses: NaN, octets, sets.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        findings.wrong(field, f"cannot be written as JSON ({_kind(error)})")
    else:
        findings.secrets += strings_in(value)
    return value


def strings_in(value: object) -> list[str]:
    """Yield every text within a JSON value, names of members aside."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for member in value.values() for text in strings_in(member)]
    if isinstance(value, list | tuple):
        return [text for member in value for text in strings_in(member)]
    return []


def client_state(value: object, field: str, findings: Findings) -> object:
    """Encode octets in base64; a string must be valid base64 already."""
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode("ascii")
    if not isinstance(value, str):
        findings.wrong(field, f"is {_kind(value)}, must be bytes or base64 as str")
        return value
    findings.secrets.append(value)
    if not _BASE64.fullmatch(value):
        findings.wrong(field, "is not base64 (standard alphabet, padded); give bytes to have them encoded")
    return value


def pairs(value: object, field: str, findings: Findings) -> object:
    """Check names and values, from a mapping or from the list of the wire; the values are never shown."""
    if isinstance(value, Mapping):
        listed = [(f"{field}[{_shown(name)}]", name, content) for name, content in value.items()]
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        listed = list(_listed_pairs(value, field, findings))
    else:
        findings.wrong(field, f"is {_kind(value)}, must be a mapping or a list of name and value")
        return value
    seen: set[str] = set()
    for place, name, content in listed:
        text(name, f"{place}.name", findings)
        if is_text(content, f"{place}.value", findings):
            findings.secrets.append(content)
        if isinstance(name, str):
            if name in seen:
                # `start` carries an object, which has one value per name.
                findings.warn(f"{place}.name", f"repeats {_shown(name)}, only one of its values can arrive")
            seen.add(name)
    return [{members.NAME: name, members.VALUE: content} for _, name, content in listed]


def _listed_pairs(items: Iterable[object], field: str, findings: Findings) -> Iterable[tuple[str, object, object]]:
    for position, item in enumerate(items):
        place = f"{field}[{position}]"
        if not isinstance(item, Mapping):
            findings.wrong(place, f"is {_kind(item)}, must be a mapping with name and value")
        elif set(item) != {members.NAME, members.VALUE}:
            findings.wrong(place, f"has the members {', '.join(map(_shown, item))}, must have name and value")
        else:
            yield place, item[members.NAME], item[members.VALUE]


def dialogflow_config(value: object, field: str, findings: Findings) -> object:
    """Check the two switches of Dialogflow."""
    if not isinstance(value, Mapping):
        findings.wrong(field, f"is {_kind(value)}, must be a mapping")
        return value
    for name, content in value.items():
        if name in commands.DIALOGFLOW_SWITCHES:
            boolean(content, f"{field}.{name}", findings)
        elif is_text(name, f"{field} member", findings):
            json_value(content, f"{field}.{name}", findings)
            findings.warn(field, f"has {_shown(name)}, known are {', '.join(commands.DIALOGFLOW_SWITCHES)}")
    return dict(value)


def _kind(value: object) -> str:
    return type(value).__name__


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
