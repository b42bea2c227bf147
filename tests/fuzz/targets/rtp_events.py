"""Fuzz telephone events and comfort noise: any payloads in any packets give digits and noise, or PayloadError.

Layout of an input: packets of six octets: four of payload, one of payload type and length, one for the step of the
timestamp. COMPARED counts the octets of payloads that were built again.
"""

from rtpcodec import RtpPacket
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads.comfort_noise import ComfortNoise, NoiseGenerator
from rtpcodec.rtp.payloads.telephone_event import Digit, DigitReceiver, TelephoneEvent

COMPARED = 0
EVENT_TYPE = 101
PACKET_OCTETS = 6
MOST_PACKETS = 64
STEPS = (0, 0, 0, 160, 0xFFFF, -160, 8000, 0x7FFFFFFF)
"""Steps of the timestamp in ticks, by the low bits of an octet."""


def run(data: bytes) -> int:
    """Parse a stream of packets, then the whole input as comfort noise."""
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    timestamp, digits, calls = 0, list[Digit](), 3
    for number in range(min(len(data) // PACKET_OCTETS, MOST_PACKETS)):
        *_, shape, move = part = data[PACKET_OCTETS * number : PACKET_OCTETS * (number + 1)]
        timestamp = (timestamp + STEPS[move % len(STEPS)]) & 0xFFFFFFFF
        payload = part[: 3 + shape % 2] if shape % 16 == 0 else part[:4]
        packet = RtpPacket(
            payload_type=0 if shape & 0x40 else EVENT_TYPE,
            sequence_number=number,
            timestamp=timestamp,
            ssrc=shape >> 7 & move >> 7,
            payload=payload,
        )
        calls += 2
        try:
            digits += receiver.put(packet)
        except PayloadError:
            assert len(payload) != 4
            continue
        if len(payload) == 4:
            _compare(TelephoneEvent.parse(payload).build(), bytes((payload[0], payload[1] & 0xBF)) + payload[2:])
    digits += receiver.flush()
    assert len(digits) <= MOST_PACKETS
    assert all(digit.duration_ms >= 0 for digit in digits)
    assert receiver.flush() == []
    _noise(data[:80])
    return calls


def _noise(payload: bytes) -> None:
    try:
        noise = ComfortNoise.parse(payload)
    except PayloadError:
        return
    _compare(noise.build(), bytes((payload[0] & 0x7F,)) + payload[1:])
    if len(payload) % 16 == 1:  # a filter takes a hundred times as long as all else
        generator = NoiseGenerator(seed=len(payload))
        generator.update(noise)
        assert len(generator.generate(80)) == 160


def _compare(made: bytes, given: bytes) -> None:
    global COMPARED  # noqa: PLW0603 (the run prints it at its end)
    assert made == given
    COMPARED += len(made)
