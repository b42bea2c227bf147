"""examples/rtp_bridge.py with an echoing RTP peer on UDP, over a good network and with loss and reordering."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest

import rtpcodec
from rtpcodec import Packetizer, RtpPacket, events
from rtpcodec.rtp.payloads.comfort_noise import PAYLOAD_TYPE as NOISE_TYPE
from rtpcodec.rtp.payloads.comfort_noise import ComfortNoise
from rtpcodec.rtp.payloads.telephone_event import digit_packets
from rtpcodec.sim import Carrier
from rtpcodec.sim.report import CallReport
from rtpcodec.stream.messages import MediaFormat, Start

EXAMPLE = Path(__file__).parents[2] / "examples" / "rtp_bridge.py"
SPEECH = rtpcodec.pcmu_decode(Random(7).randbytes(16_000))
"""Two seconds of noise, so that no two frames are equal."""
FRAME_OCTETS = 320
LEAP_AT = 20
INSTEAD_AT = 30
EVENT_TYPE = 101
PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8, "G722": 9}

Instead = Callable[[Packetizer], list[RtpPacket | None]]
"""Packets in place of audio; None: nothing is sent for a frame."""


def load_example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rtp_bridge", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FarEnd(asyncio.DatagramProtocol):
    """An RTP peer that echoes what it hears; every so many packets one is lost, and two change places.

    LEAP_AT packets later than the first, one lasts twice as long, and so many numbers after it are never sent. At
    packet INSTEAD_AT, other packets take the place of several of audio.
    """

    def __init__(
        self,
        lose_every: int = 0,
        swap_every: int = 0,
        leap: int = 0,
        *,
        codec: str = "PCMU",
        instead: Instead | None = None,
    ) -> None:
        self.heard: list[RtpPacket] = []
        self._lose_every, self._swap_every, self._leap = lose_every, swap_every, leap
        self._held: bytes | None = None
        self._instead, self._others = instead, list[RtpPacket | None]()
        info = rtpcodec.codec(codec)
        self._packetizer = Packetizer(
            rtpcodec.payload_format(info), PAYLOAD_TYPES[codec], sequence_number=65_500, timestamp=0xFFFFF000
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, datagram: bytes, address: Any) -> None:
        packet = RtpPacket.parse(datagram)
        self.heard.append(packet)
        number = len(self.heard)
        if self._instead and number == INSTEAD_AT:
            self._others = self._instead(self._packetizer)
        if self._others:
            other = self._others.pop(0)
            if other is not None:
                self._transport.sendto(other.build(), address)
            return
        leaps = self._leap and number == LEAP_AT
        (answer,) = self._packetizer.packetize(packet.payload * 2 if leaps else packet.payload)
        if leaps:
            self._packetizer.sequence_number = (self._packetizer.sequence_number + self._leap) & 0xFFFF
        if self._lose_every and number % self._lose_every == 0:
            return
        self._transport.sendto(b"not an RTP packet", address)
        if self._swap_every and number % self._swap_every == 0:
            self._held = answer.build()
            return
        self._transport.sendto(answer.build(), address)
        if self._held is not None:
            self._transport.sendto(self._held, address)
            self._held = None


async def call_through_the_bridge(far_end: FarEnd, codec: str = "PCMU", speech: bytes = SPEECH) -> CallReport:
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(lambda: far_end, local_addr=("127.0.0.1", 0))
    plan = rtpcodec.StreamPlan(send_codec="PCMU")
    answer = load_example().bridge(*udp.get_extra_info("sockname"))
    async with Carrier("KEY") as carrier, rtpcodec.serve(answer, plan=plan) as endpoint:
        call = carrier.new_call(speech, codec=codec, speech_hz=8000, tail_ms=500, playout_delay_ms=100)
        async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **plan.command_fields())
        report = await call.finished()
    udp.close()
    return report


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.read_text().splitlines()) < 80


def frames_heard(report: CallReport) -> int:
    """Count the frames of the speech that are heard unchanged and at their time, relative to the first one heard.

    On a busy machine, which the simulator notices by late ticks and gaps: count those that are heard in their order.
    """
    frames = [SPEECH[at : at + FRAME_OCTETS] for at in range(0, len(SPEECH), FRAME_OCTETS)]
    if report.late_ticks or report.dry_count:
        return in_order(report.heard_pcm, frames)
    starts = ((number, report.heard_pcm.find(frame)) for number, frame in enumerate(frames))
    number, found = next((number, found) for number, found in starts if found >= 0)
    start = found - number * FRAME_OCTETS
    return sum(
        report.heard_pcm[start + number * FRAME_OCTETS :][:FRAME_OCTETS] == frame for number, frame in enumerate(frames)
    )


def in_order(heard: bytes, frames: list[bytes]) -> int:
    """Count the frames that are heard one after the other, wherever."""
    count = at = 0
    for frame in frames:
        if (found := heard.find(frame, at)) >= 0:
            count, at = count + 1, found + FRAME_OCTETS
    return count


def test_audio_reaches_the_peer_and_its_echo_reaches_the_caller() -> None:
    far_end = FarEnd()
    report = asyncio.run(call_through_the_bridge(far_end))
    assert report.end_reason == "speech_ended"
    assert report.errors_sent == 0
    assert SPEECH in rtpcodec.pcmu_decode(b"".join(packet.payload for packet in far_end.heard))
    assert [packet.marker for packet in far_end.heard] == [True, *[False] * (len(far_end.heard) - 1)]
    for packet, following in pairwise(far_end.heard):
        assert following.sequence_number == (packet.sequence_number + 1) & 0xFFFF
        assert following.timestamp == (packet.timestamp + packet.payload_octets) & 0xFFFFFFFF
    assert frames_heard(report) > 80 - 2 * report.late_ticks, (
        "of 100; frames that a busy machine sends too late are lost"
    )


@pytest.mark.parametrize(("lose_every", "swap_every"), [(10, 0), (0, 7), (13, 7)])
def test_over_a_bad_network_every_frame_keeps_its_place(lose_every: int, swap_every: int) -> None:
    """A lost frame is concealed and takes as long, so that those after it are where they would be."""
    report = asyncio.run(call_through_the_bridge(FarEnd(lose_every, swap_every)))
    assert report.errors_sent == 0
    heard = frames_heard(report)
    assert 60 - 2 * report.late_ticks < heard <= (92 if lose_every else 100)


def test_jumping_numbers_do_not_end_the_return_path() -> None:
    report = asyncio.run(call_through_the_bridge(FarEnd(leap=2000)))
    later = [SPEECH[at : at + FRAME_OCTETS] for at in range(FRAME_OCTETS * (LEAP_AT + 2), len(SPEECH), FRAME_OCTETS)]
    assert report.errors_sent == 0
    assert sum(frame in report.heard_pcm for frame in later) > 40, "of 78; a busy machine may be late"


def key(packetizer: Packetizer) -> list[RtpPacket | None]:
    """A key of 13 packets, 260 ms, in place of audio."""
    timed = digit_packets(packetizer, "5", 220, payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    packetizer.advance(320)
    return [one.packet for one in timed]


def key_with_losses(packetizer: Packetizer) -> list[RtpPacket | None]:
    """The same; the network loses three of them."""
    return [None if place in {3, 4, 9} else packet for place, packet in enumerate(key(packetizer))]


def comfort_noise(packetizer: Packetizer) -> list[RtpPacket | None]:
    """260 ms of silence, and its noise described three times."""
    noise = [packetizer.packet(ComfortNoise(-50).build(), payload_type=NOISE_TYPE, marker=False) for _ in range(3)]
    packetizer.silence(160 * 13)
    return [*noise, *[None] * 10]


@pytest.mark.parametrize("instead", [key, key_with_losses, comfort_noise])
def test_keys_and_comfort_noise_are_not_concealed_as_speech(instead: Instead) -> None:
    """They are counted, and nothing is heard in their place: 13 of 100 frames."""
    tone = np.where(np.arange(16_000) % 20 < 10, 8000, -8000).astype(np.int16)
    report = asyncio.run(call_through_the_bridge(FarEnd(instead=instead), speech=tone.tobytes()))
    assert report.errors_sent == 0
    loud = np.abs(np.frombuffer(report.heard_pcm, np.int16)) > 100
    assert 80 <= sum(loud) / 160 <= 87


@pytest.mark.parametrize("codec", PAYLOAD_TYPES)
def test_each_leg_has_the_payload_type_of_its_codec(codec: str) -> None:
    info = rtpcodec.codec(codec)
    far_end = FarEnd(codec=codec)
    report = asyncio.run(call_through_the_bridge(far_end, codec))
    assert report.errors_sent == 0
    assert {packet.payload_type for packet in far_end.heard} == {PAYLOAD_TYPES[codec]}
    layout = rtpcodec.payload_format(info)
    for packet, following in pairwise(far_end.heard):
        assert following.sequence_number == (packet.sequence_number + 1) & 0xFFFF
        assert following.timestamp == (packet.timestamp + layout.ticks(packet.payload)) & 0xFFFFFFFF
    decoder = info.decoder()
    heard = b"".join(decoder.decode(frame) for packet in far_end.heard for frame in layout.frames(packet.payload))
    assert rms(heard) == pytest.approx(rms(SPEECH), rel=0.3)
    # And back: as long and as loud as it was said, not noise of another codec.
    assert rms(report.heard_pcm[8000:24_000]) == pytest.approx(rms(SPEECH), rel=0.3)


def test_packets_of_every_type_are_counted_and_rtcp_is_not() -> None:
    leg = load_example().RtpLeg()
    stream = Packetizer(rtpcodec.payload_format(rtpcodec.codec("PCMU")), 0)
    packets = [*stream.packetize(bytes(160)), *filter(None, key(stream)), *filter(None, comfort_noise(stream))]
    for packet in packets:
        leg.datagram_received(packet.build(), None)
        leg.datagram_received(bytes.fromhex("80c80006") + bytes(24), None)
        leg.datagram_received(b"no packet", None)
    assert leg.buffer.held == len(packets)


def test_leg_that_changes_its_codec_changes_the_payload_type() -> None:
    """As after a transfer; numbers, timestamps and SSRC continue. A codec of another clock is refused by its name."""
    leg = load_example().RtpLeg()
    packets = []
    for codec in ("PCMA", "G722", "PCMU", "PCMA"):
        start = Start(media_format=MediaFormat(codec, 8000, 1))
        packets += leg.packets(events.Started.of(start, 0.0, None))
        packets += leg.packets(events.Audio("inbound", bytes(160), b"", 8000, 0.0, 20.0))
    assert [packet.payload_type for packet in packets] == [8, 9, 0, 8]
    for packet, following in pairwise(packets):
        assert following.sequence_number == (packet.sequence_number + 1) & 0xFFFF
        assert following.timestamp == (packet.timestamp + 160) & 0xFFFFFFFF
        assert following.ssrc == packet.ssrc
    with pytest.raises(KeyError, match="OPUS"):
        leg.packets(events.Started.of(Start(media_format=MediaFormat("OPUS", 48_000, 1)), 0.0, None))


def rms(pcm: bytes) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(pcm, np.int16).astype(float) ** 2)))
