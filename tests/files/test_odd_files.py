"""The corpus of odd files: read as ffmpeg reads them, or refused with the rule that they break."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

import rtpcodec
from rtpcodec.errors import AudioFileError
from tests import ffmpeg
from tests.files.odd_files import READ, REFUSED


class Stream:
    """A file with only `read`, which returns less than requested."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, octets: int) -> bytes:
        return self._file.read(min(octets, 5000))


@pytest.fixture(scope="module")
def read_by_ffmpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each file, and the output of one run of ffmpeg for all of them."""
    folder = tmp_path_factory.mktemp("odd")
    inputs, outputs = [], []
    for number, odd in enumerate(READ.values()):
        path = folder / f"{number}{odd.suffix}"
        path.write_bytes(odd.make())
        inputs += [*odd.before, "-i", str(path)]
        outputs += ["-map", str(number), "-f", "s16le", str(folder / f"{number}.pcm")]
    ffmpeg.run([*inputs, *outputs])
    return folder


def interleaved(audio: rtpcodec.AudioFileReader) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    pieces = [np.stack([np.frombuffer(one, np.int16) for one in several], 1) for several in audio.channel_pieces()]
    return np.concatenate(pieces)


@pytest.mark.parametrize("name", READ)
def test_an_odd_file_is_read_as_ffmpeg_reads_it(name: str, read_by_ffmpeg: Path) -> None:
    odd, number = READ[name], list(READ).index(name)
    path = read_by_ffmpeg / f"{number}{odd.suffix}"
    with rtpcodec.open_audio(path) as audio:
        found = interleaved(audio)
        facts = audio.facts
    assert facts.samples == len(found)
    expected = np.fromfile(read_by_ffmpeg / f"{number}.pcm", np.int16).reshape(-1, facts.channels)
    assert len(found) == len(expected)
    both = len(found) - odd.shift
    assert np.abs(found[:both].astype(int) - expected[odd.shift :]).max() <= odd.tolerance
    # A stream has no end to compare a size with, which a WAV header of size 0 would need.
    with rtpcodec.open_audio(Stream(path.read_bytes()), name=path.name) as audio:  # type: ignore[arg-type]
        assert np.array_equal(interleaved(audio), found)


@pytest.mark.parametrize("name", REFUSED)
def test_an_odd_file_is_refused_with_its_rule(name: str) -> None:
    make, rule = REFUSED[name]
    with pytest.raises(AudioFileError, match=rule) as caught:
        rtpcodec.read_audio(io.BytesIO(make()), name=name)
    assert str(caught.value).startswith(f"{name}, octet {caught.value.offset_octets}: ")


def test_the_corpus_is_large() -> None:
    assert len(READ) >= 45
    assert len(REFUSED) >= 35
