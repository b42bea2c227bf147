"""One module per file format, each with `open_source` and, where it is written too, `open_target`.

awb              AMR-WB storage files
awb_target       the same, written
ogg_opus         Ogg files: Opus by `ogg_streams` and `opus_link`, other codecs by `ogg_other`
ogg_opus_target  Ogg Opus, written
ogg_other        Vorbis and what else libsndfile reads in Ogg
ogg_pages        pages found, checked and written
ogg_streams      the Opus streams of a file, their pages to packets
opus_head        the two headers of an Opus stream
opus_link        one Opus stream to PCM: pre-skip, gain, loss, end
oddities         what is odd about a file, counted for its notes
"""
