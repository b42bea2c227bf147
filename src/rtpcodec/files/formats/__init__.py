"""One module per file format, each with `open_source` and, if the format can be written, `open_target`.

awb              reads AMR-WB storage files
awb_target       writes AMR-WB storage files
flac             reads FLAC
flac_target      writes FLAC by libsndfile
file_notes       unusual facts about a file, counted for its notes
mp3              reads MP3 of any length; mp3_segments decodes one of several concatenated files
mp3_target       writes MP3 by libsndfile, with its header frame
ogg_opus         reads Ogg files: Opus by `ogg_streams` and `opus_link`, other codecs by `ogg_other`
ogg_opus_target  writes Ogg Opus
ogg_other        reads Vorbis and other codecs in Ogg by libsndfile
ogg_pages        finds, checks and writes pages
ogg_streams      the Opus streams of a file, their pages to packets
opus_head        the two headers of an Opus stream
opus_link        one Opus stream to PCM: pre-skip, gain, loss, end
raw              reads raw payloads
raw_target       writes raw payloads
sndfile          adapts libsndfile to files that are read once
wav              reads WAV, RF64, BW64, RIFX; wav_mp3 reads MP3 in them
wav_target       writes WAV of 16-bit PCM
"""
