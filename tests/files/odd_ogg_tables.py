"""Odd Ogg Opus files by name: their construction and the expected result."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from tests.files.odd_ogg import (
    begin_lost,
    behind_the_end,
    claiming_more,
    continued,
    early,
    end_at,
    end_on_an_empty_page,
    head_changed,
    headers_together,
    jumping_once,
    link_of_another_codec,
    live,
    long_tags,
    mapped,
    no_positions,
    numbers_that_wrap,
    octets_between,
    packet_replaced,
    repeated_page,
    rounded_positions,
    same_numbers,
    side_by_side,
    swapped_pages,
    two_opus,
    with_page,
    without_page,
    without_tags,
)
from tests.files.ogg_files import FRAME, paged
from tests.oracles.ogg import joined, page_of

READ_AS_FFMPEG: Final[dict[str, tuple[Callable[[], bytes], tuple[str, ...]]]] = {
    "a plain file": (lambda: joined(paged()), ()),
    "stereo": (lambda: joined(paged(1.0, 2)), ()),
    "a packet over two pages": (lambda: joined(continued()), ()),
    "a comment header over two pages": (long_tags, ()),
    "the end within the last packet": (lambda: end_at(50 * FRAME + 300), ()),
    "the end three packets before the last": (lambda: end_at(48 * FRAME + 1), ()),
    "the end before the last page": (lambda: end_at(40 * FRAME), ()),
    "the end at 0": (lambda: end_at(0), ()),
    "the end beyond the last packet": (
        lambda: end_at(100 * FRAME),
        ("the last granule position is beyond the last packet, at octet 3419",),
    ),
    "one page that ends": (lambda: end_at(4 * FRAME + 7, seconds=0.09), ()),
    "a recording that begins within a stream": (live, ()),
    "positions too small at the beginning": (
        early,
        ("the first granule position is less than its packets need, at octet 99",),
    ),
    "rounded positions": (rounded_positions, ()),
    "a position that jumps and comes back": (
        jumping_once,
        (
            "a granule position jumps by more than 60 s, not filled, at octet 1095",
            "a granule position is less than its packets need, at octet 1427",
        ),
    ),
    "no pre-skip": (lambda: head_changed(10, b"\0\0"), ()),
    "a pre-skip beyond the end": (lambda: head_changed(10, b"\xff\xff"), ()),
    "a gain of 6 dB": (lambda: head_changed(16, struct.pack("<h", 6 * 256)), ()),
    "a gain of -3.03 dB": (lambda: head_changed(16, struct.pack("<h", -777)), ()),
    "the highest gain": (lambda: head_changed(16, struct.pack("<h", 32767)), ()),
    "a later minor version": (lambda: head_changed(8, b"\x0f"), ()),
    "family 1, mono": (lambda: mapped(1, 1, 0, [0]), ()),
    "family 1, stereo": (lambda: mapped(1, 1, 1, [0, 1]), ()),
    "family 1, channels swapped": (lambda: mapped(1, 1, 1, [1, 0]), ()),
    "family 1, a silent channel": (lambda: mapped(1, 1, 1, [0, 255]), ()),
    "family 1, mono twice": (lambda: mapped(1, 1, 0, [0, 0]), ()),
    "family 255": (lambda: mapped(255, 1, 1, [0, 1]), ()),
    "another stream beside Opus": (
        lambda: side_by_side(b"whatever it is", is_first=False),
        ("a stream beside Opus (an unknown codec) is left out, at octet 47",),
    ),
    "another stream before Opus": (lambda: side_by_side(b"whatever it is", is_first=True), ()),
    "an empty page that ends": (end_on_an_empty_page, ()),
    "page numbers that are all 0": (same_numbers, ("page numbers go back, 12 times, first at octet 47",)),
    "page numbers that wrap": (numbers_that_wrap, ()),
    "a file that is cut between pages": (
        lambda: joined(paged()[:-2]),
        ("the file ends without a page that ends its stream, at octet 2755",),
    ),
    "a file that is cut within a page": (
        lambda: joined(paged())[:-300],
        (
            "the file ends inside a page, at octet 3087",
            "the file ends without a page that ends its stream, at octet 2755",
        ),
    ),
}
"""By name: construction and notes."""

FILLED: Final[dict[str, tuple[Callable[[], bytes], int, int, tuple[str, ...]]]] = {
    "a wrong checksum": (
        lambda: with_page(5, checksum=1),
        15,
        20,
        (
            "octets that are not a page, or a page with a wrong checksum, at octet 1095",
            "pages are missing before a page, at octet 1427",
            "lost audio is concealed, 100 ms in all, at octet 1427",
        ),
    ),
    "another version of Ogg": (
        lambda: with_page(5, version=1),
        15,
        20,
        (
            "octets that are not a page, or a page with a wrong checksum, at octet 1095",
            "pages are missing before a page, at octet 1427",
            "lost audio is concealed, 100 ms in all, at octet 1427",
        ),
    ),
    "a missing page": (
        lambda: without_page(5),
        15,
        20,
        (
            "pages are missing before a page, at octet 1095",
            "lost audio is concealed, 100 ms in all, at octet 1095",
        ),
    ),
    "a page that claims 65,025 octets": (
        claiming_more,
        15,
        20,
        (
            "octets that are not a page, or a page with a wrong checksum, at octet 1095",
            "pages are missing before a page, at octet 1677",
            "lost audio is concealed, 100 ms in all, at octet 1677",
        ),
    ),
    "the first audio page is missing": (
        lambda: without_page(2),
        0,
        5,
        ("pages are missing before a page, at octet 99", "lost audio is concealed, 100 ms in all, at octet 99"),
    ),
    "the beginning of a packet is missing": (
        lambda: joined([*continued()[:3], *continued()[4:]]),
        4,
        5,
        (
            "pages are missing before a page, at octet 370",
            "lost audio is concealed, 20 ms in all, at octet 370",
        ),
    ),
    "a packet that is not valid": (
        lambda: packet_replaced(b"\xff"),
        7,
        8,
        (
            "a packet that is not a valid Opus packet is left out, at octet 431",
            "lost audio is concealed, 20 ms in all, at octet 431",
        ),
    ),
    "an empty packet": (
        lambda: packet_replaced(b""),
        7,
        8,
        (
            "a packet that is not a valid Opus packet is left out, at octet 431",
            "lost audio is concealed, 20 ms in all, at octet 431",
        ),
    ),
    "two pages swapped": (
        swapped_pages,
        15,
        20,
        (
            "pages are missing before a page, at octet 1095",
            "lost audio is concealed, 100 ms in all, at octet 1095",
            "a page that is too late is left out, at octet 1427",
        ),
    ),
}
"""Name: how it is made, the first packet that is concealed and the one behind the last, and the notes.

ffmpeg joins what is before such a place and behind it, so that the rest of the file comes too early; and it ends at an
empty packet.
"""

AS_WITHOUT: Final[dict[str, tuple[Callable[[], bytes], tuple[str, ...]]]] = {
    "octets between two pages": (
        octets_between,
        ("octets that are not a page, or a page with a wrong checksum, at octet 1095",),
    ),
    "octets before the first page": (
        lambda: bytes(1000) + joined(paged()),
        ("octets that are not a page, or a page with a wrong checksum, at octet 0",),
    ),
    "a page twice": (repeated_page, ("a page that repeats the previous one is left out, at octet 1095",)),
    "a page without a position": (
        lambda: with_page(5, position=-1),
        ("a page with packets has no granule position, at octet 1095",),
    ),
    "no positions at all": (
        no_positions,
        ("a page with packets has no granule position, 11 times, first at octet 99",),
    ),
    "a second Opus stream": (two_opus, ("a second Opus stream beside the first is left out, at octet 47",)),
    "Theora before Opus": (lambda: side_by_side(b"\x80theora" + bytes(35), is_first=True), ()),
    "Skeleton behind Opus": (
        lambda: side_by_side(b"fishead\0" + bytes(56), is_first=False),
        ("a stream beside Opus (Skeleton) is left out, at octet 47",),
    ),
    "a lost comment header": (lambda: without_page(1), ("pages are missing before a page, at octet 47",)),
    "a page behind the end": (behind_the_end, ("a page after the end of its stream is left out, at octet 3507",)),
}
"""Name: how it is made of the plain file, whose sound it has, and the notes.

ffmpeg refuses some of them and ends early in others.
"""

REFUSED: Final[dict[str, tuple[Callable[[], bytes], int, str]]] = {
    "no octets": (lambda: b"", 0, "Ogg file has no beginning of a stream, Opus is needed"),
    "a capture pattern alone": (lambda: b"OggS", 0, "Ogg file has no beginning of a stream, Opus is needed"),
    "the first page is lost": (begin_lost, 0, "Ogg file has no beginning of a stream, Opus is needed"),
    "version 16": (
        lambda: head_changed(8, b"\x10"),
        0,
        "OpusHead has version 16, 0 to 15 are read (RFC 7845 section 5.1)",
    ),
    "no channels": (
        lambda: head_changed(9, b"\0"),
        0,
        "OpusHead has 0 channels, at least 1 is needed (RFC 7845 section 5.1)",
    ),
    "three channels of family 0": (
        lambda: head_changed(9, b"\x03"),
        0,
        "OpusHead has 3 channels of family 0, 1 or 2 are read",
    ),
    "six channels of family 1": (
        lambda: mapped(1, 4, 2, [0, 4, 1, 2, 3, 5]),
        0,
        "OpusHead has 6 channels of family 1, 1 or 2 are read",
    ),
    "two streams": (
        lambda: mapped(1, 2, 0, [0, 1]),
        0,
        "OpusHead has 2 streams, 0 of them coupled; one stream is read",
    ),
    "a mapping that is cut": (
        lambda: head_changed(18, b"\x01"),
        0,
        "OpusHead with a channel mapping has 19 octets, 22 are needed",
    ),
    "a mapping to a channel that is not there": (
        lambda: mapped(1, 1, 1, [0, 5]),
        0,
        "OpusHead maps channel 5, the stream has 2 (RFC 7845 section 5.1.1)",
    ),
    "another family": (
        lambda: head_changed(18, b"\x03"),
        0,
        "OpusHead has channel mapping family 3, families 0, 1 and 255 are read",
    ),
    "a header that is cut": (
        lambda: joined([page_of([b"OpusHead\x01\x01"], flags=2), *paged()[1:]]),
        0,
        "OpusHead has 10 octets, at least 19 are needed",
    ),
    "both headers on one page": (
        headers_together,
        0,
        "OpusHead is not the only packet of its page (RFC 7845 section 3)",
    ),
    "no comment header": (
        without_tags,
        47,
        "the second packet does not begin with OpusTags (RFC 7845 section 5.2)",
    ),
    "Theora alone": (
        lambda: joined([page_of([b"\x80theora" + bytes(35)], flags=2), page_of([b"x"], sequence=1)]),
        70,
        "Ogg file has Theora, Opus is needed",
    ),
    "a second link of Vorbis": (link_of_another_codec, 3565, "link 2 has Vorbis, Opus is needed"),
}
"""By name: construction, octet and rule."""
