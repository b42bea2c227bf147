"""Texts around the base64 of a payload or of PCM: equal to the concatenated parts."""

from __future__ import annotations

import pickle
import random
import sys
from base64 import b64encode
from typing import Any

import numpy as np
import pytest

from rtpcodec.kernels import g711, pcm
from rtpcodec.kernels.media_text import MediaText
from tests.kernels import buffers
from tests.traced_memory import peak_octets, traced

HEAD, TAIL = '{"event":"media","media":{"payload":"', '"}}'
NATIVE, FOREIGN = ("l16_little", "l16_big") if sys.byteorder == "little" else ("l16_big", "l16_little")
PAYLOAD_OF = {"pcmu": g711.pcmu_encode, "pcma": g711.pcma_encode, NATIVE: bytes, FOREIGN: pcm.swap_bytes}
LENGTHS = (*range(100), 160, 320, 480, 958, 959, 960, 961, 962, 1919, 1920, 1921, 2880, 10_000)
"""Lengths in samples, around the size of the pieces in which PCM is encoded."""
codings = pytest.mark.parametrize("coding", PAYLOAD_OF)


def expected(payload: bytes) -> str:
    """Return the text by concatenation of its parts."""
    return f"{HEAD}{b64encode(payload).decode()}{TAIL}"


def test_payloads_of_every_length() -> None:
    text = MediaText(HEAD, TAIL)
    generator = random.Random(714)
    for length in LENGTHS:
        payload = generator.randbytes(length)
        found = text.of_payload(payload)
        assert found == expected(payload)
        # Comparison and hash of a str depend on its kind as well as on its characters.
        assert {found: 1}[expected(payload)] == 1
        assert found.isascii()


@codings
def test_pcm_of_every_length(coding: Any) -> None:
    text = MediaText(HEAD, TAIL, coding)
    generator = random.Random(715)
    for length in LENGTHS:
        samples = generator.randbytes(2 * length)
        assert text.of_pcm(samples) == expected(PAYLOAD_OF[coding](samples)), length


def test_the_order_of_octets_is_named() -> None:
    samples = np.array([1, -2], np.int16).tobytes()
    assert MediaText("", "", "l16_little").of_pcm(samples) == b64encode(b"\x01\x00\xfe\xff").decode()
    assert MediaText("", "", "l16_big").of_pcm(samples) == b64encode(b"\x00\x01\xff\xfe").decode()


def test_head_and_tail_may_be_empty() -> None:
    assert MediaText("", "").of_payload(b"") == ""
    assert MediaText("", "").of_payload(b"\xff") == "/w=="
    assert MediaText("h", "").of_payload(b"") == "h"
    assert MediaText("", "t").of_payload(b"abc") == "YWJjt"


@codings
def test_every_buffer_is_accepted_and_released(coding: Any) -> None:
    octets = bytes(range(50)) * 2
    text = MediaText(HEAD, TAIL, coding)
    for make in buffers.OCTETS.values():
        assert text.of_payload(make(octets)) == expected(octets)
    for make in buffers.SAMPLES.values():
        assert text.of_pcm(make(octets)) == expected(PAYLOAD_OF[coding](octets))
    held = bytearray(octets)
    text.of_payload(held)
    text.of_pcm(held)
    held.append(0)
    with pytest.raises(ValueError, match=r"^pcm has 101 octets, 16-bit samples need an even number$"):
        text.of_pcm(held)
    held.append(0)


def test_other_input_than_payload_or_pcm_is_refused() -> None:
    text = MediaText(HEAD, TAIL, "pcmu")
    for wrong, error, rule in buffers.wrong_items("payload", buffers.OCTETS_WANTED):
        with pytest.raises(error) as caught:
            text.of_payload(wrong)
        assert str(caught.value) == rule
    for wrong, error, rule in buffers.wrong_items("pcm", buffers.SAMPLES_WANTED):
        with pytest.raises(error) as caught:
            text.of_pcm(wrong)
        assert str(caught.value) == rule
    for other in buffers.NO_BUFFERS:
        for call in (text.of_payload, text.of_pcm):
            with pytest.raises(TypeError, match="bytes-like object is required"):
                call(other)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        text.of_pcm(bytes(3))


def test_without_a_coding_there_are_payloads_only() -> None:
    text = MediaText(HEAD, TAIL)
    for samples in (bytes(4), bytearray(4), b""):
        with pytest.raises(ValueError, match=r"^coding is None, so there are payloads only and PCM is not encoded$"):
            text.of_pcm(samples)


def test_the_parts_are_checked() -> None:
    made: Any = MediaText
    with pytest.raises(ValueError, match=r"^head is 'h\N{SNOWMAN}', ASCII is needed$"):
        made("h\N{SNOWMAN}", "")
    with pytest.raises(ValueError, match=r"^tail is '\xe9', ASCII is needed$"):
        made("", "\xe9")
    wanted = "'pcmu', 'pcma', 'l16_little', 'l16_big' or None is needed"
    with pytest.raises(ValueError, match=f"^coding is 'opus', {wanted}$"):
        made("", "", "opus")
    for wrong in ((None, ""), ("", None), (b"", ""), ("", "", 5), ("",), ()):
        with pytest.raises(TypeError):
            made(*wrong)


def test_it_cannot_be_changed() -> None:
    text: Any = MediaText(HEAD, TAIL, "pcma")
    for name in ("head", "tail", "coding", "other"):
        with pytest.raises(AttributeError):
            setattr(text, name, "x")
    text.__init__("other", "parts", "pcmu")
    assert (text.head, text.tail, text.coding) == (HEAD, TAIL, "pcma")
    assert repr(text) == f"MediaText({HEAD!r}, {TAIL!r}, 'pcma')"
    assert text.of_pcm(bytes(2)) == expected(b"\xd5")
    with pytest.raises(TypeError):
        type("Other", (MediaText,), {})
    with pytest.raises(TypeError):
        pickle.dumps(text)


@codings
def test_the_text_is_all_that_is_allocated(coding: Any) -> None:
    text = MediaText(HEAD, TAIL, coding)
    samples = bytes(range(200)) * 20
    with traced():
        for source in (samples, bytearray(samples)):
            for call in (text.of_pcm, text.of_payload):
                assert peak_octets(call, source) == sys.getsizeof(call(source))
