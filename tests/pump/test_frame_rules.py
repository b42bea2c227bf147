"""The rules of RFC 6455 as functions: every close code, any payload, any spelling of the headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.pump.frame_rules import (
    BrokenFrame,
    close_code_of,
    request_fault,
    reserved_bits,
    response_fault,
    text_of,
)
from tests.pump.frames import BAD_UTF8, INVALID_CODES, VALID_CODES

REQUEST = [
    ("Host", "localhost"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
]
RESPONSE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Accept", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
]


def broken_by(payload: bytes) -> BrokenFrame | None:
    """Return the error of a close frame; None: it is valid."""
    try:
        close_code_of(payload)
    except BrokenFrame as broken:
        return broken
    return None


def test_every_close_code() -> None:
    errors = {code: broken_by(code.to_bytes(2)) for code in range(65536)}
    codes = [code for code, error in errors.items() if error is None]
    assert codes == [*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)]
    assert set(VALID_CODES) <= set(codes)
    assert set(INVALID_CODES).isdisjoint(codes)
    assert {error.code for error in errors.values() if error is not None} == {1002}
    assert all(str(code) in error.detail for code, error in errors.items() if error is not None)


@given(st.binary(max_size=125))
def test_any_payload_of_a_close_frame_has_a_code_or_breaks_a_rule(payload: bytes) -> None:
    broken = broken_by(payload)
    if broken is None:
        assert (close_code_of(payload) is None) is (payload == b"")
    else:
        assert broken.rule == "frame"
        assert broken.code in (1002, 1007)


@given(st.text(max_size=20), st.sampled_from(VALID_CODES))
def test_a_valid_reason_changes_nothing(reason: str, code: int) -> None:
    assert close_code_of(code.to_bytes(2) + reason.encode()) == code


def test_a_close_frame_of_one_octet() -> None:
    with pytest.raises(BrokenFrame, match=r"^frame: a close frame has 1 octet, a code needs 2$") as broken:
        close_code_of(b"\x03")
    assert broken.value.code == 1002


@pytest.mark.parametrize("octets", BAD_UTF8.values(), ids=BAD_UTF8.keys())
def test_octets_that_are_not_utf8(octets: bytes) -> None:
    with pytest.raises(BrokenFrame, match=r"^utf8: octet \d: ") as broken:
        text_of(octets)
    assert broken.value.code == 1007
    with pytest.raises(BrokenFrame, match=r"^frame: the reason of a close frame is not valid UTF-8: octet ") as broken:
        close_code_of(b"\x03\xe8" + octets)
    assert broken.value.code == 1007


@given(st.text())
def test_valid_text_is_unchanged(text: str) -> None:
    assert text_of(text.encode()) == text


@pytest.mark.parametrize(
    ("bits", "named"), [((1, 0, 0), "RSV1"), ((0, 1, 0), "RSV2"), ((0, 0, 1), "RSV3"), ((1, 0, 1), "RSV1, RSV3")]
)
def test_reserved_bits_are_named(bits: tuple[int, int, int], named: str) -> None:
    broken = reserved_bits(*bits)
    assert (broken.rule, broken.code) == ("frame", 1002)
    assert broken.detail == f"a frame has {named} set without an extension"


def test_headers_of_the_handshake() -> None:
    assert request_fault(REQUEST) is None
    assert request_fault([(name.upper(), value) for name, value in REQUEST]) is None
    for name, value in REQUEST:
        fault = request_fault([*REQUEST, (name.lower(), value)])
        assert fault == (None if name == "Connection" else (400, f"more than one {name} header"))
    assert request_fault(REQUEST[1:]) == (400, "no Host header")
    assert request_fault([*REQUEST[:3], ("sec-websocket-version", "8")]) == (426, "the WebSocket version must be 13")
    assert request_fault([("host", "localhost")]) is None, "a health check"


def test_headers_of_a_response() -> None:
    assert response_fault(RESPONSE) is None
    assert response_fault([*RESPONSE, RESPONSE[2]]) == "more than one Sec-WebSocket-Accept header"
    for name in ("Sec-WebSocket-Extensions", "sec-websocket-protocol"):
        fault = response_fault([*RESPONSE, (name, "x")])
        assert fault is not None
        assert fault.endswith(" was not offered")
