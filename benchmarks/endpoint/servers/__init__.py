"""The contenders, one file each: an echo of the audio of a call. All run on uvloop.

serving     what a contender is given; echoing: JSON to PCM and back by the standard library and a codec of a peer
"""
