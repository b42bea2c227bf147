"""One call's media stream without I/O: no sockets, no await, no threads, no clock; time is an argument.

plan           codecs, rates and tracks that we request
messages       the carrier's messages as values
wire           their spelling: one dialect per carrier
connection     the state of the stream and the order of its messages
complaints     which broken messages are reported, and how often
receive_codec  the codec of a declared format
misfits        payloads that are not valid in it, and the codec that they show
numbering      gaps and order from the carrier's counters
receiving      receive chain: chunks to audio in order
items          contract of what turns PCM into the payloads of messages
packing        payloads of messages, for sample and frame codecs; packing_mp3: whole files
send_encoding  send chain, first half: PCM to payloads
send_queue     payloads and marks that wait to be sent
sending        send chain, second half: payloads to texts, paced
pacing         when a frame is due
marks          marks between sending and echo
events         the events that a session reports; _audio: Audio, the hot one
event_queue    bounded queue of events for a slow reader
statistics     counters of a session
session        one call's stream: all of the above
play_queue     audio that waits for space in a session's queue
machine        one call: session, waiting audio, time-outs, end of the connection
fragments      joins fragmented WebSocket messages
"""
