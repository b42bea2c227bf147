"""Audio files of any kind to PCM, and PCM to files (docs/files.md).

facts         what is known about a file: AudioFacts
source        the contract of a format's reader: SoundSource
target        the contract of a format's writer: SoundTarget
writing       create_audio: a file from PCM
target_kinds  the kinds of files that are written
formats/      one module per format
"""
