"""One module per file format, each with `open_source` and, where it is written too, `open_target`.

flac_target  FLAC by libsndfile
mp3_target   MP3 by libsndfile, with its header frame
raw_target   payload octets alone: mu-law, A-law, G.722, L16
wav_target   WAV of 16-bit PCM
"""
