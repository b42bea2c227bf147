"""The readers of one call: several at the same time, each with a bounded queue of its own.

inbox    received events that wait for one reader
hub      the readers of a call, and what arrived before the first of them
reading  EventReader, AudioReader, DtmfReader: what a handler iterates
_inbox   the queue and the wait of a task, native; _hub, _reading: the hot steps of the two above
even     audio for recognisers: one rate, and frames also while nothing comes
frames   frames of 20 ms, cut from audio of any rate and length
patience how late a chunk may be before silence takes its place
pace     how fast audio is handed over while a reader catches up
even_reading  EvenReader: the same as an async iterator
"""
