"""The HTTP exchange as values (spec 2.1, 2.5, 2.6): a command becomes a request, an answer a result or an error.

Nothing here opens a connection, so any HTTP library can carry it; `sync` and `aio` do so with httpx.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import msgspec

from rtpcodec.client.checks import Findings
from rtpcodec.client.command import Command
from rtpcodec.errors import (
    AuthenticationFailed,
    CallEnded,
    CallNotAnswered,
    CommandRefused,
    InvalidCallControlId,
    PermissionRefused,
    RateLimited,
    RefusalReason,
    ResourceNotFound,
    StreamingFailed,
    StreamingInUse,
    StreamingNotInUse,
    UnreadableAnswer,
)

BASE_URL: Final = "https://api.telnyx.com/v2"
MAX_ANSWER_OCTETS: Final = 1 << 20
"""An answer has some hundred octets; what is a thousand times longer is no answer to a command."""
MAX_SHOWN_CHARACTERS: Final = 300
"""How much of one entry a message repeats."""
MAX_SHOWN_REASONS: Final = 3
"""How many entries a message repeats."""

_OF_STATUS: Final = {401: AuthenticationFailed, 403: PermissionRefused, 429: RateLimited}
# Without 10011: the same code comes with 422 for another refusal, so only status 429 is a rate limit (spec U14).
_OF_CODE: Final = {
    "10005": ResourceNotFound,
    "10009": AuthenticationFailed,
    "10010": PermissionRefused,
    "90015": InvalidCallControlId,
    "90018": CallEnded,
    "90034": CallNotAnswered,
    "90045": StreamingInUse,
    "90046": StreamingFailed,
    "90048": StreamingNotInUse,
}
_SHORT_SECRET_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; its headers carry the API key and its body secrets, so neither is shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Answer:
    """One HTTP answer as it arrives; header names are compared in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytearray = field(default_factory=bytearray, repr=False)

    def add(self, part: bytes) -> bool:
        """Take a part of the body; False says that no more of it is wanted."""
        self.body += part
        return len(self.body) <= MAX_ANSWER_OCTETS


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The carrier accepted the command, which does not yet say that the stream runs: that is the `start` message."""

    result: str
    command_id: str
    raw: Mapping[str, object] = field(repr=False)
    """The whole answer as parsed JSON."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where the carrier's interface is and the key that opens it."""

    base_url: str
    api_key: str = field(repr=False)

    @classmethod
    def of(cls, api_key: str | None = None, base_url: str | None = None) -> Access:
        """What is given, else the environment's TELNYX_API_KEY and TELNYX_BASE_URL, else the carrier's public address.

        InvalidCommand: no key, a key that no header can carry, an address that is no plain http or https URL.
        """
        findings = Findings("call control", "was not set up")
        key = api_key if api_key is not None else os.environ.get("TELNYX_API_KEY", "")
        url = base_url if base_url is not None else os.environ.get("TELNYX_BASE_URL") or BASE_URL
        _check_key(findings, key)
        _check_base_url(findings, url)
        findings.settle()
        return cls(url.rstrip("/"), key)

    def request(self, command: Command) -> Request:
        """The command as an HTTP request."""
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            # The limit on an answer's length holds only for octets that nobody inflates later.
            "Accept-Encoding": "identity",
        }
        return Request("POST", self.base_url + command.path, headers, msgspec.json.encode(command.body))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key and its parts: `KEY<id>_<secret>` is also quoted by its id alone."""
        return (self.api_key, *(part for part in self.api_key.split("_") if len(part) >= _SHORT_SECRET_CHARACTERS))


def read_answer(command: Command, answer: Answer, access: Access) -> CommandResult:
    """What the carrier said to a command.

    CommandRefused or the subclass that fits: any status other than 2xx, also a redirect, which is never followed.
    UnreadableAnswer: a 2xx without `data.result`.
    """
    content = _parsed(answer.body)
    if not 200 <= answer.status < 300:
        raise _refusal(command, answer, content, (*access.secrets, *command.secrets))
    data = content.get("data") if isinstance(content, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(content, dict) or not isinstance(result, str):
        raise UnreadableAnswer(
            f"{command.name} was answered with status {answer.status}, but without data.result: {_about(answer)}; "
            f"it probably took effect (command_id {command.command_id})",
            status=answer.status,
            command_id=command.command_id,
        )
    return CommandResult(result, command.command_id, content)


def _check_key(findings: Findings, key: object) -> None:
    if not isinstance(key, str):
        findings.wrong("api_key", f"is {type(key).__name__}, must be str")
    elif not key:
        findings.wrong("api_key", "is missing: give it or set the environment variable TELNYX_API_KEY")
    elif unfit := re.search(r"[^\x21-\x7e]", key):
        findings.wrong("api_key", f"has a blank, control or non-ASCII character at position {unfit.start()}")


def _check_base_url(findings: Findings, url: object) -> None:
    """Refuse what would send the key elsewhere than it seems; the URL is not shown, it may hold a password."""
    if not isinstance(url, str):
        findings.wrong("base_url", f"is {type(url).__name__}, must be str")
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        findings.wrong("base_url", "is not a URL: its host or port cannot be read")
        return
    if parts.scheme not in ("http", "https"):
        findings.wrong("base_url", "has another scheme than http or https")
    elif not host:
        findings.wrong("base_url", "names no host")
    if parts.username is not None or "?" in url or "#" in url or re.search(r"[^\x21-\x7e]", url):
        findings.wrong("base_url", "has a user, a query, a fragment or a character that no URL has")


def _parsed(body: bytearray) -> object:
    """The JSON value, or None for what is none, is cut, too long or too deep."""
    if len(body) > MAX_ANSWER_OCTETS:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _refusal(command: Command, answer: Answer, content: object, secrets: tuple[str, ...]) -> CommandRefused:
    """The error that fits: the status decides, a code refines it (spec U14)."""
    entries = content.get("errors") if isinstance(content, dict) else content
    listed = entries if isinstance(entries, list) else []
    reasons = tuple(_reason(entry, secrets) for entry in listed if isinstance(entry, dict))
    kind = _OF_STATUS.get(answer.status)
    if kind is None:
        by_code = (_OF_CODE[reason.code] for reason in reasons if reason.code in _OF_CODE)
        kind = next(by_code, ResourceNotFound if answer.status == 404 else CommandRefused)
    if 300 <= answer.status < 400:
        why = "a redirect, which is not followed because it would carry the API key elsewhere; check base_url"
    elif reasons:
        why = "; ".join(_sentence(reason) for reason in reasons[:MAX_SHOWN_REASONS])
        why += f"; and {len(reasons) - MAX_SHOWN_REASONS} more" if len(reasons) > MAX_SHOWN_REASONS else ""
    else:
        why = f"no readable errors: {_about(answer)}"
    return kind(
        f"{command.name} was refused with status {answer.status}: {why} (command_id {command.command_id})",
        status=answer.status,
        errors=reasons,
        command_id=command.command_id,
    )


def _reason(entry: Mapping[str, object], secrets: tuple[str, ...]) -> RefusalReason:
    """One entry; the SDK's types say `description` where the carrier says `detail` (spec 2.6)."""
    meta = entry.get("meta")
    return RefusalReason(
        code=_words(entry, "code"),
        title=_without(_words(entry, "title"), secrets),
        detail=_without(_words(entry, "detail") or _words(entry, "description"), secrets),
        pointer=_without(_words(entry.get("source"), "pointer"), secrets),
        parameter=_without(_words(entry.get("source"), "parameter"), secrets),
        meta=meta if isinstance(meta, dict) else {},
    )


def _words(holder: object, name: str) -> str | None:
    """A member as text; an integer is taken too, since a code is a string of digits."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _without(words: str | None, secrets: tuple[str, ...]) -> str | None:
    """The carrier's words with our secrets struck out."""
    if words is None:
        return None
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        struck = re.escape(secret)
        if len(secret) < _SHORT_SECRET_CHARACTERS:
            # A short value such as "1" must not eat into the words and numbers around it.
            struck = rf"(?<!\w){struck}(?!\w)"
        words = re.sub(struck, "***", words)
    return words


def _sentence(reason: RefusalReason) -> str:
    """One entry as a message repeats it."""
    head = " ".join(filter(None, (reason.code, reason.title)))
    place = f"at {reason.pointer or reason.parameter}" if reason.pointer or reason.parameter else None
    return _one_line(": ".join(filter(None, (head, reason.detail, place))) or "an entry without code, title and detail")


def _about(answer: Answer) -> str:
    """What sort of body came instead of the documented one."""
    kind = _one_line(answer.headers.get("content-type", "no content type"))
    if len(answer.body) > MAX_ANSWER_OCTETS:
        return f"the body ({kind}) has more than {MAX_ANSWER_OCTETS} octets"
    shape = "not whole JSON" if _parsed(answer.body) is None else "JSON of another shape"
    return f"the body ({kind}) of {len(answer.body)} octets is {shape}"


def _one_line(words: str) -> str:
    """The carrier's words without what could steer a terminal or forge a log line, and not too many of them."""
    line = "".join(letter if letter.isprintable() else " " for letter in words)
    return line if len(line) <= MAX_SHOWN_CHARACTERS else f"{line[:MAX_SHOWN_CHARACTERS]}..."
