"""The speaking half of a session in mode rtp: replies in, texts for the carrier out, and what was heard of them.

_states      the state of the classes below in C fields, for native code; _queues: audio that waits, and that was sent
_send_path   the ordinary message in one call, on that state
settings     how a stream sends its audio
send_queue   audio that waits, as it was played
reply_queue  audio of one reply that waits: PCM of any rate and payloads, resampled when it is taken
spans        which sent positions carry which content of a reply
notes        notes at the chunks of a reply
reply        one reply: its audio, its state, and how much of it was heard
order        the replies in the order of their speaking
accepting    checks audio, and counts it against the limit of the queue
chunking     how much of a reply a message takes
sent_audio   sent audio that may have to be sent again; _kept_audio: in few octets
background_source  a recording for background sound; source_reader: read from any place on, at another rate
background_sound   background sound under speech and alone; beds, bed_source: earlier names
idle_sound   all sound beside speech: background sounds, keep-alive
far_end      which of the sent audio was played, on our clock; runs, round_trips, jitter: what it learns from
positions    what was played between two moments, as an interval
echoes       marks on their way, with fences; sent_marks: their queues
cuts         where a clear ended the audio
carrier_habits  carriers whose echoes or clears are not as documented
own_marks    after which messages an own mark is sent
send_gate    whether the far end takes audio, or only our buffers do
parts        the parts of one stream that these modules share
releasing    takes audio that is due, encodes and paces it
stopping     interruption, pause and suspension; stops: what they have stopped; pause: one pause, for its caller
whole_tones  tones of keys that a cut has met
connection_loss  a lost connection: what was heard, and the rest queued again
resolving    when a reply was heard
feedback     what echoes, the carrier's errors and time prove
chain        the send chain of a session: all of the above
"""
