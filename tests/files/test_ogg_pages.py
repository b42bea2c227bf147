"""Ogg pages: the checksum against the standard's definition, pages found in any stream of octets, pages written."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.files.formats.file_notes import FileNotes
from rtpcodec.files.formats.ogg_pages import (
    BEGINS,
    ENDS,
    MAX_PAGE_OCTETS,
    READ_OCTETS,
    PageWriter,
    checksum,
    page_octets,
    read_pages,
)
from tests.files.ogg_files import Pipe, peak_of
from tests.oracles import ogg as oracle

PACKETS = st.lists(st.binary(max_size=600), min_size=1, max_size=8)


def found(octets: bytes, most: int = 1000) -> tuple[list[oracle.Page], tuple[str, ...]]:
    notes = FileNotes()
    pages = [
        oracle.Page(page.flags, page.position, page.serial, page.sequence, list(page.segments), page.body)
        for page in read_pages(Pipe(octets, most), notes)
    ]
    return pages, notes.texts()


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_the_standard(octets: bytes) -> None:
    assert checksum(octets) == oracle.crc(octets)


def test_the_checksum_of_a_known_page() -> None:
    """0x89A1897F is the CRC-32 of 123456789 with this polynomial, not mirrored and nothing inverted."""
    assert checksum(b"123456789") == 0x89A1897F


@given(PACKETS, st.integers(-1, 2**63 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 7))
def test_a_page_is_written_as_the_standard_says(
    packets: list[bytes], position: int, serial: int, sequence: int, flags: int
) -> None:
    ours = page_octets(packets, flags=flags, position=position, serial=serial, sequence=sequence)
    theirs = oracle.page_of(packets, flags=flags, position=position, serial=serial, sequence=sequence)
    assert ours == theirs.octets()
    assert found(ours) == ([theirs], ())


@settings(max_examples=50)
@given(st.lists(PACKETS, max_size=4), st.integers(1, 400), st.binary(max_size=50), st.data())
def test_pages_are_found_between_other_octets(
    groups: list[list[bytes]], most: int, other: bytes, data: st.DataObject
) -> None:
    pages = [oracle.page_of(packets, sequence=number) for number, packets in enumerate(groups)]
    place = data.draw(st.integers(0, len(pages)))
    octets = oracle.joined(pages[:place]) + other + oracle.joined(pages[place:])
    assert found(octets, most)[0] == pages
    assert found(oracle.joined(pages), most) == (pages, ())


def test_a_page_inside_the_claimed_octets_of_a_broken_one_is_found() -> None:
    inner = [oracle.page_of([b"inside"], sequence=number) for number in range(3)]
    claims = oracle.Page(0, 0, 7, 0, [255] * 255, oracle.joined(inner), checksum=1)
    assert found(claims.octets()) == (
        inner,
        ("octets that are not a page, or a page with a wrong checksum, at octet 0",),
    )
    assert found(claims.octets() + bytes(70_000))[0] == inner


def test_the_writer_numbers_pages_and_marks_the_first_and_the_last() -> None:
    file = io.BytesIO()
    pages = PageWriter(file, 5)
    pages.add(b"first", 0)
    pages.flush()
    pages.add(bytes(600), 10)
    pages.add(b"", 20)
    assert pages.packets == 2
    pages.flush(ends=True, position=15)
    assert oracle.pages_of(file.getvalue()) == [
        oracle.Page(BEGINS, 0, 5, 0, [5], b"first"),
        oracle.Page(ENDS, 15, 5, 1, [255, 255, 90, 0], bytes(600)),
    ]


def test_a_page_that_is_full_is_written_before_the_next_packet() -> None:
    file = io.BytesIO()
    pages = PageWriter(file, 5)
    for number in range(100):
        pages.add(bytes(700), number)
    pages.flush()
    written = oracle.pages_of(file.getvalue())
    assert [len(page.segments) for page in written] == [255, 45]
    assert [page.position for page in written] == [84, 99]
    assert oracle.packets_of(written) == [bytes(700)] * 100


@pytest.mark.parametrize("content", ["pages", "zeros", "patterns"])
def test_memory_does_not_grow_with_the_file(content: str) -> None:
    page = page_octets([bytes(700)] * 85, flags=0, position=0, serial=0, sequence=0)
    octets = {"pages": page, "zeros": bytes(100_000), "patterns": b"OggS\0" * 2000}[content]

    class Endless:
        """Returns the same octets a number of times."""

        def __init__(self, times: int) -> None:
            self.left = times

        def read(self, octets_: int, /) -> bytes:
            self.left -= 1
            return octets if self.left >= 0 else b""

    def walk(times: int) -> None:
        for _ in read_pages(Endless(times), FileNotes()):
            pass

    short, long = peak_of(walk, 4), peak_of(walk, 40)
    # A buffer that is cut at its front keeps its room for a while.
    most = 3 * (MAX_PAGE_OCTETS + READ_OCTETS) + 4 * len(octets)
    assert long < most
    assert long < short + len(octets)
