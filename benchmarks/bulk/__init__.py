"""Many G.711 files to WAV: reading and writing alone, threads, processes, and a shell loop over ffmpeg.

recordings  the folder of files, and whether what became of them is right
methods     the methods to convert it, each timed
engines     clusters of this machine as further methods
report      the table and the bars
"""
