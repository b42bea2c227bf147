"""Numbers in buffers: Cython with public .pxd files. No JSON, time, logging, optional libraries or own exceptions.

g711, g711_transcode  PCMU and PCMA; from law to law
g722, g722_lanes      G.722 for one stream, and for 16 streams in lanes; _g722_forms chooses
pcm                   byte order and copies of samples
resample              polyphase filters
concealment           G.711 Appendix I style repetition of pitch periods
rtp_header            the fixed header of RTP
_simd, simd/          which vector forms the CPU has, and their C headers
_buffers, _blocks     .pxd files: how kernels take buffers, and loops over blocks
"""
