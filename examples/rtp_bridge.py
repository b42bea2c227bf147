"""A phone call's media stream bridged to RTP over UDP, both ways.

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
    """The jitter buffer reads no clock itself."""
    return time.monotonic() * 1000


class RtpLeg(asyncio.DatagramProtocol):
    """The UDP side of a call: the far end's packets into a jitter buffer, the call's events into packets."""

    def __init__(self) -> None:
        self.buffer, self.arrived = JitterBuffer(CODEC.rtp_clock_hz()), asyncio.Event()
        self.packetizer = rtpcodec.Packetizer(rtpcodec.payload_format(CODEC), PAYLOAD_TYPE)

    def datagram_received(self, datagram: bytes, _address: object) -> None:
        """Take packets of audio; what else comes to the port is passed over."""
        with contextlib.suppress(rtpcodec.errors.PacketError):
            packet = RtpPacket.parse(datagram)
            if packet.payload_type == PAYLOAD_TYPE and self.buffer.put(packet, now_ms()):
                self.arrived.set()

    def packets(self, event: events.Event) -> list[RtpPacket]:
        """What goes out for an event. Time that was lost passes in the stream too."""
        if isinstance(event, events.Gap):
            self.packetizer.advance(ticks(event.duration_ms, CODEC.rtp_clock_hz()))
        return self.packetizer.packetize(event.payload) if isinstance(event, events.Audio) else []


async def play(leg: RtpLeg, call: rtpcodec.Call) -> None:
    """What the far end says, to the caller when it is due; what was lost is made up."""
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
            await call.play(decoder.conceal(min(samples * due.count, 8000)))  # a second: all has faded long before


def bridge(host: str, port: int) -> Callable[[rtpcodec.Call], Coroutine[None, None, None]]:
    """A handler that joins each call with the RTP peer of that address."""

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
