"""Payloads or frames to PCM and back, one file per codec. No packets, no sequence numbers, no time.

info         facts about a codec (CodecInfo) and the protocols of encoders and decoders
registry     the codecs by name
g711, g722, g722_bank, l16    sample codecs, implemented here
opus, amrwb  frame codecs: shared libraries at run time (libraries, library_file, _dynamic), bound in _opus and
             _amrwb
_stateless, _concealing     decoders of PCMU, PCMA and L16; concealment for all decoders of sample codecs
opus_options  checks of the OPUS coders' options
opus_packet, amrwb_frame    parsers of packets and frames that work without the libraries
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
