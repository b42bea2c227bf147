"""The packings of AMR-WB frames, each in both directions (RFC 4867 sections 4.3, 4.4 and 5.3).

Frames are in storage form. `strict` requires that every reserved and padding bit is 0. These bits distinguish the
packings; once the packing is known, a receiver ignores them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from rtpcodec.codecs.amrwb_frame import FRAME_OCTETS, HEADER_ZEROS, SPEECH_BITS, frame_type
from rtpcodec.errors import PayloadError

Packing = Literal["bandwidth-efficient", "octet-aligned", "storage"]
Unpacked = tuple[int | None, list[bytes]]
"""The mode request of a payload, None for storage form, and the frames."""

MAX_FRAMES = 50
"""Frames per payload: a second of audio. Senders in the field put up to 50 into a packet."""
MAX_OCTETS = 1 + MAX_FRAMES * max(FRAME_OCTETS.values())
"""The greatest length of MAX_FRAMES in any packing; longer payloads are not parsed."""
NO_REQUEST = 15
"""The value of CMR without a mode request (RFC 4867 section 4.3.1)."""

_ENTRY_BITS = 6  # of an entry in the table of contents: F(1) FT(4) Q(1)
_MORE = 0b10_0000  # F: another entry follows
_PADDING = {kind: 8 * (FRAME_OCTETS[kind] - 1) - bits for kind, bits in SPEECH_BITS.items()}


def unpack_bandwidth_efficient(octets: bytes, strict: bool) -> Unpacked:
    """Unpack a payload without alignment inside (RFC 4867 section 4.3), here with one frame.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |  CMR  |F|  FT   |Q|d(0)          speech bits              ...
    ...                                              d(n-1)|padding|

    Several frames have one entry F, FT, Q each, then the speech bits of each frame, without padding between.
    """
    _require_octets(octets, 2, "bandwidth-efficient")
    # 1. The mode request, then the table of contents.
    bits = int.from_bytes(octets, "big")
    left = 8 * len(octets) - 4
    cmr = bits >> left
    entries: list[int] = []
    entry = _MORE
    while entry & _MORE:
        left -= _ENTRY_BITS
        if left < 0:
            raise PayloadError(_unended("bandwidth-efficient", len(entries)))
        if len(entries) == MAX_FRAMES:
            raise PayloadError(_too_many("bandwidth-efficient"))
        entry = bits >> left & 0b11_1111
        entries.append(entry & ~_MORE)
    # 2. The length must be exact: less than one octet of padding remains.
    speech_bits = sum([_speech_bits(entry >> 1, "bandwidth-efficient") for entry in entries])
    if not 0 <= left - speech_bits < 8:
        needed = (4 + _ENTRY_BITS * len(entries) + speech_bits + 7) // 8
        raise PayloadError(_wrong_length("bandwidth-efficient", octets, len(entries), needed))
    # 3. The speech bits, each frame padded to octets as in storage form.
    frames = []
    for entry in entries:
        kind = entry >> 1
        left -= SPEECH_BITS[kind]
        speech = bits >> left & (1 << SPEECH_BITS[kind]) - 1
        frames.append(((entry << 2 + SPEECH_BITS[kind] | speech) << _PADDING[kind]).to_bytes(FRAME_OCTETS[kind], "big"))
    if strict and bits & (1 << left) - 1:
        raise PayloadError(f"AMR-WB bandwidth-efficient payload: its last {left} bits are padding and must be 0")
    return cmr, frames


def unpack_octet_aligned(octets: bytes, strict: bool) -> Unpacked:
    """Unpack a payload whose parts are whole octets (RFC 4867 section 4.4), here with two frames.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |  CMR  |R|R|R|R|1|  FT#1 |Q|P|P|0|  FT#2 |Q|P|P|  speech #1  ...
    ... octets of speech #1, padded  | octets of speech #2, padded  |

    R are reserved bits, P padding bits. Interleaving and CRC are not negotiated, so their octets are absent.
    """
    _require_octets(octets, 2, "octet-aligned")
    # 1. The mode request, then the table of contents.
    if strict and octets[0] & 0x0F:
        raise PayloadError(
            f"AMR-WB octet-aligned payload starts with octet 0x{octets[0]:02X}, its low 4 bits must be 0"
        )
    entries: list[int] = []
    place, needed = 0, 1
    entry = 0x80
    while entry & 0x80:
        place += 1
        if place == len(octets):
            raise PayloadError(_unended("octet-aligned", len(entries)))
        if len(entries) == MAX_FRAMES:
            raise PayloadError(_too_many("octet-aligned"))
        entry = octets[place]
        if strict and entry & 0x03:
            raise PayloadError(
                f"AMR-WB octet-aligned payload: octet {place} is 0x{entry:02X}, its low 2 bits must be 0"
            )
        _speech_bits(entry >> 3 & 0x0F, "octet-aligned")
        entries.append(entry & 0x7C)
        needed += FRAME_OCTETS[entry >> 3 & 0x0F]
    # 2. The length must be exact.
    if len(octets) != needed:
        raise PayloadError(_wrong_length("octet-aligned", octets, len(entries), needed))
    # 3. The octets of speech.
    place += 1
    frames = []
    for header in entries:
        end = place + FRAME_OCTETS[header >> 3] - 1
        frames.append(_frame(header, octets[place:end], strict, "octet-aligned"))
        place = end
    return octets[0] >> 4, frames


def unpack_storage(octets: bytes, strict: bool) -> Unpacked:
    """Unpack frames one after the other as in files (RFC 4867 section 5.3), without a mode request.

     0 1 2 3 4 5 6 7
    |P|  FT   |Q|P|P| octets of speech ...
    """
    _require_octets(octets, 1, "storage")
    place = 0
    frames: list[bytes] = []
    while place < len(octets):
        if len(frames) == MAX_FRAMES:
            raise PayloadError(_too_many("storage"))
        header = octets[place]
        if header & HEADER_ZEROS:
            raise PayloadError(
                f"AMR-WB storage payload: octet {place} is 0x{header:02X}, bits 7, 1 and 0 of a frame's first must be 0"
            )
        _speech_bits(header >> 3, "storage")
        end = place + FRAME_OCTETS[header >> 3]
        if end > len(octets):
            raise PayloadError(_wrong_length("storage", octets, len(frames) + 1, end))
        frames.append(_frame(header, octets[place + 1 : end], strict, "storage"))
        place = end
    return None, frames


def pack_bandwidth_efficient(frames: Sequence[bytes], cmr: int) -> bytes:
    """Pack frames as unpack_bandwidth_efficient reads them. PayloadError: an invalid frame, no frame or too many."""
    kinds = _kinds(frames)
    bits, length = cmr, 4
    for frame in frames:
        bits = bits << _ENTRY_BITS | _MORE | frame[0] >> 2
    bits &= ~_MORE
    length += _ENTRY_BITS * len(frames)
    for kind, frame in zip(kinds, frames, strict=True):
        bits = bits << SPEECH_BITS[kind] | int.from_bytes(frame[1:], "big") >> _PADDING[kind]
        length += SPEECH_BITS[kind]
    octets = (length + 7) // 8
    return (bits << 8 * octets - length).to_bytes(octets, "big")


def pack_octet_aligned(frames: Sequence[bytes], cmr: int) -> bytes:
    """Pack frames as unpack_octet_aligned reads them. PayloadError: as for pack_bandwidth_efficient."""
    kinds = _kinds(frames)
    entries = bytearray([cmr << 4])
    entries += bytes([0x80 | frame[0] for frame in frames])
    entries[-1] &= 0x7F
    return bytes(entries) + b"".join([_speech(frame, kind) for kind, frame in zip(kinds, frames, strict=True)])


def pack_storage(frames: Sequence[bytes], _cmr: int) -> bytes:
    """Pack frames as unpack_storage reads them. PayloadError: as for pack_bandwidth_efficient."""
    kinds = _kinds(frames)
    return b"".join([frame[:1] + _speech(frame, kind) for kind, frame in zip(kinds, frames, strict=True)])


UNPACK: dict[Packing, Callable[[bytes, bool], Unpacked]] = {
    "bandwidth-efficient": unpack_bandwidth_efficient,
    "octet-aligned": unpack_octet_aligned,
    "storage": unpack_storage,
}
PACK: dict[Packing, Callable[[Sequence[bytes], int], bytes]] = {
    "bandwidth-efficient": pack_bandwidth_efficient,
    "octet-aligned": pack_octet_aligned,
    "storage": pack_storage,
}


def _require_octets(octets: bytes, least: int, packing: Packing) -> None:
    if not least <= len(octets) <= MAX_OCTETS:
        raise PayloadError(f"AMR-WB {packing} payload has {len(octets)} octets, {least} to {MAX_OCTETS} are allowed")


def _too_many(packing: Packing) -> str:
    return f"AMR-WB {packing} payload has more than {MAX_FRAMES} frames, the limit of a payload"


def _speech_bits(kind: int, packing: Packing) -> int:
    """Return the speech bits of a frame type. A payload with a reserved one is discarded whole (section 4.3.2)."""
    bits = SPEECH_BITS.get(kind)
    if bits is None:
        raise PayloadError(f"AMR-WB {packing} payload has a frame of type {kind}, types 10 to 13 are reserved")
    return bits


def _unended(packing: Packing, entries: int) -> str:
    return f"AMR-WB {packing} payload ends inside its table of contents, after {entries} entries"


def _wrong_length(packing: Packing, octets: bytes, frames: int, needed: int) -> str:
    plural = "frame needs" if frames == 1 else "frames need"
    return f"AMR-WB {packing} payload has {len(octets)} octets, its {frames} {plural} {needed}"


def _frame(header: int, speech: bytes, strict: bool, packing: Packing) -> bytes:
    """Return a frame in storage form, padded with zeros."""
    padding = (1 << _PADDING[header >> 3]) - 1
    if padding and speech[-1] & padding:
        if strict:
            raise PayloadError(
                f"AMR-WB {packing} payload: the last {padding.bit_length()} bits of a frame of type {header >> 3} "
                "are padding and must be 0"
            )
        speech = _cleared(speech, padding)
    return bytes((header,)) + speech


def _cleared(speech: bytes, padding: int) -> bytes:
    return speech[:-1] + bytes((speech[-1] & ~padding & 0xFF,))


def _speech(frame: bytes, kind: int) -> bytes:
    """Return the octets of speech, padded with zeros."""
    padding = (1 << _PADDING[kind]) - 1
    return _cleared(frame[1:], padding) if padding and frame[-1] & padding else frame[1:]


def _kinds(frames: Sequence[bytes]) -> list[int]:
    if not 1 <= len(frames) <= MAX_FRAMES:
        raise PayloadError(f"AMR-WB payload of {len(frames)} frames, 1 to {MAX_FRAMES} are allowed")
    return [frame_type(frame) for frame in frames]
