"""The intake of audio files: an input is a file as it comes, of any kind, read as a file or as a stream.

The samples are as many as the facts say.
"""

import io

import rtpcodec
from rtpcodec.errors import AudioFileError, MissingLibrary
from rtpcodec.files.source import MAX_PIECE_FRAMES

NAMES = ("x", "x.ulaw", "x.g722", "x.sln24", "x.flac", "x.mp3")
RATES_HZ = (None, None, None, 8000, 11_111)
MAX_SAMPLES = 2_000_000
"""Read of one input: some octets of FLAC or Opus can be minutes of silence."""


class Stream:
    """A file that has nothing but `read`, and gives few octets at a time."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, octets: int) -> bytes:
        """Return some of the octets that are asked for."""
        return self._file.read(min(octets, 333))


def run(data: bytes) -> int:
    """Read a file in one of the ways."""
    name = NAMES[len(data) % len(NAMES)]
    pcm_hz = RATES_HZ[len(data) // 7 % len(RATES_HZ)]
    source = io.BytesIO(data) if data[-1] % 2 else Stream(data)
    read(source, name, pcm_hz, side_by_side=data[-1] // 2 % 2 == 1)
    return 1


def read(source: io.BytesIO | Stream, name: str, pcm_hz: int | None, *, side_by_side: bool) -> None:
    """Read one, up to MAX_SAMPLES."""
    samples = 0
    try:
        with rtpcodec.open_audio(source, name=name, pcm_hz=pcm_hz) as audio:  # type: ignore[arg-type]
            channels = audio.facts.channels
            side_by_side = side_by_side and channels <= 64
            pieces = audio.channel_pieces() if side_by_side else ((piece,) for piece in audio)
            for several in pieces:
                assert len(several) == (channels if side_by_side else 1)
                assert {len(piece) for piece in several} == {len(several[0])}
                assert 0 < len(several[0]) <= 2 * MAX_PIECE_FRAMES
                samples += len(several[0]) // 2
                if samples > MAX_SAMPLES:
                    return
            facts = audio.facts
    except (AudioFileError, MissingLibrary) as error:
        assert str(error).startswith((f"{name}, octet ", "OPUS", "AMR-WB"))  # noqa: PT017 -- an error is a good end
        return
    assert facts.samples is not None
    assert facts.channels == channels
    expected = facts.samples if pcm_hz is None else round(facts.samples * pcm_hz / facts.sample_rate_hz)
    assert samples == expected, (samples, facts, pcm_hz)
