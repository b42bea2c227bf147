"""Signature and repeats of webhooks. A delivery whose signature cannot be checked is refused."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.client.webhook_events import WebhookEvent, read
from rtpcodec.errors import MissingExtra, WebhookExpired, WebhookForged, WebhookKeyInvalid, WebhookUnsigned
from rtpcodec.pickling import Value

MAX_BODY_OCTETS: Final = 1 << 20
"""An event has some kilobytes; a body a hundred times longer is not an event."""
MAX_REMEMBERED_IDS: Final = 10_000
"""Deliveries are repeated within minutes; a hundred calls per second cause fewer events in that time."""

HeaderText = str | bytes
Headers = (
    Mapping[str, str]
    | Mapping[str, Sequence[str]]
    | Mapping[bytes, bytes]
    | Iterable[tuple[HeaderText, HeaderText | Sequence[HeaderText]]]
)

_INTEGER = re.compile(r"[0-9]{1,15}")


def verify_webhook(
    raw_body: bytes | bytearray | memoryview,
    headers: Headers,
    public_key: str | None = None,
    now: float | None = None,
) -> WebhookEvent:
    """Check the signature of a webhook (docs/carrier.md, rule C45), and return its event.

    The checks run in the order of the errors below. Any thread may use it.

    Args:
        raw_body: the body as received; JSON that was parsed and written again has other octets.
        headers: a mapping, an object with `items()` or a list of pairs, such as a framework's or ASGI's. Names compare
            without regard to case; names and values are str or bytes, and a value may be a list of them.
        public_key: the account's public key in base64; None: that of TELNYX_PUBLIC_KEY.
        now: the time as Unix seconds; None: that of the system's clock.

    Returns:
        An event of the class for its type, `webhook_events.Unknown` for any other type.

    Raises:
        TypeError: `raw_body` is not octets, or `headers` is neither a mapping nor pairs.
        WebhookUnsigned: the signature or the timestamp is missing, or has another form.
        WebhookExpired: the timestamp is more than 300 s from `now`.
        WebhookKeyInvalid: the public key is not a key.
        WebhookForged: the signature is of another key, body or timestamp.
        WebhookMalformed: the carrier has signed it, but it is not an event.
        MissingExtra: cryptography is not installed.
    """
    octets = _octets(raw_body)
    pairs = list(_pairs(headers))
    signature_text, timestamp = _header(pairs, webhooks.SIGNATURE_HEADER), _header(pairs, webhooks.TIMESTAMP_HEADER)
    if not _INTEGER.fullmatch(timestamp):
        raise WebhookUnsigned(f"{webhooks.TIMESTAMP_HEADER} is not a whole number of seconds")
    distance_s = abs((time.time() if now is None else now) - int(timestamp))
    # `not <=` rather than `>`: a `now` that is NaN must not pass.
    if not distance_s <= webhooks.SIGNATURE_WINDOW_S:
        limit = f"at most {webhooks.SIGNATURE_WINDOW_S} are allowed"
        raise WebhookExpired(f"{webhooks.TIMESTAMP_HEADER} is {distance_s:.0f} s from now, {limit}")
    key = _base64(os.environ.get(webhooks.PUBLIC_KEY_VARIABLE, "") if public_key is None else public_key)
    if key is None or len(key) != webhooks.PUBLIC_KEY_OCTETS:
        rule = f"is not the base64 of {webhooks.PUBLIC_KEY_OCTETS} octets"
        raise WebhookKeyInvalid(f"public_key {rule}; give it or set {webhooks.PUBLIC_KEY_VARIABLE}")
    signature = _base64(signature_text)
    if signature is None or len(signature) != webhooks.SIGNATURE_OCTETS:
        raise WebhookUnsigned(f"{webhooks.SIGNATURE_HEADER} is not the base64 of {webhooks.SIGNATURE_OCTETS} octets")
    if not _verified(key, signature, timestamp.encode() + webhooks.SIGNED_SEPARATOR + octets):
        raise WebhookForged("the signature is of another key, body or timestamp")
    return read(octets)


class DuplicateFilter(Value):
    """Recognises repeated deliveries by the id of the event. Use it from one thread at a time.

    Args:
        max_ids: how many of the latest ids it remembers, at least 1.

    Raises:
        ValueError: `max_ids` is less than 1.

    >>> from rtpcodec import webhook_events
    >>> event = webhook_events.read(b'{"data":{"event_type":"call.hangup","id":"11111111"}}')
    >>> new = DuplicateFilter()
    >>> new.is_new(event), new.is_new(event)
    (True, False)
    """

    __slots__ = ("_max_ids", "_seen")

    def __init__(self, max_ids: int = MAX_REMEMBERED_IDS) -> None:
        """Make an empty filter."""
        if max_ids < 1:
            raise ValueError(f"max_ids is {max_ids}, must be 1 or greater")
        self._max_ids = max_ids
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def is_new(self, event: WebhookEvent) -> bool:
        """Return whether this is the first event with its id. An event without an id always counts as new."""
        if event.id is None:
            return True
        # A digest per id, so that long ids do not take more memory.
        key = hashlib.blake2b(event.id.encode(errors="surrogatepass"), digest_size=16).digest()
        is_new = key not in self._seen
        self._seen[key] = None
        self._seen.move_to_end(key)
        if len(self._seen) > self._max_ids:
            self._seen.popitem(last=False)
        return is_new

    def __len__(self) -> int:
        return len(self._seen)


def _verified(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 -- an extra, and costly to import
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra("verify_webhook", "cryptography", "client") from error
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _octets(raw_body: object) -> bytes:
    if not isinstance(raw_body, bytes | bytearray | memoryview):
        raise TypeError(f"raw_body is {type(raw_body).__name__}, the octets as received are needed")
    octets = bytes(raw_body)
    if len(octets) > MAX_BODY_OCTETS:
        raise WebhookUnsigned(f"the body has {len(octets)} octets, at most {MAX_BODY_OCTETS} are allowed")
    return octets


def _header(pairs: list[tuple[object, str]], name: str) -> str:
    """Return the one value of a header; with two it would be open which was signed."""
    values = [value for key, value in pairs if _text(key).lower() == name]
    if len(values) != 1:
        raise WebhookUnsigned(f"{name} is {'missing' if not values else f'there {len(values)} times'}")
    return values[0].strip(" \t")


def _pairs(headers: object) -> Iterator[tuple[object, str]]:
    """Yield each name with each of its values; None, which some frameworks use for a missing header, is not a value."""
    items = getattr(headers, "items", None)
    listed = items() if callable(items) else headers
    if isinstance(listed, str | bytes) or not isinstance(listed, Iterable):
        raise TypeError(f"headers is {type(headers).__name__}, a mapping or a list of pairs is needed")
    for pair in listed:
        if isinstance(pair, str | bytes) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise TypeError("headers has an item that is not a pair of name and value")
        key, value = pair
        for one in value if isinstance(value, list | tuple) else (value,):
            if one is not None:
                yield key, _text(one)


def _text(words: object) -> str:
    return words.decode("latin-1") if isinstance(words, bytes) else str(words)


def _base64(words: str) -> bytes | None:
    """Return the octets; None for a text that is not their one base64 form: a changed bit must not be lost."""
    try:
        octets = base64.b64decode(words, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if base64.b64encode(octets).decode() == words else None
