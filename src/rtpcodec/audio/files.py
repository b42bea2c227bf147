"""Reading and writing of WAV files (docs/wav.md, Read and Write)."""

from rtpcodec.audio.wav_format import MAX_SAMPLE_RATE_HZ, WavFormat
from rtpcodec.audio.wav_reader import WavReader, read_wav
from rtpcodec.audio.wav_writer import ITEM_FORMATS, MAX_PCM_OCTETS, SAMPLE_OCTETS, WavWriter

__all__ = [
    "ITEM_FORMATS",
    "MAX_PCM_OCTETS",
    "MAX_SAMPLE_RATE_HZ",
    "SAMPLE_OCTETS",
    "WavFormat",
    "WavReader",
    "WavWriter",
    "read_wav",
]
