"""Calls of RtpPacket with good and bad arguments, for checks of leaks in kernels/rtp_header."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from rtpcodec import RtpPacket, codec
from rtpcodec.errors import PacketError
from tests.isolated.kernel_calls import Call

DATAGRAM = bytes.fromhex("b160ffffffffff60deadbeef11111111bede0002109e320102030000aabb0002")
FIELDS: dict[str, Any] = {"payload_type": 0, "sequence_number": 1, "timestamp": 2, "ssrc": 3}
BROKEN = ("", "40" * 12, "80c8" + "00" * 10, "81" + "00" * 11, "90" + "00" * 11, "90" + "ff" * 15, "a0" + "00" * 11)


def packet_calls() -> Iterator[Call]:
    """Return calls that parse, make, read, write and compare packets."""
    for kind in (bytes, bytearray, memoryview):
        yield Call("RtpPacket.parse", RtpPacket.parse, (kind(DATAGRAM),))
        for octets in BROKEN:
            yield Call("RtpPacket.parse", RtpPacket.parse, (kind(bytes.fromhex(octets)),), PacketError)
        yield Call("RtpPacket", _make, ({"payload": kind(bytes(160))},))
    yield Call("RtpPacket.parse", RtpPacket.parse, (None,), TypeError)
    yield Call("RtpPacket", _make, ({"csrcs": (1, 2), "extension": (0xBEDE, bytes(8)), "padding": b"\0\2"},))
    for bad, error in (
        ({"ssrc": -1}, ValueError),
        ({"payload": "text"}, TypeError),
        ({"padding": b"\2"}, ValueError),
        ({"extension": (1, b"abc")}, ValueError),
        ({"extension": (1, None)}, TypeError),
        ({"csrcs": range(16)}, ValueError),
        ({"nonsense": 1}, TypeError),
    ):
        yield Call("RtpPacket", _make, (bad,), error)
    packet = RtpPacket.parse(DATAGRAM)
    for name in dir(packet):
        if not name.startswith("_") and not callable(getattr(packet, name)):
            yield Call(f"RtpPacket.{name}", partial(getattr, packet, name), ())
    yield Call("RtpPacket.build", packet.build, ())
    yield Call("RtpPacket.build_into", packet.build_into, (bytearray(40),))
    yield Call("RtpPacket.build_into", packet.build_into, (bytearray(31),), ValueError)
    yield Call("RtpPacket.build_into", packet.build_into, (bytes(40),), BufferError)
    decoder = codec("PCMU").decoder()
    yield Call("RtpPacket.decode_into", packet.decode_into, (decoder, bytearray(4)))
    yield Call("RtpPacket.decode_into", packet.decode_into, (decoder, bytearray(3)), ValueError)
    yield Call("repr", repr, (packet,))
    yield Call("hash", hash, (packet,))


def _make(change: dict[str, Any]) -> RtpPacket:
    return RtpPacket(**{**FIELDS, **change})
