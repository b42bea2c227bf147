"""base64: equal to the standard library's strict decoder and to msgspec for every text."""

from __future__ import annotations

import contextlib
import mmap
import random
import subprocess
import sys
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtpcodec.kernels import base64
from tests.kernels import buffers
from tests.kernels.base64_texts import ALPHABET, compare, of_message, ours, standard


def test_20_000_texts_are_decoded_as_by_others() -> None:
    compare(20_000, 711)


def test_every_short_text_of_special_characters_is_decoded_as_by_others() -> None:
    for length in range(9):
        for characters in product(b"Af=-" if length < 7 else b"f=", repeat=length):
            text = bytes(characters)
            assert ours(text) == standard(text) == of_message(text), text


def test_every_octet_at_every_place_of_a_step() -> None:
    good = b64encode(bytes(range(100, 133)))
    for place in range(len(good)):
        for octet in range(256):
            text = bytearray(good)
            text[place] = octet
            assert (ours(text) is None) is (octet not in ALPHABET and (octet != ord("=") or place < len(good) - 1))
            assert ours(text) == standard(text)


def test_pad_bits_that_are_not_zero_are_ignored_as_others_ignore_them() -> None:
    for text, octets in ((b"QQ==", b"A"), (b"QR==", b"A"), (b"Qf==", b"A"), (b"QUI=", b"AB"), (b"QUL=", b"AB")):
        assert base64.decode(text) == a2b_base64(text, strict_mode=True) == of_message(text) == octets


def test_octets_of_every_length_there_and_back() -> None:
    generator = random.Random(713)
    for length in (*range(301), 1000, 70_000):
        octets = generator.randbytes(length)
        text = base64.encode(octets)
        assert text == b64encode(octets)
        assert base64.decode(text) == base64.decode(text.decode()) == octets


def test_every_pair_of_octets_is_encoded() -> None:
    every = np.arange(65536, dtype=">u2").tobytes()
    assert base64.encode(every) == b64encode(every)
    assert base64.encode(b"." + every) == b64encode(b"." + every)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("A", "text has 1 characters, base64 needs a multiple of 4"),
        ("AAAAAA", "text has 6 characters, base64 needs a multiple of 4"),
        ("AA=A", "position 2 is '=', but padding must end the text"),
        ("A===", "position 1 is '=', but one character beyond a multiple of 4 is not base64"),
        ("AAAA====", "position 4 is '=', 4 characters need 0 of them, not 4"),
        ("AAA==", "position 3 is '=', 3 characters need 1 of them, not 2"),
        ("=", "position 0 is '=', 0 characters need 0 of them, not 1"),
        ("AA A", "position 2 is ' ', base64 has A-Z, a-z, 0-9, '+', '/' and '=' at the end"),
        ("AAAA\n", "position 4 is '\\n', base64 has A-Z, a-z, 0-9, '+', '/' and '=' at the end"),
        ("A\N{SNOWMAN}AA", "position 1 is '\N{SNOWMAN}', base64 has A-Z, a-z, 0-9, '+', '/' and '=' at the end"),
        ("A\ud800AA", "position 1 is '\\ud800', base64 has A-Z, a-z, 0-9, '+', '/' and '=' at the end"),
        ("A" * 80 + "-" + "A" * 19, "position 80 is '-', base64 has A-Z, a-z, 0-9, '+', '/' and '=' at the end"),
    ],
)
def test_an_error_has_position_and_rule(text: str, rule: str) -> None:
    room = bytearray(200)
    calls: list[Callable[[], object]] = [lambda: base64.decode(text), lambda: base64.decode_into(text, room)]
    if text.isascii():
        calls += [lambda: base64.decode(text.encode()), lambda: base64.decode_into(memoryview(text.encode()), room)]
    for call in calls:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole text is compared)
            call()
        assert str(caught.value) == rule
    room.append(0)


def test_a_str_of_a_class_of_its_own_is_a_text() -> None:
    class Text(str):
        __slots__ = ()

    assert base64.decode(Text("QUI=")) == b"AB"
    assert ours(Text("QU\N{SNOWMAN}=")) is None


@pytest.mark.parametrize("maker", buffers.OCTETS)
def test_every_buffer_of_octets_is_accepted(maker: str) -> None:
    make = buffers.OCTETS[maker]
    octets = bytes(range(50))
    text = b64encode(octets)
    assert base64.encode(make(octets)) == text
    assert base64.decode(make(text)) == octets
    for function, source, result in (
        (base64.encode_into, octets, text),
        (base64.decode_into, text, octets),
    ):
        room = bytearray(len(result) + 3)
        assert function(make(source), room) == len(result)
        assert room == result + bytes(3)
        if not memoryview(make(b"")).readonly:
            other = memoryview(make(bytes(len(result))))
            assert function(source, other) == len(result)
            assert other.tobytes() == result


@pytest.mark.parametrize(("into", "name"), [(base64.encode_into, "octets"), (base64.decode_into, "text")])
def test_other_input_than_octets_is_refused(into: Callable[[Any, Any], int], name: str) -> None:
    fresh = base64.encode if into is base64.encode_into else base64.decode
    for wrong, error, rule in buffers.wrong_items(name, buffers.OCTETS_WANTED):
        for call in (lambda wrong=wrong: fresh(wrong), lambda wrong=wrong: into(wrong, bytearray(99))):
            with pytest.raises(error) as caught:
                call()
            assert str(caught.value) == rule
    for gapped in buffers.WITH_GAPS:
        with pytest.raises((BufferError, ValueError), match="contiguous"):
            fresh(gapped)
    for other in (5, None, [1, 2], 1.5):
        with pytest.raises(TypeError, match="bytes-like object is required"):
            fresh(other)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="bytes-like object is required"):
        base64.encode("text")  # type: ignore[arg-type]


@pytest.mark.parametrize(("into", "source"), [(base64.encode_into, b"AAAA"), (base64.decode_into, b"AAAA")])
def test_a_buffer_that_does_not_fit_is_refused(into: Callable[[Any, Any], int], source: bytes) -> None:
    needed = into(source, bytearray(99))
    with pytest.raises(ValueError, match=f"^out has room for {needed - 1} octets, the result needs {needed}$"):
        into(source, bytearray(needed - 1))
    with pytest.raises((BufferError, ValueError), match=r"writable|read-only"):
        into(source, bytes(99))
    room = bytearray(source * 5)
    with pytest.raises(ValueError, match=r"^out overlaps the source, the result would destroy its own input$"):
        into(memoryview(room)[:4], memoryview(room)[2:])
    room.append(0)
    assert into(b"", bytearray()) == 0


WRITER = """
import mmap, sys
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0) as text:
    while True:
        text[-2:] = b"AA"
        text[-2:] = b"=="
"""


def test_padding_that_another_process_changes_meanwhile_never_overruns_the_buffer(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b64encode(bytes(61)))
    guard = b"\xee" * 3
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as text:
        out = bytearray(61) + guard
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) as writer, memoryview(out)[:61] as octets:
            try:
                while text[-2:] == b"==":
                    assert writer.poll() is None
                for _ in range(50_000):
                    with contextlib.suppress(ValueError):  # the text has two octets more than `out`
                        base64.decode_into(text, octets)
            finally:
                writer.kill()
    assert out[61:] == guard
