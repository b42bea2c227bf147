"""Messages, their order, the two chains of a call. No sockets, no await, no threads, no reading of a clock.

plan         what we ask the carrier for
messages     the messages as values        wire        their JSON spelling
connection   order and state               numbering   what the carrier's counters mean
receiving    chunks to audio in order      sending     audio to texts in order and in time
pacing       when a frame is due           marks       what became of a mark
events       what a session tells          event_queue bounded waiting for a slow reader
fragments    pieces of a WebSocket message, joined for the shells
session      wires them                    statistics  counts
"""
