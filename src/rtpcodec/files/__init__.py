"""Audio files of any kind to PCM, and PCM to files (docs/files.md).

reading       open_audio, AudioFileReader, read_audio
writing       create_audio: a file from PCM
output        a raw file written whole
part_file     the temporary name of a file that is written
kinds         the kinds that are read, by content and name
target_kinds  the kinds that are written
input         the file that readers read: paths, open files, pipes
rates         the rate changed while a file is read
facts         facts about a file: AudioFacts
source        the contract of a format's reader: SoundSource
target        the contract of a format's writer: SoundTarget
formats/      one module per format
"""
