"""Payloads or frames to PCM and back, one file per codec. No packets, no sequence numbers, no time.

info         what a codec is (CodecInfo) and the contracts of encoders and decoders
registry     the codecs by name
g711, g722, g722_bank, l16    sample codecs: ours
opus, amrwb  frame codecs: shared libraries at run time (libraries, library_file, _dynamic), bound in _opus and
             _amrwb
_stateless, _concealing     decoders of PCMU, PCMA and L16; what decoders of sample codecs share to fill gaps
opus_options  which options the coders of OPUS take
opus_packet, amrwb_frame    what packets and frames say without the libraries
"""

from typing import TYPE_CHECKING

from rtpcodec.codecs.info import CodecInfo, Decoder, Encoder, FecDecoder, FrameEncoder
from rtpcodec.codecs.registry import codec, codec_names
from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.codecs import opus_packet as opus_packet

__all__ = [
    "CodecInfo",
    "Decoder",
    "Encoder",
    "FecDecoder",
    "FrameEncoder",
    "codec",
    "codec_names",
    "opus_packet",
]

__getattr__ = public_names(__name__, ("opus_packet",))
