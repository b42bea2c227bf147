"""RTP packets, their order and time, and how frames lie in payloads. No sockets, no JSON.

packet            RtpPacket: header, payload, padding
header_extension  both forms of RFC 8285
packetizer        payloads into the packets of a stream: sequence numbers, timestamps, marker
profile           payload types and clocks; `rtpmap`
sequence          counters that wrap
reorder           reorder buffer without timers: for the chunks of a WebSocket; _window: its state in C types
skipped           the numbers that it has skipped, as spans
packet_order      the numbers of packets over UDP: order, duplicates, a new numbering
jitter            JitterBuffer: holds packets, counts loss
schedule          timestamps to the times at which packets are due; re-basing
playout           how long packets are delayed, by their jitter
rtcp              RTCP packets to values
statistics        counts of RFC 3550, bursts of loss, an E-model estimate
capture/          packet captures to streams, sound and figures
payloads/         frames to payloads and back; telephone events; comfort noise
capture/          packet captures: files to streams and figures
"""
