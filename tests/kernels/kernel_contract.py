"""Contract tests that every block kernel must pass, for each pair of a function and its *_into form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.kernels import buffers

Into = Callable[[Any, Any], int]


@dataclass(frozen=True)
class Kernel:
    """A kernel and its facts: the sizes of an input and an output item, and the input's name in errors."""

    function: Callable[[Any], bytes]
    into: Into
    source_name: str
    source_item_octets: int
    result_item_octets: int

    def __str__(self) -> str:
        return str(self.function.__name__)

    @property
    def takes_samples(self) -> bool:
        return self.source_item_octets == 2

    @property
    def wanted(self) -> str:
        return buffers.WANTED[self.source_item_octets]

    def source(self, items: int = 50) -> bytes:
        """Return octets without a special pattern."""
        return bytes((37 * at + 11) % 256 for at in range(items * self.source_item_octets))


def takes_every_buffer(kernel: Kernel) -> None:
    source = kernel.source()
    expected = kernel.function(source)
    for name, make in buffers.BY_ITEM[kernel.source_item_octets].items():
        assert kernel.function(make(source)) == expected, name
        room = bytearray(len(expected))
        assert kernel.into(make(source), room) == 50, name
        assert room == expected, name


def writes_into_every_buffer(kernel: Kernel) -> None:
    source = kernel.source()
    expected = kernel.function(source)
    for name, make in buffers.BY_ITEM[kernel.result_item_octets].items():
        room = memoryview(make(bytes(len(expected))))
        if not room.readonly:
            assert kernel.into(source, room) == 50, name
            assert room.tobytes() == expected, name


def leaves_the_rest_of_out_alone(kernel: Kernel) -> None:
    source = kernel.source()
    expected = kernel.function(source)
    room = bytearray(b"\xa5" * (len(expected) + 6))
    assert kernel.into(source, room) == 50
    assert room == expected + b"\xa5" * 6


def gives_nothing_for_nothing(kernel: Kernel) -> None:
    assert kernel.function(b"") == b""
    assert kernel.function(np.zeros(0, np.int16 if kernel.takes_samples else np.uint8)) == b""
    room = bytearray(b"\xa5" * 4)
    assert kernel.into(b"", room) == 0
    assert kernel.into(memoryview(room)[:0], room) == 0
    assert room == b"\xa5" * 4


def refuses_other_items(kernel: Kernel) -> None:
    for wrong, error, text in buffers.wrong_items(kernel.source_name, kernel.wanted):
        for call in (lambda wrong=wrong: kernel.function(wrong), lambda wrong=wrong: kernel.into(wrong, bytearray(99))):
            with pytest.raises(error) as caught:
                call()
            assert str(caught.value) == text
    if kernel.source_item_octets == 1:
        with pytest.raises(TypeError, match=r"^payload has items of format 'h', octets"):
            kernel.function(np.zeros(4, np.int16))


def refuses_what_is_no_contiguous_buffer(kernel: Kernel) -> None:
    for gapped in buffers.WITH_GAPS:
        with pytest.raises((BufferError, ValueError), match="contiguous"):
            kernel.function(gapped)
    for other in buffers.NO_BUFFERS:
        with pytest.raises(TypeError, match="bytes-like object is required"):
            kernel.function(other)
        with pytest.raises(TypeError, match="bytes-like object is required"):
            kernel.into(kernel.source(), other)


def refuses_half_a_sample(kernel: Kernel) -> None:
    for octets in (1, 3, 321):
        text = f"{kernel.source_name} has {octets} octets, 16-bit samples need an even number"
        for call in (
            lambda octets=octets: kernel.function(bytes(octets)),
            lambda octets=octets: kernel.into(bytes(octets), bytearray(999)),
        ):
            with pytest.raises(ValueError, match=f"^{text}$"):
                call()


def refuses_unfit_rooms(kernel: Kernel) -> None:
    source = kernel.source()
    needed = 50 * kernel.result_item_octets
    for room_octets in (0, 1, needed - 1):
        room = bytearray(b"\xa5" * room_octets)
        with pytest.raises(ValueError, match=f"^out has room for {room_octets} octets, the result needs {needed}$"):
            kernel.into(source, room)
        assert room == b"\xa5" * room_octets
    wanted = buffers.WANTED[kernel.result_item_octets]
    for wrong, error, text in buffers.wrong_items("out", wanted):
        with pytest.raises(error) as caught:
            kernel.into(source, wrong)
        assert str(caught.value) == text
    for locked in (bytes(999), memoryview(bytearray(999)).toreadonly(), np.frombuffer(bytes(998), np.uint8)):
        with pytest.raises((BufferError, ValueError), match=r"writable|read-only"):
            kernel.into(source, locked)


def refuses_out_over_its_source(kernel: Kernel) -> None:
    octets = 50 * kernel.source_item_octets
    needed = 50 * kernel.result_item_octets
    room = bytearray(kernel.source(400))
    before = bytes(room)
    view = memoryview(room)
    for source_at, out_at in ((200, 200), (200, 200 + octets - 1), (200, 200 - needed + 1), (200, 202)):
        with pytest.raises(ValueError, match=r"^out overlaps the source, the result would destroy its own input$"):
            kernel.into(view[source_at : source_at + octets], view[out_at:])
    assert room == before
    # Adjacent buffers do not overlap.
    expected = kernel.function(before[200 : 200 + octets])
    assert kernel.into(view[200 : 200 + octets], view[200 + octets :]) == 50
    assert room[200 + octets : 200 + octets + needed] == expected
    assert kernel.into(view[200 : 200 + octets], view[200 - needed : 200]) == 50
    assert room[200 - needed : 200] == expected


def gives_every_buffer_back(kernel: Kernel) -> None:
    """A bytearray can only be resized when it is not exported."""
    source, room = bytearray(kernel.source()), bytearray(999)
    kernel.function(source)
    kernel.into(source, room)
    for bad_source, bad_room in ((source, bytearray(1)), (source, source), (source, "text"), ("text", room)):
        with pytest.raises((TypeError, ValueError)):
            kernel.into(bad_source, bad_room)
    odd = bytearray(3)
    if kernel.takes_samples:
        with pytest.raises(ValueError, match="even number"):
            kernel.function(odd)
    for held in (source, room, odd):
        held.append(0)


CHECKS = [
    takes_every_buffer,
    writes_into_every_buffer,
    leaves_the_rest_of_out_alone,
    gives_nothing_for_nothing,
    refuses_other_items,
    refuses_what_is_no_contiguous_buffer,
    refuses_unfit_rooms,
    refuses_out_over_its_source,
    gives_every_buffer_back,
]
