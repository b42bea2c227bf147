"""The media stream of one call without I/O: no sockets, no await, no threads, no clock; time is an argument.

plan           codecs, rates and tracks that we request
texml          the TeXML element of a plan; twiml: the TwiML element
messages       the carrier's messages as values
wire           their spelling: one dialect per carrier
connection     the state of the stream and the order of its messages
malformed_reports  which messages that break rules are reported, and how often
receive_codec  the codec of a declared format
codec_detection  payloads that are not valid in the declared codec, and the codec that they are valid in
numbering      order and loss by the carrier's counters; numbering_facts: what a stream has shown about its counters
track_prediction  the track of a number that is missing from a shared counter
media_time     the media time of chunks: pauses, tracks that begin later
file_check     files that are sent or received in place of audio
received_track  one track: payloads to audio, and its media time
receiving      the receive chain: chunks of all tracks to audio in order
stalling       silence of the socket that counts as a stall
key_order      keys in the order in which they were pressed
incoming       handles each message of the carrier
items          the protocol class of an encoder of message payloads
packing        payloads of messages, for sample and frame codecs; packing_mp3: whole files
speaking       the send side in mode rtp: replies in, texts out, and how much of them was heard
send_chain     the base class of send chains; chain_factory: makes the chain of a plan
rate_conversion  PCM of any rate to the rate of an MP3
file_chain     the send chain in mode mp3: files in, texts out
pacing         the time at which a file is due
empty_collections  shared empty collections, which save memory per call
unsent_marks   marks that wait behind audio
marks          names of marks; in mode mp3 the marks that were sent and not echoed
events         the events that a session reports; _audio: Audio, the most frequent one;
               sending_events: events about sent audio; listening_events: events found in received audio;
               connection_events: events of the socket and the phone call
memory_budget  limits on the octets that calls hold; event_octets: the octets of one event; held: its earlier name
event_queue    the bounded queue of events for a slow reader; _event_queue: its code
counts         counters of a session; level_meter: levels of its audio; statistics: all of them at one moment;
               counter_sums: the counters that add up over sessions
listening      sinks that examine a stream beside its reader, and private sections
capture        inputs and outputs of a session as lines of a file, and their replay
diagnosis      faults of a stream that its payloads, its arrival and its plan show
tapping        the audio of any stage as a file
app_messages   messages that an application writes in the carrier's spelling
session_options  the arguments that a session was made with
session_state  the state and statistics of a session; session_listening: its sinks; capturing: its captures;
               session_suspending: its suspensions; session_dialect: its carrier
_session       the fast path of a session: an ordinary message in one native call
_receive_path  the receive direction of the fast path: text to Audio; _receive_states: the fields of each chunk
session        MediaSession, which joins all of the above
play_queue     audio of one reply that waits for space in a session's queue; plays: of all replies
ending         why a call's stream has ended
connection_watch  the network connection of one call: time-outs, pings, the hold of a lost one
machine        one call: session, waiting audio, time-outs, end of the connection
_machine       the fast path of a machine
fragments      joins fragmented WebSocket messages
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.stream import events as events
    from rtpcodec.stream import memory_budget as memory_budget
    from rtpcodec.stream import statistics as statistics
    from rtpcodec.stream import wire as wire
    from rtpcodec.stream.speaking.background_sound import BackgroundSound as BackgroundSound

__all__ = ["BackgroundSound", "events", "memory_budget", "statistics", "wire"]

__getattr__ = public_names(
    __name__,
    ("events", "memory_budget", "statistics", "wire"),
    {"BackgroundSound": "speaking.background_sound"},
)
