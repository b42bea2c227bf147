"""Audio files of any kind to PCM, and PCM to files (docs/files.md).

facts     what is known about a file: AudioFacts
source    the contract of a format's reader: SoundSource
target    the contract of a format's writer: SoundTarget
formats/  one module per format
"""
