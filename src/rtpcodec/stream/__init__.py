"""One call's media stream without I/O: no sockets, no await, no threads, no clock; time is an argument.

plan           codecs, rates and tracks that we request
texml          the TeXML element of a plan; twiml: the TwiML element
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
speaking       send side of mode rtp: replies in, texts out, and what was heard of them
send_chain     contract of a send chain; chains: the one for a plan
any_rate       PCM of any rate to that of an MP3
file_chain     send chain of mode mp3: files in, texts out
pacing         when a file is due
no_items       stand for collections that nothing was put into
unsent_marks   marks that wait behind audio
marks          names of marks; those between sending and echo in mode mp3
events         the events that a session reports; _audio: Audio, the hot one; sending_events: those of what we send;
               listening_events: those of what we find in received audio;
               line_events: those of the socket and the phone call
held           octets that calls may hold: shares of a budget; octets: how many an event holds
event_queue    bounded queue of events for a slow reader; _event_queue: its code
counts         counters of a session; level_meter: levels of its audio; statistics: all of them at one moment;
               sums: those that are added to other sessions'
listening      what looks at a stream beside its reader: sinks and private sections
capture        what a session is given and sends, as lines of a file, and their replay
diagnosis      faults of a stream that its payloads, arrival and plan show
tapping        the audio of any stage as a file
app_messages   messages that an application writes in the carrier's spelling
session_options  what a session was made with
session_state  what a session can be asked; session_listening: what listens to it; capturing: its captures;
               session_suspending: its suspensions; session_dialect: its carrier
_road          the hot methods of a session: the ordinary message in one call
_hearing       its receive direction: text to Audio; _hearing_states: the fields that each chunk touches
session        one call's stream: all of the above
play_queue     audio of one reply that waits for space in a session's queue; plays: of all replies
ending         why a call's stream has ended
line_watch     the line of one call: its time-outs, pings, the hold of a lost one
machine        one call: session, waiting audio, time-outs, end of the connection
_machine       the methods of a machine that each message meets
fragments      joins fragmented WebSocket messages
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.stream import events as events
    from rtpcodec.stream import held as held
    from rtpcodec.stream import statistics as statistics
    from rtpcodec.stream import wire as wire
    from rtpcodec.stream.speaking.beds import Bed as Bed

__all__ = ["Bed", "events", "held", "statistics", "wire"]

__getattr__ = public_names(__name__, ("events", "held", "statistics", "wire"), {"Bed": "speaking.beds"})
