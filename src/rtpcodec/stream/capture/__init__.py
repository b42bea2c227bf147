"""Captures: every message of a stream both ways, and what the app did, as lines; and their replay. No I/O but one file.

blanking    payloads without their audio, of the same length, duration and packing
lines       the lines of a capture: messages, private members hidden, and what the app did
header      the first line: with it a replay makes the same session
inputs      what a session reports to its captures
capture     one capture of one session, and where its lines go
reading     a capture file to records, with the number of each line
dialect     the lines as a dialect of the wire, so that a replay parses no carrier's texts
replaying   runs a capture through a new session
sounds      the audio of a replay as files
pcap        a replay as a packet capture; pcap_stream its RTP, pcap_setup its SIP
driving     what the app did, done again
"""
