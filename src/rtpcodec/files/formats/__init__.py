"""One module per file format, each with `open_source` and, where it is written too, `open_target`.

flac_target  FLAC by libsndfile
mp3_target   MP3 by libsndfile, with its header frame
raw_target   payload octets alone: mu-law, A-law, G.722, L16
wav_target   WAV of 16-bit PCM
flac          FLAC
mp3           MP3 of any length; mp3_segments decodes one of the glued files
raw           payload octets alone
sndfile       libsndfile over a file that is read once, for the others
wav           WAV, RF64, BW64, RIFX; wav_mp3 those that hold MP3
"""
