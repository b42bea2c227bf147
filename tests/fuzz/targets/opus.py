"""Fuzz OPUS: the library and our parser agree which packets are valid, and valid ones give their audio.

Layout of an input: an octet that chooses the rate and the lost packets, then packets, each after its length in two
octets. The whole input is also PCM for an encoder.
"""

from typing import Any

from rtpcodec.codecs import codec, opus_packet
from rtpcodec.errors import PayloadError

NEEDS = "OPUS"
INFO = codec(NEEDS)
MOST_PACKETS = 12
COMPARED = 0


def run(data: bytes) -> int:
    """Decode all packets of an input with one decoder, its copy, and the other methods."""
    rate_hz = INFO.sample_rates_hz[data[0] & 3]
    decoder: Any = INFO.decoder(rate_hz)
    place, calls = 1, 1
    while place < len(data) and calls < 6 * MOST_PACKETS:
        size = int.from_bytes(data[place : place + 2], "big")
        calls += _packet(decoder, data[place + 2 : place + 2 + size], rate_hz, size)
        place += 2 + size
    return calls + _frame(rate_hz, data)


def _packet(decoder: Any, packet: bytes, rate_hz: int, size: int) -> int:
    global COMPARED  # noqa: PLW0603 (the run prints it at its end)
    lost = (1 + size % 48) * (rate_hz // 400)
    try:
        ticks = opus_packet.parse(packet).ticks
    except PayloadError:
        ticks = None
    twin = decoder.copy()
    room = bytearray(5760 * 2)
    try:
        fec = decoder.copy().decode_fec(packet, lost)
        pcm = decoder.decode(packet)
        written = twin.decode_into(packet, memoryview(room))
    except PayloadError:
        assert ticks is None, "the library refuses what our parser takes"
        assert decoder.conceal(lost) == twin.conceal(lost), "a refused packet has changed the decoder"
        return 6
    assert ticks is not None, "the library takes what our parser refuses"
    assert len(pcm) == 2 * written == 2 * ticks * rate_hz // opus_packet.CLOCK_HZ
    assert (bytes(room[: len(pcm)]), len(fec)) == (pcm, 2 * lost)
    COMPARED += written
    return 6


def _frame(rate_hz: int, data: bytes) -> int:
    """Encode the octets as PCM, and decode the result."""
    encoder: Any = INFO.encoder(rate_hz, frame_ms=(2.5, 5, 10, 20, 40, 60)[len(data) % 6], dtx=bool(data[0] & 4))
    needed = 2 * encoder.frame_samples
    packet = encoder.encode((data * (1 + needed // len(data)))[:needed])
    assert opus_packet.parse(packet).ticks * rate_hz == encoder.frame_samples * opus_packet.CLOCK_HZ
    assert len(INFO.decoder(rate_hz).decode(packet)) == needed
    return 4
