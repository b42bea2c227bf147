"""One call's media stream without I/O: no sockets, no await, no threads, no clock; time is an argument.

plan           codecs, rates and tracks that we request
messages       the carrier's messages as values
wire           their spelling: one dialect per carrier
connection     the state of the stream and the order of its messages
complaints     which broken messages are reported, and how often
receive_codec  the codec of a declared format
misfits        payloads that are not valid in it, and the codec that they show
numbering      order and loss by the carrier's counters; numbering_facts: what the stream has shown of them
succession     the track of a missing number of a shared counter
media_time     where a chunk lies in time: pauses, later tracks
file_check     files that are sent or received in place of audio
received_track  one track: payloads to audio, and its media time
receiving      receive chain: chunks of all tracks to audio in order
stalling       silence of the socket that is a stall
key_order      keys in the order in which they were pressed
incoming       acts on each message of the carrier
items          contract of what turns PCM into the payloads of messages
packing        payloads of messages, for sample and frame codecs; packing_mp3: whole files
any_rate       PCM of any rate to that of the codec
send_queue     audio that waits, as it was played
chunking       how much of a reply a message takes
bed_source     a recording for background sound; source_reader: read from any place on, at another rate
beds           background sound under speech and alone
idle_sound     all sound beside speech: background sounds, keep-alive
send_encoding  send chain, first half: PCM to payloads when they are due
sending        send chain, second half: payloads to texts, paced
pacing         when a frame is due
far_end        which of the sent audio was played, on our clock; runs and round_trips: what it learns from
echoes         marks on their way, with fences; sent_marks: their queues
cuts           where a clear ended the audio
habits         carriers whose echoes or clears are not as documented
own_marks      after which messages an own mark is sent
no_items       stand for collections that nothing was put into
unsent_marks   marks that wait behind audio
marks          marks between sending and echo
events         the events that a session reports; _audio: Audio, the hot one
held           octets that calls may hold: shares of a budget; octets: how many an event holds
event_queue    bounded queue of events for a slow reader
statistics     counters of a session
session        one call's stream: all of the above
play_queue     audio that waits for space in a session's queue
machine        one call: session, waiting audio, time-outs, end of the connection
fragments      joins fragmented WebSocket messages
"""
