"""Webhooks: the test vector verifies, and any change to it does not."""

from __future__ import annotations

import base64
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

import rtpcodec
from rtpcodec import webhook_events
from rtpcodec.client.webhook import MAX_BODY_OCTETS, DuplicateFilter, verify_webhook
from rtpcodec.client.webhook_events import StreamingStarted, Unknown
from rtpcodec.errors import (
    MissingExtra,
    RtpcodecError,
    WebhookError,
    WebhookExpired,
    WebhookForged,
    WebhookKeyInvalid,
    WebhookMalformed,
    WebhookUnsigned,
)

# A vector on which two other libraries agree (docs/simulator.md, "Rules of both sides").
BODY = (
    b'{"data":{"event_type":"streaming.started","id":"11111111-2222-4333-8444-555555555555",'
    b'"occurred_at":"2023-11-14T22:13:20.000000Z","payload":{"call_control_id":"v3:example",'
    b'"stream_url":"wss://media.example.com/ws"},"record_type":"event"},'
    b'"meta":{"attempt":1,"delivered_to":"https://hooks.example.com/telnyx"}}'
)
KEY = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
SIGNATURE = "QORjyRQ0cMXjrIJftQQCoDCC/wnM9TuGxF/QI1sOoxb80a9Vxl1cAo+4cgWqYeoUQjYWNUO5aFoPuWypqhDgBg=="
NOW = 1700000000
EVENT = webhook_events.read(BODY)
HEADERS = {"telnyx-signature-ed25519": SIGNATURE, "telnyx-timestamp": str(NOW)}


def check(body: Any = BODY, signature: str = SIGNATURE, timestamp: str = str(NOW), key: str = KEY) -> object:
    headers = {"telnyx-signature-ed25519": signature, "telnyx-timestamp": timestamp}
    return verify_webhook(body, headers, key, now=NOW)


def signed(body: bytes, timestamp: int = NOW) -> dict[str, str]:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    signature = base64.b64encode(private.sign(b"%d|" % timestamp + body)).decode()
    return {"telnyx-signature-ed25519": signature, "telnyx-timestamp": str(timestamp)}


def test_the_test_vector_verifies() -> None:
    event = rtpcodec.verify_webhook(BODY, HEADERS, KEY, now=NOW)
    assert isinstance(event, StreamingStarted)
    assert (event.id, event.attempt, event.call_control_id, event.stream_url) == (
        "11111111-2222-4333-8444-555555555555",
        1,
        "v3:example",
        "wss://media.example.com/ws",
    )
    assert len(BODY) == 309
    for octets in (bytearray(BODY), memoryview(BODY)):
        assert verify_webhook(octets, HEADERS, KEY, now=NOW) == event


def flips(octets: bytes) -> list[bytes]:
    """Return every octet string that differs in one bit."""
    return [
        octets[:at] + bytes([octets[at] ^ 1 << bit]) + octets[at + 1 :] for at in range(len(octets)) for bit in range(8)
    ]


def test_every_single_bit_of_the_body_counts() -> None:
    for changed in flips(BODY):
        with pytest.raises(WebhookForged, match="the signature is of another key, body or timestamp"):
            check(body=changed)


@pytest.mark.parametrize("field", ["signature", "timestamp", "key"])
def test_every_single_bit_of_a_text_counts(field: str) -> None:
    words = {"signature": SIGNATURE, "timestamp": str(NOW), "key": KEY}[field]
    for changed in flips(words.encode()):
        with pytest.raises(WebhookError):
            check(**{field: changed.decode("latin-1")})


@pytest.mark.parametrize("field", ["signature", "key"])
def test_every_single_bit_of_the_octets_behind_a_text_counts(field: str) -> None:
    octets = base64.b64decode({"signature": SIGNATURE, "key": KEY}[field])
    for changed in flips(octets):
        with pytest.raises(WebhookForged):
            check(**{field: base64.b64encode(changed).decode()})


def test_a_timestamp_that_was_changed_within_the_window_is_forged() -> None:
    for timestamp in ("1700000001", "1699999999", "01700000000"):
        with pytest.raises(WebhookForged):
            check(timestamp=timestamp)


@pytest.mark.parametrize("now", [NOW - 300, NOW + 300, NOW + 299.999])
def test_the_window_includes_its_edges(now: float) -> None:
    assert verify_webhook(BODY, HEADERS, KEY, now=now) == EVENT


@pytest.mark.parametrize("now", [NOW - 301, NOW + 301, NOW + 300.001, 0, 1e12, float("nan"), float("inf")])
def test_nothing_beyond_the_window(now: float) -> None:
    with pytest.raises(WebhookExpired, match=r"telnyx-timestamp is .* s from now, at most 300 are allowed"):
        verify_webhook(BODY, HEADERS, KEY, now=now)


def test_without_now_the_clock_holds_and_without_a_key_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WebhookExpired):
        verify_webhook(BODY, HEADERS, KEY)
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", KEY)
    assert verify_webhook(BODY, HEADERS, now=NOW) == EVENT
    monkeypatch.delenv("TELNYX_PUBLIC_KEY")
    with pytest.raises(WebhookKeyInvalid, match="give it or set TELNYX_PUBLIC_KEY"):
        verify_webhook(BODY, HEADERS, now=NOW)


@pytest.mark.parametrize("case", [str.upper, str.title, str.lower])
@pytest.mark.parametrize(
    "form",
    [
        dict,
        lambda headers: list(headers.items()),
        lambda headers: [(name.encode(), value.encode()) for name, value in headers.items()],
        lambda headers: [("host", "h"), *headers.items(), ("host", "i")],
    ],
)
def test_header_case_and_form(case: Callable[[str], str], form: Callable[[dict[str, str]], Any]) -> None:
    assert verify_webhook(BODY, form({case(name): value for name, value in HEADERS.items()}), KEY, now=NOW) == EVENT


@pytest.mark.parametrize("name", list(HEADERS))
def test_headers_that_are_missing_or_there_twice(name: str) -> None:
    with pytest.raises(WebhookUnsigned, match=f"^{name} is missing$"):
        verify_webhook(BODY, {key: value for key, value in HEADERS.items() if key != name}, KEY, now=NOW)
    with pytest.raises(WebhookUnsigned, match=f"^{name} is there 2 times$"):
        verify_webhook(BODY, [*HEADERS.items(), (name.title(), HEADERS[name])], KEY, now=NOW)


@pytest.mark.parametrize(
    "timestamp", ["", "x", "-1", "+1700000000", "1700000000.0", "1_700_000_000", "\u0661\u0667", "9" * 16]
)
def test_wrong_timestamps_are_refused(timestamp: str) -> None:
    with pytest.raises(WebhookUnsigned, match="telnyx-timestamp is not a whole number of seconds"):
        check(timestamp=timestamp)


@pytest.mark.parametrize("key", ["", "AAAA", KEY[:-1], KEY + KEY, KEY.replace("/", "_"), f" {KEY}", "ключ"])
def test_wrong_keys_are_refused(key: str) -> None:
    with pytest.raises(WebhookKeyInvalid, match="public_key is not the base64 of 32 octets"):
        check(key=key)


@pytest.mark.parametrize("signature", ["", "AAAA", SIGNATURE[:-1], SIGNATURE + SIGNATURE, "ü" * 88])
def test_wrong_signatures_are_refused(signature: str) -> None:
    with pytest.raises(WebhookUnsigned, match="telnyx-signature-ed25519 is not the base64 of 64 octets"):
        check(signature=signature)


def test_the_order_of_checks() -> None:
    """The error of an earlier check is raised before those of later checks."""
    late = {"telnyx-signature-ed25519": "x", "telnyx-timestamp": "1"}
    with pytest.raises(WebhookExpired):
        verify_webhook(b"x", late, "x", now=NOW)
    with pytest.raises(WebhookKeyInvalid):
        verify_webhook(b"x", {**late, "telnyx-timestamp": str(NOW)}, "x", now=NOW)
    with pytest.raises(WebhookUnsigned, match="64 octets"):
        verify_webhook(b"x", {**late, "telnyx-timestamp": str(NOW)}, KEY, now=NOW)
    with pytest.raises(WebhookForged):
        verify_webhook(b"x", HEADERS, KEY, now=NOW)


@pytest.mark.parametrize("body", ["text", {"data": 1}, None])
def test_a_body_that_is_not_octets_is_refused(body: Any) -> None:
    with pytest.raises(TypeError, match=f"^raw_body is {type(body).__name__}, the octets as received are needed$"):
        check(body=body)


def test_a_body_beyond_the_limit() -> None:
    with pytest.raises(WebhookUnsigned, match="the body has 1048577 octets, at most 1048576 are allowed"):
        check(body=bytes(MAX_BODY_OCTETS + 1))


def test_a_missing_library_refuses_every_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(MissingExtra, match=r"verify_webhook needs cryptography: pip install 'rtpcodec\[client\]'"):
        check()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"data":[]}', b'{"data":{"event_type":1}}', b"\xff", b"[" * 9999]
)
def test_a_signed_body_that_is_not_an_event(body: bytes) -> None:
    with pytest.raises(WebhookMalformed):
        verify_webhook(body, signed(body), KEY, now=NOW)


def test_a_thousand_mutated_bodies_are_refused() -> None:
    rng = random.Random(6)
    for _ in range(1000):
        body = bytearray(BODY)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(body))
            match rng.randrange(4):
                case 0:
                    del body[at]
                case 1:
                    body.insert(at, rng.randrange(256))
                case 2:
                    body[at:at] = body[at : at + rng.randint(1, 20)]
                case _:
                    body[at] ^= rng.randint(1, 255)
        if body != BODY:
            with pytest.raises(WebhookForged):
                check(body=bytes(body))


@given(st.binary(max_size=80) | st.text('{}[]",:0e-ntrs data event_type', max_size=60).map(str.encode))
def test_no_signed_body_raises_anything_undocumented(body: bytes) -> None:
    try:
        event = verify_webhook(body, signed(body), KEY, now=NOW)
    except WebhookMalformed:
        return
    assert isinstance(event.event_type, str)


def test_no_error_shows_the_body_or_the_key() -> None:
    for wrong in ({"body": b'{"secret":1}'}, {"signature": "secret"}, {"timestamp": "secret"}, {"key": "secret"}):
        with pytest.raises(WebhookError) as caught:
            check(**wrong)
        assert "secret" not in str(caught.value)
        assert isinstance(caught.value, RtpcodecError)
        assert isinstance(caught.value, ValueError)


def test_a_duplicate_is_recognised() -> None:
    new = DuplicateFilter()
    assert [new.is_new(Unknown(event_type="t", id=name)) for name in ("a", "b", "a", "b", "c")] == [
        True, True, False, False, True
    ]  # fmt: skip
    assert [new.is_new(Unknown(event_type="t")) for _ in range(2)] == [True, True]
    assert len(new) == 3


def test_the_filter_drops_the_oldest() -> None:
    new = DuplicateFilter(max_ids=2)
    asked = [new.is_new(Unknown(event_type="t", id=name)) for name in ("a", "b", "a", "c", "a", "b")]
    assert asked == [True, True, False, True, False, True]
    for number in range(100):
        new.is_new(Unknown(event_type="t", id="x" * 100_000 + str(number)))
    assert len(new) == 2
    with pytest.raises(ValueError, match="max_ids is 0, must be 1 or greater"):
        DuplicateFilter(max_ids=0)
