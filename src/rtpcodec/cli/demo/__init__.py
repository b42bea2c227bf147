"""`rtpcodec demo`: one simulated call per codec, all at once, and what became of the audio.

command   the options             show     the table, the files
scenario  runs the calls          measure  judges the audio
charts    draws it                speech   the caller
"""
