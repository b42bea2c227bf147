"""Fuzz the WAV reader: an input is a file, read whole, in pieces, and as a pipe without seek."""

import io

from rtpcodec.audio.files import WavReader


class Pipe(io.BytesIO):
    """A file without seek."""

    def seekable(self) -> bool:
        """Return False."""
        return False


def run(data: bytes) -> int:
    """Read the file in all ways: they give the same samples, and no more than the file can have."""
    try:
        with WavReader(io.BytesIO(data)) as reader:
            pcm = b"".join(reader)
    except ValueError:
        return 1
    found = reader.format
    assert len(pcm) // 2 * found.frame_octets <= len(data)
    assert reader.sample_count == len(pcm) // 2
    assert found.data_at <= len(data)
    again = WavReader(io.BytesIO(data))
    pieces = iter(lambda: again.read(37), b"")
    assert b"".join(pieces) == pcm
    last = WavReader(io.BytesIO(data), channel=found.channels - 1)
    assert len(b"".join(last)) == len(pcm)
    try:
        pipe = WavReader(Pipe(data))
        assert len(b"".join(pipe)) >= len(pcm) or pipe.format != found
    except ValueError:
        return 4
    return 5
