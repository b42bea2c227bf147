"""Audio files of any kind to PCM, and PCM to files (docs/files.md).

reading       open_audio, AudioFileReader, read_audio
writing       create_audio, AudioWriter
output        files whose `write` takes all octets
part_file     the temporary name of an incomplete file
kinds         the kinds that can be read, by content and name
target_kinds  the kinds that can be written
input         the input of readers: paths, open files, pipes
rates         changes the sample rate while a file is read
facts         facts about a file: AudioFacts
source        the contract of a format's reader: SoundSource
target        the contract of a format's writer: SoundTarget
formats/      one module per format
"""
