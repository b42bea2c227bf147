"""From the HTTP answer to a command to its outcome or its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from rtpcodec.carriers.telnyx import errors as codes
from rtpcodec.carriers.telnyx import members
from rtpcodec.client.access import Access
from rtpcodec.client.command import Command
from rtpcodec.client.redaction import Redaction
from rtpcodec.client.results import R
from rtpcodec.client.retry import asked_wait_s, may_succeed_later
from rtpcodec.errors import (
    AuthenticationFailed,
    CallEnded,
    CallNotAnswered,
    CommandRefused,
    InvalidCallControlId,
    InvalidClientState,
    PermissionRefused,
    RateLimited,
    RefusalReason,
    ResourceNotFound,
    StreamingFailed,
    StreamingInUse,
    StreamingNotInUse,
    UnreadableAnswer,
)
from rtpcodec.pickling import Value

MAX_ANSWER_OCTETS: Final = 1 << 20
"""An answer has some hundred octets; a body a thousand times longer is not an answer to a command."""
MAX_SHOWN_CHARACTERS: Final = 300
"""Characters of one entry that an error text quotes."""
MAX_SHOWN_REASONS: Final = 3
"""Entries that an error text quotes."""

_OF_STATUS: Final = {401: AuthenticationFailed, 403: PermissionRefused, 429: RateLimited}
# Without TOO_MANY_REQUESTS: the code also comes with 422 for another refusal, so only status 429 is a rate limit.
_OF_CODE: Final = {
    codes.RESOURCE_NOT_FOUND: ResourceNotFound,
    codes.AUTHENTICATION_FAILED: AuthenticationFailed,
    codes.AUTHORIZATION_FAILED: PermissionRefused,
    codes.INVALID_CALL_CONTROL_ID: InvalidCallControlId,
    codes.INVALID_CLIENT_STATE: InvalidClientState,
    codes.CALL_ENDED: CallEnded,
    codes.CALL_NOT_ANSWERED: CallNotAnswered,
    codes.MEDIA_STREAMING_USED: StreamingInUse,
    codes.MEDIA_STREAMING_FAILED: StreamingFailed,
    codes.MEDIA_STREAMING_NOT_USED: StreamingNotInUse,
}


@dataclass(slots=True)
class Answer(Value):
    """One HTTP answer while it arrives; header names are compared in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytearray = field(default_factory=bytearray, repr=False)
    ended: bool = field(default=False, repr=False)
    """Whether the body has reached its end or its limit. If it broke off, a retry may bring the answer."""

    def add(self, part: bytes) -> bool:
        """Add a part of the body. Returns False once it has reached its limit."""
        self.body += part
        self.ended = len(self.body) > MAX_ANSWER_OCTETS
        return not self.ended


def read_answer(command: Command[R], answer: Answer, access: Access, unix_time_s: float = 0.0) -> R:
    """Return the outcome of a command from the answer to it.

    Args:
        command: the command that was sent.
        answer: status, headers and body.
        access: its key is struck out of whatever an error shows.
        unix_time_s: when the answer came, for a wait that the carrier gives as a date.

    Raises:
        CommandRefused: or the subclass that fits; any status other than 2xx, also a redirect, which is never followed.
        UnreadableAnswer: a 2xx without the members that the command's outcome needs, or with the key in one of them.
    """
    content = _parsed(answer.body)
    redaction = Redaction(access.secrets, command.secrets)
    if not 200 <= answer.status < 300:
        raise _refusal(command, answer, content, redaction, unix_time_s)
    outcome = None
    if isinstance(content, dict) and isinstance(data := content.get(members.DATA), dict):
        outcome = command.outcome.read(data, command.command_id, content)
    needs = f"{members.DATA}.{command.outcome.NEEDS}"
    if outcome is None:
        fault = f"without {needs}: {_about(answer, redaction)}"
    elif redaction.has_key(repr(outcome)):
        fault = f"with the API key in {members.DATA}"
    else:
        return outcome
    raise UnreadableAnswer(
        f"{command.name} was answered with status {answer.status}, but {fault}; "
        f"it probably took effect (command_id {command.command_id})",
        status=answer.status,
        command_id=command.command_id,
    )


def _parsed(body: bytearray) -> object:
    """Return the JSON value; None for a body that is not JSON in UTF-8, is cut, too long or too deep."""
    if len(body) > MAX_ANSWER_OCTETS:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # ValueError: octets that are not UTF-8, or an integer with more digits than Python converts.
        return None


def _refusal(
    command: Command[Any], answer: Answer, content: object, redaction: Redaction, unix_time_s: float
) -> CommandRefused:
    """Return the error that fits: the status decides, a code refines it."""
    entries = content.get(codes.ERRORS) if isinstance(content, dict) else content
    listed = entries if isinstance(entries, list) else []
    reasons = tuple(_reason(entry, redaction) for entry in listed if isinstance(entry, dict))
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
        why = f"no readable errors: {_about(answer, redaction)}"
    return kind(
        f"{command.name} was refused with status {answer.status}: {why} (command_id {command.command_id})",
        status=answer.status,
        errors=reasons,
        command_id=command.command_id,
        retryable=may_succeed_later(answer.status, answer.headers),
        retry_after_s=asked_wait_s(answer.headers, unix_time_s),
    )


def _reason(entry: Mapping[str, object], redaction: Redaction) -> RefusalReason:
    """Read one entry; the SDK's types say `description` where the carrier says `detail`."""
    meta, source = entry.get(members.META), entry.get(codes.SOURCE)
    return RefusalReason(
        code=redaction.without_key(_words(entry, members.CODE)),
        title=redaction.text(_words(entry, members.TITLE)),
        detail=redaction.text(_words(entry, members.DETAIL) or _words(entry, codes.DESCRIPTION)),
        pointer=redaction.text(_words(source, codes.POINTER)),
        parameter=redaction.text(_words(source, codes.PARAMETER)),
        meta=meta if isinstance(meta, dict) else {},
        source=source if isinstance(source, dict) else {},
    )


def _words(holder: object, name: str) -> str | None:
    """Return a member as text, also an integer, since a code is a string of digits."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _sentence(reason: RefusalReason) -> str:
    """Return one entry as the error text quotes it."""
    head = " ".join(filter(None, (reason.code, reason.title)))
    place = f"at {reason.pointer or reason.parameter}" if reason.pointer or reason.parameter else None
    return one_line(": ".join(filter(None, (head, reason.detail, place))) or "an entry without code, title and detail")


def _about(answer: Answer, redaction: Redaction) -> str:
    """Describe a body that is not the documented one."""
    kind = one_line(redaction.words(answer.headers.get("content-type", "no content type")))
    if len(answer.body) > MAX_ANSWER_OCTETS:
        return f"the body ({kind}) has more than {MAX_ANSWER_OCTETS} octets"
    shape = "not whole JSON" if _parsed(answer.body) is None else "JSON of another shape"
    return f"the body ({kind}) of {len(answer.body)} octets is {shape}"


def one_line(words: str) -> str:
    """Return the carrier's words on one line, without control characters, cut to a limit."""
    line = "".join(letter if letter.isprintable() else " " for letter in words)
    return line if len(line) <= MAX_SHOWN_CHARACTERS else f"{line[:MAX_SHOWN_CHARACTERS]}..."
