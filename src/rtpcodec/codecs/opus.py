"""OPUS by libopus: all bandwidths, with an RTP clock of 48000 Hz (RFC 6716, RFC 7587 section 4.1)."""

from __future__ import annotations

from rtpcodec.codecs._opus import OpusDecoder, OpusEncoder
from rtpcodec.codecs.info import CodecInfo
from rtpcodec.codecs.libraries import OPUS as LIBRARY

OPUS = CodecInfo(
    name="OPUS",
    # 16000 is what the carrier documents; a packet can be decoded at any of these.
    sample_rates_hz=(16000, 8000, 24000, 48000),
    payload_type=None,
    encoder_of=OpusEncoder,
    decoder_of=OpusDecoder,
    fixed_rtp_clock_hz=48000,  # RFC 7587 section 4.1
    encoder_options=(
        "bitrate",
        "complexity",
        "application",
        "fec",
        "expected_loss_percent",
        "dtx",
        "vbr",
        "frame_ms",
    ),
    chunks_ms=(20, 40, 60),
    rtpmap=("opus", 2),  # fixed, whatever is sent (RFC 7587 section 7)
    libraries=(LIBRARY,),
)
