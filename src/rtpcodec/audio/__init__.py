"""Sample rates, frame sizes, levels, mixing, tones, concealment, audio files. No codecs.

resample     Resampler: one stream from rate to rate
concealment  Concealer: fills gaps in PCM
pcm_input    PcmInput: any PCM that a caller passes, to int16 octets
levels       dBov and dBm0 of PCM
mixing       gain, mixing, fades; channels: interleaved PCM, mono of it
tones        DualTone: the sound of a key; key_sequence: of several, with pauses
tone_detection ToneDetector: keys, call progress tones and beeps in PCM; tone_windows (frequencies of windows),
             dtmf_detection (keys), steady_tones (stretches of one tone), tone_patterns (what these mean)
comfort_noise ComfortNoise: the white noise of a quiet line
frames       Framer: audio of any cut into frames of one size
rates        checks of a rate; the list itself is in kernels/resample
whole_rate   a whole recording from any rate to another
files        WAV files whole: wav_reader (piece by piece), wav_writer, wav_places (written at any place), wav_format
             (chunks), wav_samples (codings)
file_headers the beginnings of files, to recognise one that is taken for audio
pcm_check    files and floats that are played as PCM
mp3          whole MP3 files; mp3_frames (headers), mp3_scan (borders), mp3_other (data that is not MP3) are its parts
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
