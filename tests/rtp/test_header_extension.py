"""Header extensions in both forms of RFC 8285: the worked examples and every rule."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.errors import PacketError
from rtpcodec.rtp.header_extension import header_extension, header_extension_elements
from tests.oracles import rtp as oracle


def test_the_example_of_the_two_byte_form() -> None:
    data = bytes.fromhex("010005030a0b0c00")
    assert header_extension([(1, b""), (5, b"\x0a\x0b\x0c")]) == (0x1000, data)
    assert header_extension_elements(0x1000, data) == ((1, b""), (5, b"\x0a\x0b\x0c"))
    assert header_extension_elements(0x100F, data) == ((1, b""), (5, b"\x0a\x0b\x0c"))


def test_the_example_of_the_one_byte_form() -> None:
    data = bytes.fromhex("109e320102030000")
    assert header_extension([(1, b"\x9e"), (3, b"\x01\x02\x03")]) == (0xBEDE, data)
    assert header_extension_elements(0xBEDE, data) == ((1, b"\x9e"), (3, b"\x01\x02\x03"))


def test_the_form_is_the_shortest_that_has_every_element() -> None:
    assert header_extension([(14, bytes(16))])[0] == 0xBEDE
    assert header_extension([(15, b"a")])[0] == header_extension([(1, bytes(17))])[0] == 0x1000
    assert header_extension([(1, b"a")], "two-byte") == (0x1000, b"\x01\x01a\x00")
    assert header_extension([]) == (0xBEDE, b"")


@pytest.mark.parametrize(
    ("elements", "form", "message"),
    [
        ((15, b"a"), "one-byte", "id of a one-byte element is 15, 1 to 14 are allowed"),
        ((1, b""), "one-byte", "one-byte element 1 has 0 octets, 1 to 16 are allowed"),
        ((0, b"a"), "shortest", "id of a two-byte element is 0, 1 to 255 are allowed"),
        ((1, bytes(256)), "two-byte", "two-byte element 1 has 256 octets, 0 to 255 are allowed"),
        ((1, b"a"), "three", "form is 'three', 'shortest', 'one-byte' and 'two-byte' are allowed"),
    ],
)
def test_ids_and_lengths_that_a_form_lacks_are_refused(elements: tuple[int, bytes], form: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        header_extension([elements], form)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("profile", "data", "elements"),
    [
        (0xBEDE, "10aa00001100bb00", ((1, b"\xaa"), (1, b"\x00\xbb"))),  # padding between elements
        (0xBEDE, "10aaf00110bb0000", ((1, b"\xaa"),)),  # id 15 ends it
        (0xBEDE, "10aa031110bb0000", ((1, b"\xaa"),)),  # id 0 with a length ends it
        (0x1000, "0f010a00", ((15, b"\x0a"),)),  # an ordinary id here
        (0x1010, "0f010a00", ()),
        (0xABAC, "10aa0000", ()),
        (0xBEDE, "", ()),
    ],
)
def test_padding_and_reserved_ids(profile: int, data: str, elements: tuple[tuple[int, bytes], ...]) -> None:
    assert header_extension_elements(profile, bytes.fromhex(data)) == elements


@pytest.mark.parametrize(
    ("profile", "data", "message"),
    [
        (0xBEDE, "10aa0033", "RTP header extension has 4 octets, its element 3 at octet 3 needs 8"),
        (0x1000, "00010311", "RTP header extension has 4 octets, its element 1 at octet 1 needs 6"),
        (0x1000, "00000001", "RTP header extension has 4 octets, its element 1 at octet 3 needs 5"),
    ],
)
def test_an_element_past_the_end_is_an_error(profile: int, data: str, message: str) -> None:
    with pytest.raises(PacketError) as caught:
        header_extension_elements(profile, bytes.fromhex(data))
    assert str(caught.value) == message


@given(st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=255)), max_size=6))
def test_elements_come_back(elements: list[tuple[int, bytes]]) -> None:
    profile, data = header_extension(elements)
    assert len(data) % 4 == 0
    assert header_extension_elements(profile, data) == tuple(elements) == tuple(oracle.elements(profile, data))
