"""Arithmetic on buffers: Cython with public .pxd files. No JSON, time, logging, optional libraries or own exceptions.

g711, g711_transcode  PCMU and PCMA; conversion between them
g722, g722_lanes      G.722 for one stream, and for 16 streams in lanes; _g722_forms chooses the form
pcm, float_pcm        byte order and copies of samples; int16 to float32 and back
mixing, fading        gain and mixing; linear fades
channels, levels      interleaved channels; the largest magnitude and the sum of squares
tones, noise          sums of sines; white noise
goertzel              the power at single frequencies
resample              polyphase filters
concealment           G.711 Appendix I style repetition of pitch periods
voice                 voice activity by levels
prediction, bands     the error of linear prediction; the energy of a band
base64, media_text    base64; media messages from payload or PCM in one call
media_scan            the members of media messages; media_reader creates objects from them
rtp_header            the header of RTP
datagram              UDP datagrams in packets of captures
_simd, simd/          the choice of vector forms, and their C headers
_buffers, _sources,   .pxd files: export of one or several buffers,
_blocks, _frames      wrappers of block functions, and network layers of packets; _json_cursor.pxd parses JSON
"""
