"""AMR-WB payloads bit by bit from RFC 4867 section 4, simple and slow. A frame is (type, Q, bits of speech)."""

from __future__ import annotations

Bits = list[int]
Frame = tuple[int, int, Bits]

SPEECH_BITS = {0: 132, 1: 177, 2: 253, 3: 285, 4: 317, 5: 365, 6: 397, 7: 461, 8: 477, 9: 40, 14: 0, 15: 0}


class NoPayload(Exception):
    """The bits are not a payload of this packing."""


def bits_of(number: int, width: int) -> Bits:
    return [number >> place & 1 for place in reversed(range(width))]


def number_of(bits: Bits) -> int:
    number = 0
    for bit in bits:
        number = 2 * number + bit
    return number


def octets_of(bits: Bits) -> bytes:
    bits = padded(bits)
    return bytes(number_of(bits[place : place + 8]) for place in range(0, len(bits), 8))


def padded(bits: Bits) -> Bits:
    return bits + [0] * (-len(bits) % 8)


def stored(frame: Frame) -> bytes:
    """Return the frame in storage form."""
    kind, quality, speech = frame
    return octets_of([0, *bits_of(kind, 4), quality, 0, 0, *speech])


def pack(packing: str, cmr: int, frames: list[Frame]) -> bytes:
    if packing == "storage":
        return b"".join(stored(frame) for frame in frames)
    aligned = packing == "octet-aligned"
    bits = bits_of(cmr, 4) + [0] * (4 if aligned else 0)
    for index, (kind, quality, _) in enumerate(frames):
        bits += [int(index + 1 < len(frames)), *bits_of(kind, 4), quality] + [0] * (2 if aligned else 0)
    for _, _, speech in frames:
        bits += padded(speech) if aligned else speech
    return octets_of(bits)


class Reader:
    """Reads bits from the front."""

    def __init__(self, payload: bytes) -> None:
        self.bits = [bit for octet in payload for bit in bits_of(octet, 8)]

    def take(self, count: int) -> Bits:
        if count > len(self.bits):
            raise NoPayload
        taken, self.bits = self.bits[:count], self.bits[count:]
        return taken

    def zeros(self, count: int) -> None:
        if any(self.take(count)):
            raise NoPayload

    def speech(self, kind: int) -> Bits:
        if kind not in SPEECH_BITS:
            raise NoPayload
        return self.take(SPEECH_BITS[kind])


def unpack(packing: str, payload: bytes) -> tuple[int | None, list[Frame]]:
    """Return the mode request and the frames; NoPayload. Every reserved and padding bit must be 0."""
    reader = Reader(payload)
    if packing == "storage":
        return None, _unpack_storage(reader)
    aligned = packing == "octet-aligned"
    cmr = number_of(reader.take(4))
    reader.zeros(4 if aligned else 0)
    entries, more = [], 1
    while more:
        (more,) = reader.take(1)
        entries.append((number_of(reader.take(4)), number_of(reader.take(1))))
        reader.zeros(2 if aligned else 0)
    frames = []
    for kind, quality in entries:
        frames.append((kind, quality, reader.speech(kind)))
        reader.zeros(-SPEECH_BITS[kind] % 8 if aligned else 0)
    if len(reader.bits) >= 8:
        raise NoPayload
    reader.zeros(len(reader.bits))
    return cmr, frames


def _unpack_storage(reader: Reader) -> list[Frame]:
    frames: list[Frame] = []
    while reader.bits or not frames:
        reader.zeros(1)
        kind, quality = number_of(reader.take(4)), number_of(reader.take(1))
        reader.zeros(2)
        frames.append((kind, quality, reader.speech(kind)))
        reader.zeros(-SPEECH_BITS[kind] % 8)
    return frames
