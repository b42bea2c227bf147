"""Payloads without their audio: silence of the same length, duration and packing, so that a replay keeps its timing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from rtpcodec.codecs import CodecInfo, codec
from rtpcodec.codecs.opus_packet import OpusPacket, parse
from rtpcodec.errors import PayloadError, UnknownCodec
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, payload_format
from rtpcodec.rtp.payloads.amrwb_packing import UNPACK

OTHER_SILENCE: Final = (b"\0", b"\1")
"""Silence for a codec that is unknown, or is a frame codec."""
VARIANTS: Final = 1 << 16
"""Number of different silent payloads. Equal payloads must stay equal: this distinguishes a repeated message from a
second track without a name."""
MIN_MARKED_OCTETS: Final = 8
"""A shorter payload of a frame codec has no space for a variant."""
KEPT_OCTETS: Final = (0, 2, 8)
"""Octets that are kept of a payload that is not valid in its codec: they show the reason, and cannot be heard."""


def blank(payload: bytes, encoding: str, variant: int = 0) -> bytes:
    """Return a payload without audio, of the same length and duration.

    Args:
        payload: As received or sent.
        encoding: Its codec, as `start` or the plan names it.
        variant: 0 to VARIANTS - 1. Payloads of different variants differ if they are long enough.
    """
    # 1. Whole samples, or an unknown codec: silence.
    info = _known(encoding)
    unit = None if info is None else info.unit
    silence = _silence(OTHER_SILENCE if unit is None else unit.silent, len(payload), variant)
    if info is None or (unit is not None and not len(payload) % unit.octets):
        return silence
    # 2. Frames: of several candidates, the first one with the same signature; preferably with the variant.
    wanted = _signature(payload, info)
    blanks = [*_candidates(payload), silence]
    marked = [one[:-2] + variant.to_bytes(2, "big") for one in blanks if len(one) > MIN_MARKED_OCTETS]
    alike = [one for one in (*marked, *blanks) if _signature(one, info)[:2] == wanted[:2]]
    return next((one for one in alike if _signature(one, info) == wanted), alike[0] if alike else blanks[-1])


def _known(encoding: str) -> CodecInfo | None:
    try:
        return codec(encoding)
    except UnknownCodec:
        return None


def _silence(units: tuple[bytes, bytes], octets: int, variant: int) -> bytes:
    head = b"".join(units[variant >> bit & 1] for bit in range(variant.bit_length()))
    return (head + units[0] * (octets // len(units[0]) + 1))[:octets]


def _candidates(payload: bytes) -> Iterator[bytes]:
    with suppress(PayloadError):
        yield _blank_opus(payload, parse(payload))
    for fill in (0x00, 0xFF, 0x55):
        yield from _blank_amrwb(payload, fill)
    for kept in KEPT_OCTETS:
        yield payload[:kept].ljust(len(payload), b"\0")
    yield b"\xff" * len(payload)  # valid in neither codec: 63 frames


def _signature(payload: bytes, info: CodecInfo) -> tuple[object, ...]:
    """Return all facts of a payload except its audio; if it is not valid, the rules and other codecs' results."""
    opus, opus_rules = _opus_readings(payload)
    amrwb, amrwb_rules = _amrwb_readings(payload)
    if info.kind == "sample":
        return opus, amrwb, []
    # Only one frame codec has several packings.
    adapts = isinstance(payload_format(info), AdaptivePayloadFormat)
    own, rules = (amrwb, amrwb_rules) if adapts else (opus, opus_rules)
    return (own,) if own else (opus, amrwb, rules)


def _opus_readings(payload: bytes) -> tuple[list[object], list[str]]:
    """Return the facts of a payload as an OPUS packet, and the rules that it breaks."""
    try:
        packet = parse(payload)
    except PayloadError as error:
        return [], [str(error)]
    return [(packet.config, packet.stereo, packet.ticks)], []


def _amrwb_readings(payload: bytes) -> tuple[list[object], list[str]]:
    """Return the facts of a payload in each packing of AMR-WB, and the rules that it breaks."""
    found: list[object] = []
    rules: list[str] = []
    for packing, unpack in UNPACK.items():
        for strict in (True, False):
            try:
                request, frames = unpack(payload, strict)
                found.append((packing, strict, request, [frame[0] for frame in frames]))
            except PayloadError as error:
                rules.append(str(error))
    return found, rules


def _blank_opus(payload: bytes, packet: OpusPacket) -> bytes:
    """Return a packet with the same number of empty frames, padded to the same length (RFC 6716 section 3.2.5)."""
    octets = len(payload)
    if octets == 1:
        return payload  # it has no audio
    head, count = bytes([payload[0] | 3]), len(packet.frame_octets)
    if octets == 2:
        return head + bytes([count])
    # A length octet of 255 means 254 octets of padding and one more length octet, so every length is possible.
    more, last = divmod(octets - 3, 255)
    return (head + bytes([count | 0x40]) + b"\xff" * more + bytes([last])).ljust(octets, b"\0")


def _blank_amrwb(payload: bytes, fill: int) -> Iterator[bytes]:
    """Yield one payload per packing in which this one is valid, with the same CMR and table of contents (RFC 4867)."""
    for packing, unpack in UNPACK.items():
        try:
            _, frames = unpack(payload, False)
        except PayloadError:
            continue
        if packing == "storage":
            yield b"".join(frame[:1] + bytes([fill]) * (len(frame) - 1) for frame in frames)
        elif packing == "octet-aligned":
            head = 1 + len(frames)
            yield payload[:head] + bytes([fill]) * (len(payload) - head)
        else:
            bits = 8 * len(payload)
            kept = bits - 4 - 6 * len(frames)
            speech = int.from_bytes(bytes([fill]) * len(payload), "big") & (1 << kept) - 1
            padding = (
                int.from_bytes(payload, "big") & 0xFF
            )  # the last bits may be padding, which distinguishes packings
            whole = (int.from_bytes(payload, "big") >> kept << kept) | speech
            yield whole.to_bytes(len(payload), "big")
            yield (whole >> 8 << 8 | padding).to_bytes(len(payload), "big")
