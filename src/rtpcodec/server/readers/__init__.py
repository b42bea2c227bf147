"""The readers of one call: several at the same time, each with a bounded queue of its own.

inbox           received events that wait for one reader
hub             the readers of a call, and the events from before the first of them
reading         EventReader, AudioReader, DtmfReader: the async iterators of a handler
_inbox          native: the queue and the wait of a task; _hub, _reading: the hot steps of hub and reading
shaping         audio for recognisers: one rate, and frames also while nothing arrives
shaped_reading  ShapedReader: the same as an async iterator
frames          frames of 20 ms, cut from audio of any rate and length
fill_delay      how late a chunk may be before silence takes its place
catch_up        how fast late audio is handed over
"""
