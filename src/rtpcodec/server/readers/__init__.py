"""The readers of one call: several at the same time, each with a bounded queue of its own.

inbox    received events that wait for one reader
hub      the readers of a call, and what arrived before the first of them
reading  EventReader, AudioReader, DtmfReader: what a handler iterates
"""
