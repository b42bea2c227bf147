"""One module per file format, each with `open_source` and, where it is written too, `open_target`.

awb              AMR-WB storage files
awb_target       the same, written
flac             FLAC
flac_target      FLAC by libsndfile
mp3              MP3 of any length; mp3_segments decodes one of the glued files
mp3_target       MP3 by libsndfile, with its header frame
ogg_opus         Ogg files: Opus by `ogg_streams` and `opus_link`, other codecs by `ogg_other`
ogg_opus_target  Ogg Opus, written
ogg_other        Vorbis and what else libsndfile reads in Ogg
ogg_pages        pages found, checked and written
ogg_streams      the Opus streams of a file, their pages to packets
oddities         oddities of a file, counted for its notes
opus_head        the two headers of an Opus stream
opus_link        one Opus stream to PCM: pre-skip, gain, loss, end
raw              payload octets alone
raw_target       the same, written
sndfile          libsndfile over a file that is read once, for the others
wav              WAV, RF64, BW64, RIFX; wav_mp3 those that hold MP3
wav_target       WAV of 16-bit PCM
"""
