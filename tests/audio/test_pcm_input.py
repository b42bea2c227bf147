"""PcmInput: every accepted kind of PCM, the documented rounding, odd octets, and refusals that change nothing."""

from __future__ import annotations

import ctypes
import math
import sys
from array import array
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.audio.pcm_input import PcmInput
from tests.kernels import buffers
from tests.oracles import mixing as oracle
from tests.traced_memory import peak_octets, traced

SAMPLES = [0, 1, -1, 12345, -32768, 32767, 256, -2]
PCM = array("h", SAMPLES).tobytes()
FLOATS = [sample / 32768 for sample in SAMPLES]
ALLOWED = "int16 ('h'), float32 ('f') or the octets of int16 ('B', 'b', 'c') are needed"
SHAPE = (
    "pcm has {} dimensions, mono audio has 1; mix channels down with rtpcodec.audio.channels.downmix, or reshape(-1) "
    "an array of one channel"
)
FOREIGN = ">" if sys.byteorder == "little" else "<"


def spaced(items: Any) -> Any:
    """Return the same items as every third one of a longer array."""
    return np.repeat(items, 3)[::3]


@pytest.mark.parametrize("kind", buffers.SAMPLES)
def test_every_kind_of_samples_and_octets_is_accepted(kind: str) -> None:
    assert PcmInput().accept(buffers.SAMPLES[kind](PCM)) == PCM


@pytest.mark.parametrize(
    "floats",
    [
        array("f", FLOATS),
        np.array(FLOATS, np.float32),
        memoryview(array("f", FLOATS)),
        memoryview(array("f", FLOATS).tobytes()).cast("f"),
        (ctypes.c_float * len(FLOATS))(*FLOATS),
        spaced(np.array(FLOATS, np.float32)),
        np.array(FLOATS[::-1], np.float32)[::-1],
    ],
    ids=["array", "numpy", "memoryview", "cast", "ctypes", "strided", "reversed"],
)
def test_every_kind_of_float32_is_accepted(floats: Any) -> None:
    assert PcmInput().accept(floats) == PCM


@pytest.mark.parametrize(
    "view",
    [
        spaced(np.array(SAMPLES, np.int16)),
        np.array(SAMPLES[::-1], np.int16)[::-1],
        memoryview(spaced(np.array(SAMPLES, np.int16))),
        np.stack([np.array(SAMPLES, np.int16)] * 2, axis=1)[:, 1],
        spaced(np.frombuffer(PCM, np.uint8)),
        memoryview(bytes(octet for pair in zip(PCM, PCM, strict=True) for octet in pair))[::2],
    ],
    ids=["every third", "reversed", "memoryview", "a column of stereo", "octets", "octets of a memoryview"],
)
def test_a_view_with_strides_is_copied_in_its_order(view: Any) -> None:
    assert PcmInput().accept(view) == PCM


def test_whole_bytes_pass_as_the_same_object() -> None:
    source = PcmInput()
    assert source.accept(PCM) is PCM
    assert source.accept(b"") == b""
    copied = source.accept(bytearray(PCM))
    assert type(copied) is bytes


def test_a_result_does_not_change_with_its_source() -> None:
    source = bytearray(PCM)
    taken = PcmInput().accept(source)
    source[0] = 99
    assert taken == PCM


@pytest.mark.parametrize(
    ("value", "sample"),
    [
        (1.0, 32767),
        (-1.0, -32768),
        (32767.5 / 32768, 32767),
        (0.5 / 32768, 0),
        (1.5 / 32768, 2),
        (2.5 / 32768, 2),
        (-0.5 / 32768, 0),
        (-1.5 / 32768, -2),
        (3e38, 32767),
        (-3e38, -32768),
        (math.inf, 32767),
        (-math.inf, -32768),
        (1e-45, 0),
    ],
)
def test_float32_is_rounded_halves_to_even_and_clipped(value: float, sample: int) -> None:
    assert PcmInput().accept(array("f", [value])) == array("h", [sample]).tobytes()


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=12), st.sampled_from(sorted(buffers.OCTETS)))
def test_octets_give_the_same_samples_however_they_are_cut(octets: bytes, cuts: list[int], kind: str) -> None:
    source = PcmInput()
    places = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    pieces = [octets[start:end] for start, end in pairwise(places)]
    accepted = []
    for piece, end in zip(pieces, places[1:], strict=True):
        accepted.append(source.accept(buffers.OCTETS[kind](piece)))
        assert source.carried == bool(end % 2)
        assert not len(accepted[-1]) % 2
    assert b"".join(accepted) == octets[: len(octets) // 2 * 2]


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_float32_equals_the_definition(values: list[float]) -> None:
    expected = array("h", map(oracle.int16_of_float, values)).tobytes()
    assert PcmInput().accept(array("f", values)) == expected
    assert PcmInput().accept(spaced(np.array(values, np.float32))) == expected


def test_a_waiting_octet_is_dropped_by_clear() -> None:
    source = PcmInput()
    assert source.accept(b"\x01\x02\x03") == b"\x01\x02"
    source.clear()
    assert not source.carried
    assert source.accept(b"\x04\x05") == b"\x04\x05"


@pytest.mark.parametrize("whole", [array("h", SAMPLES), array("f", FLOATS)], ids=["int16", "float32"])
def test_a_waiting_octet_is_dropped_by_whole_samples(whole: Any) -> None:
    source = PcmInput()
    assert source.accept(b"\x01") == b""
    assert source.accept(whole) == PCM
    assert not source.carried
    assert source.accept(b"\x04\x05") == b"\x04\x05"


@pytest.mark.parametrize("empty", [b"", bytearray(), array("h"), array("f"), np.zeros(0, np.float32), memoryview(b"")])
def test_an_empty_piece_changes_nothing(empty: Any) -> None:
    source = PcmInput()
    assert source.accept(empty) == b""
    source.accept(b"\x01")
    assert source.accept(empty) == b""
    assert source.accept(b"\x02") == b"\x01\x02"


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (np.zeros(4), TypeError, f"pcm has items of format 'd' (float64, pass numpy.float32), {ALLOWED}"),
    (array("d", [0.5]), TypeError, f"pcm has items of format 'd' (float64, pass numpy.float32), {ALLOWED}"),
    (np.zeros(4, np.float16), TypeError, f"pcm has items of format 'e' (float16, pass numpy.float32), {ALLOWED}"),
    (
        np.zeros(4, np.int32),
        TypeError,
        f"pcm has items of format 'i' (32-bit integers, scale them to numpy.int16), {ALLOWED}",
    ),
    (
        np.zeros(4, np.uint16),
        TypeError,
        f"pcm has items of format 'H' (unsigned, subtract 32768 and pass numpy.int16), {ALLOWED}",
    ),
    (np.zeros(4, bool), TypeError, f"pcm has items of format '?', {ALLOWED}"),
    (np.zeros(4, np.complex64), TypeError, f"pcm has items of format 'Zf', {ALLOWED}"),
    *(
        (
            np.zeros(4, f"{FOREIGN}{item}"),
            TypeError,
            f"pcm has items of format '{FOREIGN}{shown}' (another byte order, swap the octets), {ALLOWED}",
        )
        for item, shown in (("i2", "h"), ("f4", "f"))
    ),
    *(
        (
            np.zeros(shape, np.int16),
            ValueError,
            SHAPE.format(len(shape)),
        )
        for shape in ((160, 2), (2, 160), (1, 160), (), (0, 2))
    ),
    *(
        (
            thing,
            TypeError,
            f"pcm is of type {name}, a buffer is needed (bytes, array, memoryview, numpy.ndarray): {ALLOWED}",
        )
        for thing, name in (("text", "str"), ([1, 2], "list"), (None, "NoneType"), (5, "int"))
    ),
    (array("f", [0.0, math.nan]), ValueError, "pcm is NaN at sample 1, a number is needed"),
    (
        np.array([0.0] * 700 + [math.nan, math.nan], np.float32)[::-1],
        ValueError,
        "pcm is NaN at sample 0, a number is needed",
    ),
    (
        np.array([0.0] * 39 + [math.nan] + [0.0] * 20000, np.float32),
        ValueError,
        "pcm is NaN at sample 39, a number is needed",
    ),
]


@pytest.mark.parametrize(("wrong", "error", "text"), REFUSED)
def test_other_things_are_refused_and_nothing_is_accepted(wrong: Any, error: type[Exception], text: str) -> None:
    source = PcmInput()
    source.accept(b"\x01")
    with pytest.raises(error) as caught:
        source.accept(wrong)
    assert str(caught.value) == text
    assert source.accept(b"\x02") == b"\x01\x02"


def test_errors_name_the_pcm_as_the_caller_does() -> None:
    with pytest.raises(ValueError, match=r"^speech is NaN at sample 0, a number is needed$"):
        PcmInput("speech").accept(array("f", [math.nan]))
    assert repr(PcmInput("speech")) == "PcmInput(name='speech', carried=False)"


def test_every_buffer_is_released() -> None:
    """A bytearray can only be resized when it is not exported."""
    source, held = PcmInput(), bytearray(b"\x01\x02\x03")
    source.accept(held)
    held.append(0)
    floats = array("f", [0.0, math.nan])
    with pytest.raises(ValueError, match="NaN"):
        source.accept(floats)
    floats.append(0)
    doubles = array("d", [0.5])
    with pytest.raises(TypeError, match="float64"):
        source.accept(doubles)
    doubles.append(0)


def test_whole_bytes_cost_no_allocation() -> None:
    source = PcmInput()
    with traced():
        assert peak_octets(source.accept, PCM) == 0
        floats = array("f", FLOATS)
        assert peak_octets(source.accept, floats) == sys.getsizeof(PCM)
