"""Odd Ogg Opus files, made by code (what is read of them: `odd_ogg_tables`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.files.ogg_files import FRAME, headers, packets, packets_on, paged
from tests.oracles.ogg import Page, joined, page_of

PER_PAGE: Final = 5
SECOND: Final = 48_000


def _numbered(pages: list[Page]) -> list[Page]:
    for number, page in enumerate(pages):
        page.sequence = number
    return pages


def _positions(pages: list[Page], change: Callable[[int], int], begin: int = 2) -> list[Page]:
    for page in pages[begin:]:
        page.position = change(page.position)
    return pages


def end_at(position: int, *, seconds: float = 1.0) -> bytes:
    """The last position."""
    pages = paged(seconds)
    pages[-1].position = position
    return joined(pages)


def head_changed(at: int, octets: bytes) -> bytes:
    pages = paged()
    body = pages[0].body
    pages[0].body = body[:at] + octets + body[at + len(octets) :]
    return joined(pages)


def mapped(family: int, streams: int, coupled: int, mapping: list[int]) -> bytes:
    """A header with a mapping; the packets are stereo if two channels are coupled."""
    pages = paged(1.0, 2 if coupled else 1)
    body = pages[0].body
    body = body[:9] + bytes([len(mapping)]) + body[10:18] + bytes([family, streams, coupled, *mapping])
    pages[0] = page_of([body], flags=2)
    return joined(pages)


def packet_replaced(packet: bytes, page: int = 3, number: int = 2) -> bytes:
    pages = paged()
    found = packets_on(pages[page])
    found[number] = packet
    pages[page] = page_of(found, position=pages[page].position, sequence=page)
    return joined(pages)


def continued() -> list[Page]:
    """A packet of 1275 octets (padding) over the border of two pages."""
    every = list(packets())
    long = bytes([every[4][0] | 3, 0x41])
    padding = 1275 - len(long) - len(every[4]) + 1
    lengths = (padding - 1) // 255
    long += b"\xff" * lengths + bytes([(padding - 1) - 255 * lengths])
    long += every[4][1:] + bytes(254 * lengths + (padding - 1) - 255 * lengths)
    cut = 255 * 3
    pages = headers()
    pages.append(page_of(every[:4], position=4 * FRAME, sequence=2))
    pages.append(page_of([long[:cut]], is_cut=True, position=-1, sequence=3))
    pages.append(page_of([long[cut:], *every[5:9]], flags=1, position=9 * FRAME, sequence=4))
    for at in range(9, len(every), PER_PAGE):
        group = every[at : at + PER_PAGE]
        pages.append(page_of(group, position=(at + len(group)) * FRAME, sequence=len(pages)))
    pages[-1].flags = 4
    return pages


def side_by_side(first: bytes, *, is_first: bool) -> bytes:
    """Another stream, whose first packet this is, beside Opus; its first page stands before that of Opus or behind."""
    pages = paged()
    other = [
        page_of([first], flags=2, serial=99),
        page_of([b"x" * 99], serial=99, sequence=1),
        page_of([b"y" * 99], serial=99, sequence=2, flags=4, position=5),
    ]
    begin = [other[0], pages[0]] if is_first else [pages[0], other[0]]
    return joined([*begin, pages[1], other[1], *pages[2:6], other[2], *pages[6:]])


def two_opus() -> bytes:
    one, two = paged(), paged(1.0, 2, serial=9)
    both = [page for pair in zip(one, two, strict=True) for page in pair]
    return joined(both)


def chained(*links: tuple[float, int], same_serial: bool = False, unended: bool = False) -> bytes:
    every = []
    for number, (seconds, channels) in enumerate(links):
        pages = paged(seconds, channels, serial=7 if same_serial else 7 + number)
        if unended:
            pages[-1].flags = 0
        every += pages
    return joined(every)


def with_page(at: int, **fields: int) -> bytes:
    pages = paged()
    for name, value in fields.items():
        setattr(pages[at], name, value)
    return joined(pages)


def without_page(at: int) -> bytes:
    pages = paged()
    del pages[at]
    return joined(pages)


def long_tags() -> bytes:
    """A comment header of 76 kB over two pages, as with a picture."""
    pages = paged()
    tags = pages[1].body + bytes(255 * 300 - len(pages[1].body) + 10)
    begin = page_of([tags[: 255 * 200]], position=-1, is_cut=True)
    end = page_of([tags[255 * 200 :]], flags=1)
    return joined(_numbered([pages[0], begin, end, *pages[2:]]))


def headers_together() -> bytes:
    pages = paged()
    together = page_of([pages[0].body, pages[1].body], flags=2)
    return joined(_numbered([together, *pages[2:]]))


def without_tags() -> bytes:
    pages = paged()
    return joined(_numbered([pages[0], *pages[2:]]))


def end_on_an_empty_page() -> bytes:
    pages = paged()
    pages[-1].flags = 0
    pages.append(page_of([], flags=4, position=pages[-1].position, sequence=len(pages)))
    return joined(pages)


def same_numbers() -> bytes:
    pages = paged()
    for page in pages:
        page.sequence = 0
    return joined(pages)


def numbers_that_wrap() -> bytes:
    pages = paged()
    for number, page in enumerate(pages):
        page.sequence = (0xFFFFFFFC + number) & 0xFFFFFFFF
    return joined(pages)


def repeated_page() -> bytes:
    pages = paged()
    return joined([*pages[:5], pages[4], *pages[5:]])


def swapped_pages() -> bytes:
    pages = paged()
    return joined([*pages[:5], pages[6], pages[5], *pages[7:]])


def octets_between() -> bytes:
    pages = paged()
    return joined(pages[:5]) + b"OggSxOgg" * 50 + joined(pages[5:])


def rounded_positions() -> bytes:
    """As programs write that keep time in milliseconds."""
    pages = paged()
    for number, page in enumerate(pages[2:-1]):
        page.position += (0, 31, -17)[number % 3]
    return joined(pages)


def jumping(samples: int) -> bytes:
    """A sender that sends nothing while it is silent."""
    return joined(_positions(paged(), lambda position: position + samples, 5))


def jumping_once() -> bytes:
    return with_page(5, position=1 << 62)


def claiming_more() -> bytes:
    """A page whose table of segments claims 65,025 octets."""
    pages = paged()
    pages[5].checksum = 0
    pages[5].segments = [255] * 255
    return joined(pages)


def no_positions() -> bytes:
    return joined(_positions(paged(), lambda _: -1))


def live() -> bytes:
    """A recording that begins 20 s within its stream."""
    return joined(_positions(paged(), lambda position: position + 20 * SECOND))


def early() -> bytes:
    return joined(_positions(paged(), lambda position: position - 1000))


def begin_lost() -> bytes:
    return joined(paged()[2:])


def only(pages: int, flags: int = 0) -> bytes:
    found = paged()[:pages]
    found[-1].flags |= flags
    return joined(found)


def behind_the_end() -> bytes:
    pages = paged()
    more = page_of(list(packets()[:5]), position=pages[-1].position + 5 * FRAME, sequence=len(pages))
    return joined([*pages, more])


def link_of_another_codec() -> bytes:
    other = [page_of([b"\x01vorbis" + bytes(23)], flags=2, serial=9), page_of([b"x"], serial=9, sequence=1)]
    return joined([*paged(), *other])


def huge_packet() -> bytes:
    """A packet of 100,000 octets over two pages."""
    pages = paged()
    first = page_of([bytes(255 * 250)], position=-1, is_cut=True)
    second = page_of([bytes(255 * 142), *packets_on(pages[4])], flags=1, position=pages[4].position)
    return joined(_numbered([*pages[:4], first, second, *pages[5:]]))
