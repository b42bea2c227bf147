"""Sample rates, frame sizes, concealment, audio files. No codecs.

resample     Resampler: one stream from rate to rate
concealment  Concealer: fills gaps in PCM
frames       Framer: audio of any cut into frames of one size
files        WAV
mp3          whole MP3 files; mp3_frames (headers), mp3_scan (borders), mp3_other (data that is not MP3) are its parts
"""
