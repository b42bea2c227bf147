"""AMR-WB: frames of 20 ms at 16 kHz (3GPP TS 26.171), coded by libvo-amrwbenc, decoded by libopencore-amrwb.

A frame is in storage form (RFC 4867 section 5.3): one octet with type and quality, then the octets of speech.
"""

from __future__ import annotations

from rtpcodec.codecs._amrwb import AmrWbDecoder, AmrWbEncoder
from rtpcodec.codecs.info import CodecInfo, Setting
from rtpcodec.codecs.libraries import AMRWB_DECODER, AMRWB_ENCODER

AMRWB = CodecInfo(
    name="AMR-WB",
    sample_rates_hz=(16000,),
    payload_type=None,
    encoder_of=AmrWbEncoder,
    decoder_of=AmrWbDecoder,
    encoder_options=("mode", "dtx"),
    payload_settings=(Setting("packing", "amrwb_packing"), Setting("cmr", "amrwb_mode_request")),
    # Every frame uses prediction; after dropped frames, old predictors serve the decoder better than reset ones
    # (docs/adr/0011-packings-and-mode-mp3.md).
    keeps_history=True,
    command_rates_hz=(16000, 8000),  # the carrier's guide also lists AMR-WB with 8000; the audio has 16 kHz
    chunks_ms=tuple(range(20, 1001, 20)),
    libraries=(AMRWB_DECODER, AMRWB_ENCODER),
)
