"""`rtpcodec demo`: one simulated call a codec, all at once, and what became of the audio.

scenario  runs the calls          measure  judges the audio
picture   draws it                show     the command, the table, the files
"""
