"""RTP packets, their order and time, and the payload formats of codecs. No sockets, no JSON.

packet            RtpPacket: header, payload, padding
header_extension  elements of header extensions, in both forms of RFC 8285 section 4
packetizer        payloads to the packets of a stream: sequence numbers, timestamps, marker
profile           payload types, RTP clocks and `rtpmap`
sequence          counters that wrap
reorder           reorder buffer without timers, for the chunks of a WebSocket; _window: its state in C types
skipped           the numbers that the reorder buffer has skipped, as spans
packet_order      the order of packets over UDP: duplicates, odd numbers, a new numbering
jitter            JitterBuffer: holds packets until they are due, reports loss
schedule          the time at which each packet is due, from its timestamp; re-basing
playout           the play-out delay, from the jitter
rtcp              RTCP packets to values
statistics        counts of RFC 3550 appendix A, bursts of loss, an E-model estimate
payloads/         frames to payloads and back; telephone events; comfort noise
capture/          packet captures to streams, sound and figures
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.rtp import capture as capture
    from rtpcodec.rtp import header_extension as header_extension
    from rtpcodec.rtp import jitter as jitter
    from rtpcodec.rtp import payloads as payloads
    from rtpcodec.rtp import profile as profile
    from rtpcodec.rtp import rtcp as rtcp
    from rtpcodec.rtp import sequence as sequence
    from rtpcodec.rtp import statistics as statistics

__all__ = ["capture", "header_extension", "jitter", "payloads", "profile", "rtcp", "sequence", "statistics"]

__getattr__ = public_names(
    __name__, ("capture", "header_extension", "jitter", "payloads", "profile", "rtcp", "sequence", "statistics")
)
