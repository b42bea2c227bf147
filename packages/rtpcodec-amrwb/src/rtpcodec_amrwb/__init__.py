"""The libraries of rtpcodec's AMR-WB codec, in the folder `_libs` beside this file."""
