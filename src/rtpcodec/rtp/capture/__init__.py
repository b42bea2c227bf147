"""Packet captures: files of tcpdump and Wireshark to RTP streams, sound and figures (docs/packet-captures.md)."""
