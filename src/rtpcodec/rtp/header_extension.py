"""Elements of a packet's header extension, in the two forms of RFC 8285 section 4.

One-byte form (section 4.2), an ID of 3 with 3 octets, then padding:

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |    0xBE       |    0xDE       |           length=1 word       |
    |  ID=3 | len=2 |     data      |     data      |     data      |

len is one less than the number of octets. ID 0 is padding, ID 15 ends the elements.

Two-byte form (section 4.3), an ID of 1 without data, and an ID of 5 with 3 octets:

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |         0x100         |appbits|           length=2 words      |
    |     ID=1      |     L=0       |     ID=5      |     L=3       |
    |     data      |     data      |     data      |    padding    |

L is the number of octets. ID 0 is padding of one octet, without L.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rtpcodec.errors import PacketError

__all__ = ["header_extension", "header_extension_elements"]

Elements = tuple[tuple[int, bytes], ...]

ONE_BYTE_PROFILE = 0xBEDE
"""The one-byte form: ids 1 to 14, data of 1 to 16 octets (section 4.2)."""
TWO_BYTE_PROFILE = 0x1000
"""The two-byte form: ids 1 to 255, data of 0 to 255 octets; the low 4 bits are for the application (section 4.3)."""


def header_extension(
    elements: Iterable[tuple[int, bytes]], form: Literal["shortest", "one-byte", "two-byte"] = "shortest"
) -> tuple[int, bytes]:
    r"""Return profile and data of an extension with these elements, for the `extension` of an RtpPacket.

    Args:
        elements: pairs of id and data.
        form: "shortest" is the one-byte form, or the two-byte form if an id or a length needs it.

    Raises:
        ValueError: an id or a length that the form does not have.

    >>> profile, data = header_extension([(1, b"\x9e"), (3, b"\1\2\3")])
    >>> hex(profile), data.hex()
    ('0xbede', '109e320102030000')
    """
    pairs = tuple(elements)
    fits = all(1 <= number <= 14 and 1 <= len(data) <= 16 for number, data in pairs)
    if form == "one-byte" or (form == "shortest" and fits):
        return ONE_BYTE_PROFILE, _padded(b"".join([_one_byte(number, data) for number, data in pairs]))
    if form not in ("shortest", "two-byte"):
        raise ValueError(f"form is {form!r}, 'shortest', 'one-byte' and 'two-byte' are allowed")
    return TWO_BYTE_PROFILE, _padded(b"".join([_two_byte(number, data) for number, data in pairs]))


def header_extension_elements(profile: int, data: bytes) -> Elements:
    r"""Return the pairs of id and data in an extension, or none if the profile is neither form.

    Raises:
        PacketError: an element ends beyond the extension.

    >>> header_extension_elements(0x1000, bytes.fromhex("010005030a0b0c00"))
    ((1, b''), (5, b'\n\x0b\x0c'))
    """
    if profile == ONE_BYTE_PROFILE:
        return _read(data, header_octets=1)
    if profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return _read(data, header_octets=2)
    return ()


def _read(data: bytes, header_octets: int) -> Elements:
    found = []
    at = 0
    while at < len(data):
        if data[at] == 0:  # padding, of one octet in both forms
            at += 1
            continue
        if header_octets == 1:
            number, octets = data[at] >> 4, (data[at] & 0x0F) + 1
            if number in (0, 15):  # section 4.2: ignore the rest
                break
        else:
            number, octets = data[at], data[at + 1] if at + 1 < len(data) else 0
        start = at + header_octets
        if start + octets > len(data):
            raise PacketError(
                f"RTP header extension has {len(data)} octets, its element {number} at octet {at} needs "
                f"{start + octets}"
            )
        found.append((number, data[start : start + octets]))
        at = start + octets
    return tuple(found)


def _one_byte(number: int, data: bytes) -> bytes:
    if not 1 <= number <= 14:
        raise ValueError(f"id of a one-byte element is {number}, 1 to 14 are allowed")
    if not 1 <= len(data) <= 16:
        raise ValueError(f"one-byte element {number} has {len(data)} octets, 1 to 16 are allowed")
    return bytes((number << 4 | len(data) - 1,)) + data


def _two_byte(number: int, data: bytes) -> bytes:
    if not 1 <= number <= 255:
        raise ValueError(f"id of a two-byte element is {number}, 1 to 255 are allowed")
    if len(data) > 255:
        raise ValueError(f"two-byte element {number} has {len(data)} octets, 0 to 255 are allowed")
    return bytes((number, len(data))) + data


def _padded(elements: bytes) -> bytes:
    """Pad elements to a multiple of 32 bits (section 4.1)."""
    return elements + bytes(-len(elements) % 4)
