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

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.files.facts import AudioFacts as AudioFacts
    from rtpcodec.files.reading import AudioFileReader as AudioFileReader
    from rtpcodec.files.reading import open_audio as open_audio
    from rtpcodec.files.reading import read_audio as read_audio
    from rtpcodec.files.writing import AudioWriter as AudioWriter
    from rtpcodec.files.writing import create_audio as create_audio

__all__ = ["AudioFacts", "AudioFileReader", "AudioWriter", "create_audio", "open_audio", "read_audio"]

__getattr__ = public_names(
    __name__,
    (),
    {
        "AudioFacts": "facts",
        "AudioFileReader": "reading",
        "AudioWriter": "writing",
        "create_audio": "writing",
        "open_audio": "reading",
        "read_audio": "reading",
    },
)
