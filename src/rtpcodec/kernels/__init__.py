"""Numbers in buffers: Cython with public .pxd files. No JSON, time, logging, optional libraries or own exceptions.

g711, g711_transcode  PCMU and PCMA; from law to law
g722, g722_lanes      G.722 for one stream, and for 16 streams in lanes; _g722_forms chooses
pcm, float_pcm        byte order and copies of samples; int16 to float32 and back
mixing, fading        gain and mixing; linear fades
channels, levels      interleaved channels; the largest magnitude and the sum of squares
tones, noise          sums of sines; white noise
goertzel              the power at single frequencies
resample              polyphase filters
concealment           G.711 Appendix I style repetition of pitch periods
voice                 voice activity by levels
prediction, bands     how well samples can be predicted from those before; the energy of a band
base64, media_text    payloads as texts have them; texts around payload or PCM in one call
media_scan            the members of media messages; media_reader makes objects of them
rtp_header            the fixed header of RTP
datagram              packets of captures to UDP datagrams
_simd, simd/          which vector forms the CPU has, and their C headers
_buffers, _sources,   .pxd files: how kernels take buffers, one or several,
_blocks, _frames      loops over blocks, and the layers of packets; _json_cursor.pxd walks through JSON
"""
