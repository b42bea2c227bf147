"""Media of a stream: what is sent when, and what the app's messages do. No I/O, no clock.

stream      CarrierStream: one stream of a call
formats     which codec and rate a stream gets in each direction
coding      chunks to payloads
returned    the app's media messages to PCM
mp3_messages  the same for whole files, in mode mp3
tracks      the chunks of both tracks and their numbers
speech      what the caller says, in chunks
playout     what the caller hears, on a play-out clock
network     Faults: reordering, duplicates, loss and stalls by a seed
variations  Variations: spellings and habits that carriers differ in
"""
