"""Packet captures: files of tcpdump and Wireshark to RTP streams, sound and figures (docs/packet-captures.md).

datagrams       UDP datagrams with addresses and times, as the reader yields them
frames          link layers, and the counts of all packets of a capture
octet_window    a file of any length, read through a window of bounded size
pcap            classic captures
pcapng          sections of blocks
packet_writer   datagrams to a classic capture
reading         any capture, also compressed: open_packets
discovery       find_streams: one pass over a capture
candidates      decides when datagrams that look like RTP are a stream
_counters       the table of known streams; _counting: the counts of one stream
streams         one stream while its packets are read
codec_choice    the codec by the caller, SDP or RFC 3551's table; payload_guess: by the payloads
rtcp_log        sender reports, names and ends of the streams
sip, sdp        signalling as far as it describes RTP; signalling: the announced streams
pairing         the two directions of a call
report          CaptureReport and its parts
decoding        decode_capture: a file to the sound of its calls
call_decoding   decodes all calls of a capture concurrently
alignment       the two directions of a call on one timeline
timeline        the tracks of a call, written to its sink
track           one stream on its track: gaps, pauses, noise
run             ordinary packets in a row, several decoded at once
ordering        packets in the order of their sequence numbers
place           the position of packets by their timestamps
payload_audio   payloads to PCM
series          level, loss and delay per second
sound           CallSound: facts about the sound of a call
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.rtp.capture import packet_writer as packet_writer
    from rtpcodec.rtp.capture import sdp as sdp

__all__ = ["packet_writer", "sdp"]

__getattr__ = public_names(__name__, ("packet_writer", "sdp"))
