"""One stream: the texts to the app and their times, and the effect of the app's messages. No I/O, no clock.

stream      CarrierStream: the machine of one stream
facts       CallFacts: the facts about a call that its streams need
writer      the carrier's messages: numbered, spelled, sent
receiver    the app's messages: played, placed, refused
closing     why a stream ended, and how long the app may take to close
formats     which codec and rate a stream gets in each direction
coding      chunks to payloads
returned    the app's media messages to PCM
mp3_messages  the same for whole files, in mode mp3
tracks      the chunks of both tracks and their numbers
speech      the caller's speech: a file, PCM, or a generator
network_tones  tones of telephone networks, as speech of a phone
playout     the caller's ear: audio and marks on a play-out clock
marks       when the app's marks come back
keys        the caller's keys
chunk_faults  Faults: reordering, duplicates, loss and stalls of chunks by a seed
echo_path   EchoPath: the phone returns what it hears
timing      Timing: delays, jitter, stalls, holds, slow reading and clock skew
link        the two directions of the connection at run time
variations  Variations: spellings and habits that carriers differ in
rtp_headers RTP headers inside payloads
stream_errors  errors that a stream answers the app with
"""
