"""examples/rtp_bridge.py with an echoing RTP peer on UDP, over a good network and with loss and reordering."""

from __future__ import annotations

import asyncio
import importlib.util
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, cast

import pytest

import rtpcodec
from rtpcodec import Packetizer, RtpPacket
from rtpcodec.sim import Carrier
from rtpcodec.sim.report import CallReport

EXAMPLE = Path(__file__).parents[2] / "examples" / "rtp_bridge.py"
SPEECH = rtpcodec.pcmu_decode(Random(7).randbytes(16_000))
"""Two seconds of noise, so that no two frames are equal."""
FRAME_OCTETS = 320
LEAP_AT = 20


def load_example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rtp_bridge", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FarEnd(asyncio.DatagramProtocol):
    """An RTP peer that echoes packets, with faults.

    lose_every: one of this many packets is not sent; 0: none is lost.
    swap_every: one of this many packets is sent after its successor; 0: never.
    leap: the packet number LEAP_AT is doubled in length, and this many sequence numbers after it are skipped.
    """

    def __init__(self, lose_every: int = 0, swap_every: int = 0, leap: int = 0) -> None:
        self.heard: list[RtpPacket] = []
        self._lose_every, self._swap_every, self._leap = lose_every, swap_every, leap
        self._held: bytes | None = None
        layout = rtpcodec.payload_format(rtpcodec.codec("PCMU"))
        self._packetizer = Packetizer(layout, 0, sequence_number=65_500, timestamp=0xFFFFF000)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, datagram: bytes, address: Any) -> None:
        packet = RtpPacket.parse(datagram)
        self.heard.append(packet)
        number = len(self.heard)
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


async def call_through_the_bridge(far_end: FarEnd) -> CallReport:
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(lambda: far_end, local_addr=("127.0.0.1", 0))
    plan = rtpcodec.StreamPlan(send_codec="PCMU")
    answer = load_example().bridge(*udp.get_extra_info("sockname"))
    async with Carrier("KEY") as carrier, rtpcodec.serve(answer, plan=plan) as endpoint:
        call = carrier.new_call(SPEECH, codec="PCMU", speech_hz=8000, tail_ms=500, playout_delay_ms=100)
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
def test_with_loss_and_reordering_every_frame_keeps_its_time(lose_every: int, swap_every: int) -> None:
    """Concealment lasts as long as the lost audio, so later audio keeps its time."""
    report = asyncio.run(call_through_the_bridge(FarEnd(lose_every, swap_every)))
    assert report.errors_sent == 0
    heard = frames_heard(report)
    assert 60 - 2 * report.late_ticks < heard <= (92 if lose_every else 100)


def test_a_gap_longer_than_concealment_does_not_stop_the_echo() -> None:
    report = asyncio.run(call_through_the_bridge(FarEnd(leap=2000)))
    later = [SPEECH[at : at + FRAME_OCTETS] for at in range(FRAME_OCTETS * (LEAP_AT + 2), len(SPEECH), FRAME_OCTETS)]
    assert report.errors_sent == 0
    assert sum(frame in report.heard_pcm for frame in later) > 10 - report.late_ticks, (
        "of 78; the concealed second delays them"
    )
