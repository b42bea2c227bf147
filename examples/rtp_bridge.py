"""Bridges a phone call's media stream to RTP over UDP, in both directions.

pip install 'rtpcodec[server]' && python rtp_bridge.py 127.0.0.1 40000
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Coroutine

import rtpcodec
from rtpcodec import RtpPacket, events
from rtpcodec.rtp.jitter import JitterBuffer, Wait
from rtpcodec.rtp.profile import ticks

CODEC, PAYLOAD_TYPE = rtpcodec.codec("PCMU"), 0


def now_ms() -> float:
    """Return the time for the jitter buffer, which does not read a clock itself."""
    return time.monotonic() * 1000


class RtpLeg(asyncio.DatagramProtocol):
    """The RTP side of a call: puts received packets into a jitter buffer, and turns the call's events into packets."""

    def __init__(self) -> None:
        self.buffer, self.arrived = JitterBuffer(CODEC.rtp_clock_hz()), asyncio.Event()
        self.packetizer = rtpcodec.Packetizer(rtpcodec.payload_format(CODEC), PAYLOAD_TYPE)

    def datagram_received(self, datagram: bytes, _address: object) -> None:
        """Buffer audio packets; ignore all other datagrams."""
        with contextlib.suppress(rtpcodec.errors.PacketError):
            packet = RtpPacket.parse(datagram)
            if packet.payload_type == PAYLOAD_TYPE and self.buffer.put(packet, now_ms()):
                self.arrived.set()

    def packets(self, event: events.Event) -> list[RtpPacket]:
        """Return the packets of an event. A gap advances the RTP timestamp, so that later audio keeps its time."""
        if isinstance(event, events.Gap):
            self.packetizer.advance(ticks(event.duration_ms, CODEC.rtp_clock_hz()))
        return self.packetizer.packetize(event.payload) if isinstance(event, events.Audio) else []


async def play(leg: RtpLeg, call: rtpcodec.Call) -> None:
    """Play the far end's audio to the caller when it is due, and conceal lost packets."""
    decoder, samples = CODEC.decoder(), 0
    while True:
        due = leg.buffer.pop(now_ms())
        if isinstance(due, Wait):
            leg.arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leg.arrived.wait(), due.until_ms and (due.until_ms - now_ms()) / 1000)
        elif isinstance(due, RtpPacket):
            samples = CODEC.samples_in(due.payload)
            await call.play(decoder.decode(due.payload))
        else:
            await call.play(decoder.conceal(min(samples * due.count, 8000)))  # at most 1 s: it fades out long before


def bridge(host: str, port: int) -> Callable[[rtpcodec.Call], Coroutine[None, None, None]]:
    """Make a handler that connects each call to the RTP peer at this address."""

    async def answer(call: rtpcodec.Call) -> None:
        udp, leg = await asyncio.get_running_loop().create_datagram_endpoint(RtpLeg, remote_addr=(host, port))
        playing = asyncio.create_task(play(leg, call))
        with contextlib.closing(udp):
            async for event in call.events():
                for packet in leg.packets(event):
                    udp.sendto(packet.build())
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)

    return answer


if __name__ == "__main__":
    rtpcodec.run(bridge(sys.argv[1], int(sys.argv[2])), plan=rtpcodec.StreamPlan(send_codec="PCMU"), port=8080)
