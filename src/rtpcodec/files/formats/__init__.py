"""One module per file format, each with `open_source` and, where it is written too, `open_target`.

flac          FLAC
mp3           MP3 of any length; mp3_segments decodes one of the glued files
raw           payload octets alone
sndfile       libsndfile over a file that is read once, for the others
wav           WAV, RF64, BW64, RIFX; wav_mp3 those that hold MP3
"""
