"""The lines of a capture: inputs and sent texts of a session, one JSON object each, without private values.

A line contains the members of a message as values (`rtpcodec.stream.messages`), not the carrier's text. So it is the
same for every carrier, and an unknown member cannot bring a secret into it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import deque
from dataclasses import fields
from typing import Any, Final, NamedTuple

import msgspec

from rtpcodec.stream import messages
from rtpcodec.stream.capture.blanking import VARIANTS, blank
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.wire import DIALECTS, BrokenMessage, Dialect, OddMessage

DIALECT: Final = "dialect"
"""The step that sets the detected dialect of a stream."""
HIDDEN: Final = "redacted"
"""The value in place of a private one."""
_MESSAGES: Final = (
    messages.Connected,
    messages.Start,
    messages.Media,
    messages.Dtmf,
    messages.Mark,
    messages.Clear,
    messages.Stop,
    messages.Error,
    messages.Other,
)
PRIVATE: Final = frozenset(one.name for kind in _MESSAGES for one in fields(kind) if not one.repr)
"""Members of messages whose values are never written: those that reprs do not show."""
LEFT_OUT: Final = frozenset(("digit", "duration_ms", "event", "payload", "raw", "received_ms", "text"))
"""Members that a line contains in another form or not at all."""
FREE_TEXTS: Final = frozenset(("detail", "tags", "title"))
"""Texts for people, in which phone numbers are replaced. In names and ids, other digits would be replaced too."""
MIN_SECRET_CHARACTERS: Final = 4
"""Shorter private values are not replaced in other texts: they would be found everywhere."""
MAX_SECRETS: Final = 100
"""Limit on stored private values of one stream; a `start` has five and its custom parameters."""
MIN_RUN_OCTETS: Final = 8
"""This many or more equal octets at the end of a payload are left out of its line."""
RECENT_PAYLOADS: Final = 256
"""Number of payloads that are compared: a message is repeated within some chunks."""
_PHONE_NUMBER: Final = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}")
"""Seven or more digits, in groups or not."""


class Record(NamedTuple):
    """One step of a session. A line is made of it later, perhaps in another thread."""

    now_ms: float
    kind: str
    """"in": a text of the carrier. "out": a text of ours. "do": anything else that changed the session."""
    body: Any
    """Of "in" the text, or the `start` from before the capture; of "out" a SentText; of "do" a mapping."""
    private: bool
    """Whether a private section was active."""


class SentText(NamedTuple):
    """A text that was sent, with facts that it does not contain."""

    text: str
    texts: int
    """Of the first text of one `outgoing`: the number of its texts. Of the others 0."""
    whole: bool
    """Whether `outgoing` returned it, and not `outgoing_part`."""
    idle: bool
    """Of the first text of one `outgoing`: whether sound between replies follows it."""
    replies: tuple[int | None, ...]
    """Of the first text of one `outgoing`: the numbers of the replies whose audio it returned, in order. None: the
    sound between replies."""


class LineMaker:
    """Makes the lines of one capture. Use from one thread at a time."""

    __slots__ = (
        "_audio",
        "_dialect",
        "_origin_ms",
        "_receive_encoding",
        "_replies",
        "_secrets",
        "_send_encoding",
        "_variant_count",
        "_variants",
    )

    def __init__(self, dialect: Dialect, send_encoding: str, origin_ms: float, *, audio: bool) -> None:
        """Make a maker of lines.

        Args:
            dialect: Parses the texts.
            send_encoding: The send codec.
            origin_ms: Origin of all times; a whole number, so that no time loses precision.
            audio: Whether payloads keep their audio.
        """
        self._dialect = dialect
        self._send_encoding = self._receive_encoding = send_encoding
        self._origin_ms = origin_ms
        self._audio = audio
        self._secrets: list[str] = []
        self._replies: deque[int | None] = deque()
        self._variants: dict[bytes, int] = {}
        self._variant_count = 0

    def line(self, record: Record) -> str:
        """Return the line of a record, with its line end."""
        kind, body = record.kind, record.body
        members: dict[str, Any] = {"t_ms": record.now_ms - self._origin_ms}
        if kind == "in":
            members |= self._message(kind, body, record.private)
        elif kind == "out":
            members |= self._message(kind, body.text, record.private)
            members["characters"] = len(body.text)
            if body.texts:
                self._replies = deque(body.replies)
                members |= {"count": body.texts, "whole": body.whole, "idle": body.idle}
            if members["out"] == "media" and self._replies:
                members["reply"] = self._replies.popleft()
        else:
            members |= self._action(body, record.private)
        return msgspec.json.encode(members).decode() + "\n"

    def _message(self, way: str, text: Any, private: bool) -> dict[str, Any]:
        if isinstance(text, messages.Start):
            return self._members(way, text, private)
        try:
            return self._members(way, self._dialect.parse(text), private)
        except OddMessage as odd:
            found = self._members(way, odd.message, private)
            found["odd"] = [[one.rule, self._hidden(one.detail), one.member] for one in odd.oddities]
            return found
        except BrokenMessage as broken:
            octets = len(text) if isinstance(text, str) else memoryview(text).nbytes
            found = {way: "malformed", "rule": broken.rule, "detail": self._hidden(broken.detail)}
            return found | {"member": broken.member, "octets": octets}

    def _members(self, way: str, message: messages.Message, private: bool) -> dict[str, Any]:
        """Return the members of a line for a message."""
        event = message.event if isinstance(message, messages.Other) else type(message).__name__.lower()
        found: dict[str, Any] = {way: self._hidden(event)}
        if isinstance(message, messages.Other):
            found |= {"other": True, "octets": len(message.text)}
        if isinstance(message, messages.Start):
            self._learn(message)
            declared = message.media_format
            self._receive_encoding = declared.encoding
            found["format"] = [declared.encoding, declared.sample_rate_hz, declared.channels]
            if message.custom_parameters:
                found["parameters"] = len(message.custom_parameters)
        elif isinstance(message, messages.Connected):
            self._add_secret(message.auth_token)
        for one in fields(message):
            value = getattr(message, one.name)
            if one.name not in LEFT_OUT and value not in (None, ()) and not isinstance(value, dict | MediaFormat):
                found[one.name] = self._shown(one.name, value)
        if isinstance(message, messages.Media):
            encoding = self._receive_encoding if way == "in" else self._send_encoding
            found |= self._payload(message.payload, encoding, private)
        return found

    def _shown(self, name: str, value: Any) -> Any:
        """Return the value of a line for a member of a message."""
        if name in PRIVATE:
            return HIDDEN
        if isinstance(value, tuple):
            return [self._clean(text) for text in value]
        if isinstance(value, str):
            return self._clean(value) if name in FREE_TEXTS else self._hidden(value)
        return value

    def _action(self, body: dict[str, Any], private: bool) -> dict[str, Any]:
        if isinstance(body.get("payload"), bytes):
            return body | self._payload(body["payload"], self._send_encoding, private)
        if body["do"] == DIALECT:
            self._dialect = DIALECTS[body["facts"]["name"]]
            return body
        if "name" in body:
            return body | {"name": self._hidden(body["name"])}
        return body

    def _payload(self, payload: bytes, encoding: str, private: bool) -> dict[str, Any]:
        if private or not self._audio:
            payload = blank(payload, encoding, self._variant(payload))
        head = payload.rstrip(payload[-1:]) if payload else payload
        if len(payload) - len(head) < MIN_RUN_OCTETS:
            return {"payload": b64encode(payload).decode()}
        return {"payload": b64encode(head + payload[-1:]).decode(), "octets": len(payload)}

    def _variant(self, payload: bytes) -> int:
        """Return a number that equal recent payloads share."""
        variant = self._variants.get(payload)
        if variant is None:
            self._variant_count += 1
            variant = self._variants[payload] = self._variant_count % VARIANTS
            if len(self._variants) > RECENT_PAYLOADS:
                del self._variants[next(iter(self._variants))]
        return variant

    def _learn(self, start: messages.Start) -> None:
        values = (start.from_number, start.to_number, start.client_state, *start.custom_parameters.values())
        for value in values:
            self._add_secret(value)

    def _add_secret(self, value: str | None) -> None:
        if value is None or len(value) < MIN_SECRET_CHARACTERS or value in self._secrets:
            return
        if len(self._secrets) < MAX_SECRETS:
            self._secrets.append(value)
            self._secrets.sort(key=len, reverse=True)  # one may contain another

    def _hidden(self, text: str) -> str:
        """Return a text without the private values that were seen."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def _clean(self, text: str) -> str:
        """Return a text for people without private values and phone numbers."""
        return _PHONE_NUMBER.sub(HIDDEN, self._hidden(text))
