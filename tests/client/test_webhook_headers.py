"""The headers of a webhook in all forms that frameworks use."""

from __future__ import annotations

import email.message
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict
from starlette.datastructures import Headers as StarletteHeaders

from rtpcodec.client import transport
from rtpcodec.client.webhook import verify_webhook
from rtpcodec.errors import WebhookError, WebhookUnsigned
from tests.client.test_webhook import BODY, EVENT, HEADERS, KEY, NOW

SIGNATURE, TIMESTAMP = "telnyx-signature-ed25519", "telnyx-timestamp"


class PairsAlone:
    """Like Werkzeug's headers: not a mapping, iterates over pairs."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(HEADERS.items())


class ItemsAlone:
    """An object that has only `items` of a mapping."""

    def items(self) -> list[tuple[str, str]]:
        return list(HEADERS.items())


def message() -> email.message.Message:
    """Return headers as `http.server` gives them."""
    made = email.message.Message()
    for name, value in HEADERS.items():
        made[name.title()] = value
    return made


FORMS: dict[str, Callable[[], Any]] = {
    "lists": lambda: {name: [value] for name, value in HEADERS.items()},
    "tuples": lambda: {name: (value,) for name, value in HEADERS.items()},
    "lists of bytes": lambda: {name.encode(): [value.encode()] for name, value in HEADERS.items()},
    "bytes": lambda: {name.encode(): value.encode() for name, value in HEADERS.items()},
    "upper case": lambda: {name.upper(): value for name, value in HEADERS.items()},
    "pairs with lists": lambda: [[name, [value]] for name, value in HEADERS.items()],
    "generator of pairs": lambda: (pair for pair in HEADERS.items()),
    "read-only mapping": lambda: MappingProxyType(HEADERS),
    "items of a mapping": HEADERS.items,
    "aiohttp": lambda: CIMultiDict(HEADERS),
    "starlette": lambda: StarletteHeaders(HEADERS),
    "httpx": lambda: transport.http_library("test").Headers(HEADERS),
    "http.server": message,
    "pairs alone": PairsAlone,
    "items alone": ItemsAlone,
    "others beside": lambda: {**HEADERS, "x": None, 1: 2, "y": [], b"\xff": [b"\xff", "z"], None: object()},
    "an empty second value": lambda: {**HEADERS, TIMESTAMP.upper(): []},
    "an integer": lambda: {**HEADERS, TIMESTAMP: NOW},
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_headers(name: str) -> None:
    assert verify_webhook(BODY, FORMS[name](), KEY, now=NOW) == EVENT


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({**HEADERS, TIMESTAMP: [str(NOW), str(NOW)]}, f"{TIMESTAMP} is there 2 times"),
        ({**HEADERS, TIMESTAMP.title(): str(NOW)}, f"{TIMESTAMP} is there 2 times"),
        ({**HEADERS, TIMESTAMP: []}, f"{TIMESTAMP} is missing"),
        ({**HEADERS, TIMESTAMP: None}, f"{TIMESTAMP} is missing"),
        ({**HEADERS, TIMESTAMP: [None]}, f"{TIMESTAMP} is missing"),
        ({**HEADERS, TIMESTAMP: [[str(NOW)]]}, f"{TIMESTAMP} is not a whole number"),
        ({**HEADERS, SIGNATURE: object()}, f"{SIGNATURE} is not the base64 of 64 octets"),
        ({}, "is missing"),
        ([], "is missing"),
    ],
)
def test_headers_that_do_not_hold_one_signature(headers: Any, fault: str) -> None:
    with pytest.raises(WebhookUnsigned, match=fault):
        verify_webhook(BODY, headers, KEY, now=NOW)


@pytest.mark.parametrize("headers", [None, 1, "telnyx-timestamp: 1", b"", object()])
def test_an_object_that_is_not_headers(headers: Any) -> None:
    with pytest.raises(TypeError, match="a mapping or a list of pairs is needed"):
        verify_webhook(BODY, headers, KEY, now=NOW)


@pytest.mark.parametrize("headers", [["ab"], [("a",)], [("a", "b", "c")], [1], [None], {1: 2}.keys()])
def test_items_that_are_not_pairs(headers: Any) -> None:
    with pytest.raises(TypeError, match="not a pair of name and value"):
        verify_webhook(BODY, headers, KEY, now=NOW)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=6,
)
NAMES = st.sampled_from([SIGNATURE, TIMESTAMP, SIGNATURE.encode(), TIMESTAMP.upper()]) | st.text() | st.binary()


@settings(deadline=None)
@given(st.dictionaries(NAMES, ANYTHING, max_size=4) | st.lists(st.tuples(NAMES, ANYTHING), max_size=4) | ANYTHING)
def test_any_headers_give_documented_errors(headers: Any) -> None:
    with pytest.raises((WebhookError, TypeError)):
        verify_webhook(BODY, headers, KEY, now=NOW)
