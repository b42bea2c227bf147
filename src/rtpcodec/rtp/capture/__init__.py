"""Packet captures: files of tcpdump and Wireshark to RTP streams, sound and figures (docs/packet-captures.md).

datagrams       what a capture's reader yields: UDP datagrams with addresses and times
frames          link layers, and the counts of what else a capture holds
octet_window    a file of any length through a window of bounded size
pcap            classic captures
pcapng          sections of blocks
packet_writer   datagrams to a classic capture
reading         any capture, also compressed: open_packets
"""
