"""MP3 frame headers from the formulas behind the tables of ISO/IEC 11172-3 and 13818-3, section 2.4.2.3, bit by bit."""

from typing import NamedTuple


class Header(NamedTuple):
    """The fields that give the length and the content of a frame."""

    version: str
    sample_rate_hz: int
    bit_rate_kbps: int
    channels: int
    padded: bool
    has_crc: bool
    samples: int
    octets: int


def bit_rate_kbps(version: str, index: int) -> int:
    """Return a bit rate. MPEG-1: four steps per octave from 32. The others: steps of 8 to 64, then of 16."""
    step = index - 1
    if version == "1":
        return 8 * (4 + step % 4) << step // 4
    return 8 * index if index <= 8 else 64 + 16 * (index - 8)


def read(octets: bytes) -> Header | None:
    """Parse four octets; None for anything but layer III without reserved values. Free format has 0 octets."""
    bits = "".join(f"{octet:08b}" for octet in octets)
    fields, at = [], 0
    for width in (11, 2, 2, 1, 4, 2, 1, 1, 2, 2, 1, 1, 2):
        fields.append(int(bits[at : at + width], 2))
        at += width
    sync, version_id, layer, no_crc, rate_index, hz_index, padding, _, mode, _, _, _, emphasis = fields
    if sync != 2**11 - 1 or version_id == 1 or layer != 1 or rate_index == 15 or hz_index == 3 or emphasis == 2:
        return None
    version = {3: "1", 2: "2", 0: "2.5"}[version_id]
    halvings = {"1": 0, "2": 1, "2.5": 2}[version]
    hz = (44_100, 48_000, 32_000)[hz_index] >> halvings
    samples = 576 * (2 if version == "1" else 1)
    kbps = bit_rate_kbps(version, rate_index) if rate_index else 0
    size = int(kbps * 1000 * samples / hz / 8) + padding if kbps else 0
    return Header(version, hz, kbps, 1 if mode == 3 else 2, bool(padding), not no_crc, samples, size)
