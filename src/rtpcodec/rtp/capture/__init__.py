"""Packet captures: files of tcpdump and Wireshark to RTP streams, sound and figures (docs/packet-captures.md).

datagrams       what a capture's reader yields: UDP datagrams with addresses and times
frames          link layers, and the counts of what else a capture holds
octet_window    a file of any length through a window of bounded size
pcap            classic captures
pcapng          sections of blocks
packet_writer   datagrams to a classic capture
reading         any capture, also compressed: open_packets
discovery       find_streams: one pass over a capture
candidates      when datagrams that look like RTP are a stream
_counters       the table of known streams; _counting: what a packet changes in one
streams         one stream while its packets pass
codec_choice    given, SDP, RFC 3551's table; payload_guess: by the payloads
rtcp_log        sender reports, names and ends of the streams
sip, sdp        signalling as far as it describes RTP; signalling: what it announced
pairing         the two directions of a call
report          CaptureReport and its parts
decoding        decode_capture: a file to the sound of its calls
call_decoding   all calls of a capture side by side
alignment       the two directions of a call on one line of time
timeline        the tracks of a call, written side by side
track           one stream onto its track: gaps, pauses, noise
run             its ordinary packets in a row, several played at once
ordering        its packets in the order of their numbers
place           where its packets lie by their timestamps
payload_audio   its payloads to PCM
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
