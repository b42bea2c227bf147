"""Bridges a phone call's media stream to RTP over UDP, in both directions, on legs of PCMU, PCMA and G722.

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

PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8, "G722": 9}
CLOCK_HZ = 8000  # the RTP clock of all three, also of G722, whose samples are 16000 per second


class RtpLeg(asyncio.DatagramProtocol):
    """The RTP side of a call: puts received packets into a jitter buffer, and turns the call's events into packets."""

    def __init__(self) -> None:
        self.buffer, self.arrived = JitterBuffer(CLOCK_HZ), asyncio.Event()
        self.packetizer = rtpcodec.Packetizer(rtpcodec.payload_format(rtpcodec.codec("PCMU")), 0)

    def datagram_received(self, datagram: bytes, _address: object) -> None:
        """Put packets of every type into the buffer: keys and comfort noise have numbers too, and are not lost."""
        with contextlib.suppress(rtpcodec.errors.PacketError):
            if not rtpcodec.is_rtcp(datagram):
                self.buffer.put(RtpPacket.parse(datagram), time.monotonic() * 1000)
                self.arrived.set()

    def packets(self, event: events.Event) -> list[RtpPacket]:
        """Return the packets of an event. A gap advances the RTP timestamp, so that later audio keeps its time."""
        if isinstance(event, events.Started):  # KeyError: a codec of another clock, or one without a payload type
            self.packetizer.payload_type = PAYLOAD_TYPES[event.media_format.encoding]
        if isinstance(event, events.Gap):
            self.packetizer.advance(round(event.duration_ms * CLOCK_HZ / 1000))
        return self.packetizer.packetize(event.payload) if isinstance(event, events.Audio) else []


async def play(leg: RtpLeg, call: rtpcodec.Call) -> None:
    """Play the far end's audio when it is due; conceal packets that are lost after audio, not those of a key."""
    decoders = {number: rtpcodec.codec(name).decoder() for name, number in PAYLOAD_TYPES.items()}
    heard = samples = 0
    while True:
        while isinstance(due := leg.buffer.pop(time.monotonic() * 1000), Wait):
            leg.arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leg.arrived.wait(), due.until_ms and due.until_ms / 1000 - time.monotonic())
        if isinstance(due, RtpPacket):
            heard = due.payload_type if due.payload_type in decoders else heard
            pcm = decoders[heard].decode(due.payload) if due.payload_type == heard else b""
            samples = len(pcm) // 2
        else:
            pcm = decoders[heard].conceal(min(samples * due.count, CLOCK_HZ))  # at most 1 s: it fades out long before
        await call.play(pcm, decoders[heard].sample_rate_hz)


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
