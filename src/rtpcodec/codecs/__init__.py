"""Payload to PCM and back, one file a codec. No packets, no sequence numbers, no time.

info      what a codec is (CodecInfo) and the contract of encoders and decoders
registry  the codecs by name
g711, l16 one file a codec
"""

from rtpcodec.codecs.info import CodecInfo, Decoder, Encoder
from rtpcodec.codecs.registry import codec, codec_names

__all__ = ["CodecInfo", "Decoder", "Encoder", "codec", "codec_names"]
