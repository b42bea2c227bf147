"""What the head of an OPUS packet says: how long it lasts and whether it is one at all (RFC 6716 section 3)."""

from __future__ import annotations

from typing_extensions import Buffer

from rtpcodec.errors import PayloadError

MAX_PACKET_TICKS = 5760
"""120 ms at 48 kHz (RFC 6716 section 3.2.5, R5)."""
MAX_FRAME_OCTETS = 1275
"""The longest frame that a length of two octets can tell (RFC 6716 section 3.2.1, R2)."""

_SILK_TICKS = (480, 960, 1920, 2880)
_HYBRID_TICKS = (480, 960)
_CELT_TICKS = (120, 240, 480, 960)
FRAME_TICKS = 3 * _SILK_TICKS + 2 * _HYBRID_TICKS + 4 * _CELT_TICKS
"""Duration of one frame at 48 kHz for each configuration (RFC 6716 section 3.1, table 2)."""


def packet_ticks(packet: Buffer, /) -> int:
    """How long a packet lasts at 48 kHz, after a check of its whole framing.

    PayloadError: a rule of RFC 6716 section 3.4 (R1 to R7) is broken.

    >>> packet_ticks(bytes.fromhex("48" "0102030405"))
    960
    """
    octets = bytes(memoryview(packet))
    if not octets:
        raise PayloadError("OPUS packet has 0 octets, at least 1 is needed (RFC 6716 R1)")
    frame_ticks = FRAME_TICKS[octets[0] >> 3]
    match octets[0] & 3:
        case 0:
            _require_frame_octets(len(octets) - 1)
            return frame_ticks
        case 1:
            _check_two_equal(octets)
            return 2 * frame_ticks
        case 2:
            _check_two(octets)
            return 2 * frame_ticks
        case _:
            return _frame_count(octets, frame_ticks) * frame_ticks


def _require_frame_octets(octets: int) -> None:
    if octets > MAX_FRAME_OCTETS:
        raise PayloadError(f"OPUS frame has {octets} octets, at most {MAX_FRAME_OCTETS} are allowed (RFC 6716 R2)")


def _check_two_equal(octets: bytes) -> None:
    both = len(octets) - 1
    if both % 2:
        raise PayloadError(
            f"OPUS packet has {both} octets for two equal frames, an even number is needed (RFC 6716 R3)"
        )
    _require_frame_octets(both // 2)


def _check_two(octets: bytes) -> None:
    place, first = _frame_length(octets, 1, len(octets), "R4")
    second = len(octets) - place - first
    if second < 0:
        raise PayloadError(
            f"OPUS packet has {len(octets) - place} octets for two frames, the first needs {first} (RFC 6716 R4)"
        )
    _require_frame_octets(second)


def _frame_length(octets: bytes, place: int, end: int, rule: str) -> tuple[int, int]:
    """The length written at a place (RFC 6716 section 3.2.1): the place after it, and the length in octets."""
    if place < end:
        first = octets[place]
        if first < 252:
            return place + 1, first
        if place + 1 < end:
            return place + 2, first + 4 * octets[place + 1]
    raise PayloadError(f"OPUS packet of {len(octets)} octets ends inside the length of a frame (RFC 6716 {rule})")


def _frame_count(octets: bytes, frame_ticks: int) -> int:
    """Frames of a packet with a count octet (RFC 6716 section 3.2.5), after a check of its layout."""
    if len(octets) < 2:
        raise PayloadError("OPUS packet of 1 octet has no frame count, at least 2 octets are needed (RFC 6716 R6, R7)")
    count = octets[1] & 0x3F
    if count == 0:
        raise PayloadError("OPUS packet counts 0 frames, at least 1 is needed (RFC 6716 R5)")
    if count * frame_ticks > MAX_PACKET_TICKS:
        raise PayloadError(
            f"OPUS packet lasts {count} x {frame_ticks / 48:g} ms, at most 120 ms are allowed (RFC 6716 R5)"
        )
    rule = "R7" if octets[1] & 0x80 else "R6"
    place, end = _without_padding(octets, rule)
    if octets[1] & 0x80:
        _check_lengths(octets, place, end, count)
    else:
        _check_equal_division(end - place, count)
    return count


def _without_padding(octets: bytes, rule: str) -> tuple[int, int]:
    """Where the lengths or frames begin, and where they end before the padding."""
    place, padding = 2, 0
    if octets[1] & 0x40:
        more = 255
        while more == 255:
            if place == len(octets):
                raise PayloadError(
                    f"OPUS packet of {place} octets ends inside the length of its padding (RFC 6716 {rule})"
                )
            more = octets[place]
            padding += min(more, 254)
            place += 1
    if padding > len(octets) - place:
        raise PayloadError(
            f"OPUS packet announces {padding} octets of padding, {len(octets) - place} are left (RFC 6716 {rule})"
        )
    return place, len(octets) - padding


def _check_equal_division(octets: int, count: int) -> None:
    if octets % count:
        raise PayloadError(
            f"OPUS packet has {octets} octets for {count} equal frames, a multiple of {count} is needed (RFC 6716 R6)"
        )
    _require_frame_octets(octets // count)


def _check_lengths(octets: bytes, place: int, end: int, count: int) -> None:
    needed = 0
    for _ in range(count - 1):
        place, length = _frame_length(octets, place, end, "R7")
        needed += length
    if needed > end - place:
        raise PayloadError(
            f"OPUS packet has {end - place} octets for {count} frames, all but the last need {needed} (RFC 6716 R7)"
        )
    _require_frame_octets(end - place - needed)
