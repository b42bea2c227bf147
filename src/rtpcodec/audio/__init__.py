"""Sample rates, frame sizes, levels, mixing, tones, concealment, audio files. No codecs.

resample     Resampler: one stream from one rate to another
concealment  Concealer: fills gaps in PCM
pcm_input    PcmInput: conversion of any kind of PCM to int16 octets
levels       dBov and dBm0 of PCM
mixing       gain, mixing, fades; channels: interleaved PCM and its downmix
tones        DualTone: the tone of a key; key_sequence: several keys with pauses
tone_detection ToneDetector: keys, call progress tones and beeps in PCM; tone_windows (frequencies of windows),
             dtmf_detection (keys), steady_tones (stretches of one tone), tone_patterns (their meaning)
comfort_noise ComfortNoise: the white noise of a quiet line
frames       Framer: cuts audio into frames of one size
rates        checks of a rate; the list of rates is in kernels/resample
whole_rate   conversion of a whole recording between any two rates
files        whole WAV files: wav_reader (piece by piece), wav_writer, wav_random_access (random access), wav_format
             (chunks), wav_samples (codings)
file_headers signatures of files, to recognise a file that is passed as audio
pcm_check    detection of files and floats that are played as PCM
mp3          whole MP3 files; its parts are mp3_frames (headers), mp3_scan (borders), not_mp3 (data that is not MP3)
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.audio import channels as channels
    from rtpcodec.audio import comfort_noise as comfort_noise
    from rtpcodec.audio import files as files
    from rtpcodec.audio import levels as levels
    from rtpcodec.audio import mixing as mixing
    from rtpcodec.audio import mp3 as mp3
    from rtpcodec.audio import pcm_input as pcm_input

__all__ = ["channels", "comfort_noise", "files", "levels", "mixing", "mp3", "pcm_input"]

__getattr__ = public_names(__name__, ("channels", "comfort_noise", "files", "levels", "mixing", "mp3", "pcm_input"))
