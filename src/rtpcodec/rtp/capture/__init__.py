"""Packet captures: files of tcpdump and Wireshark to RTP streams, sound and figures (docs/packet-captures.md).

decoding        decode_capture: a file to the sound of its calls
call_decoding   all calls of a capture side by side
alignment       the two directions of a call on one line of time
timeline        the tracks of a call, written side by side
track           one stream onto its track: gaps, pauses, noise
ordering        its packets in the order of their numbers
place           where its packets lie by their timestamps
payload_audio   its payloads to PCM
series          level, loss and delay per second
sound           CallSound: facts about the sound of a call
"""
