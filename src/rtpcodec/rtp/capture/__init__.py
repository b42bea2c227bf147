"""Packet captures: files of tcpdump and Wireshark to RTP streams, sound and figures (docs/packet-captures.md).

discovery       find_streams: one pass over a capture
candidates      when datagrams that look like RTP are a stream
_counters        the table of known streams; _counting: what a packet changes in one
streams         one stream while its packets pass
codec_choice    given, SDP, RFC 3551's table; payload_guess: by the payloads
rtcp_log        sender reports, names and ends of the streams
sip, sdp        signalling as far as it describes RTP; signalling: what it announced
pairing         the two directions of a call
report          CaptureReport and its parts
"""
