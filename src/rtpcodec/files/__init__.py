"""Audio files of any kind to PCM, and PCM to files (docs/files.md).

reading   the face: open_audio, AudioFileReader, read_audio
kinds     which kind of file it is
input     the file that readers read: paths, open files, pipes
rates     the rate changed while a file is read
facts     what is known about a file: AudioFacts
source    the contract of a format's reader: SoundSource
target    the contract of a format's writer: SoundTarget
formats/  one module per format
"""
