"""Captures: all messages of a stream and the app's calls as lines of a file, and their replay. No other I/O.

blanking    payloads without their audio, of the same length, duration and packing
lines       the lines of a capture: messages without private members, and the app's calls
header      the first line, with which a replay makes the same session
inputs      reports the inputs of a session to its captures
capture     one capture of one session, and its file
reading     a capture file to lines, with their numbers
dialect     the lines as a dialect, so that a replay needs no carrier's parser
replaying   runs a capture through a new session
sounds      the audio of a replay as files
pcap        a replay as a packet capture; pcap_stream: its RTP; pcap_setup: its SIP
actions     repeats the app's calls in a replay
"""
