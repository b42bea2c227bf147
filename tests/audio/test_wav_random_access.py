"""WAV files that are written in any order: their header is correct at any moment."""

from __future__ import annotations

import array
from pathlib import Path

import pytest

from rtpcodec.audio import wav_random_access
from rtpcodec.audio.files import WavReader, read_wav
from rtpcodec.audio.wav_random_access import RandomAccessWav


def pcm(*samples: int) -> bytes:
    return array.array("h", samples).tobytes()


def frames_of(path: Path) -> list[int]:
    octets = path.read_bytes()[wav_random_access.HEADER_OCTETS :]
    return array.array("h", octets).tolist()


def test_channels_are_written_in_any_order(tmp_path: Path) -> None:
    wav = RandomAccessWav(tmp_path / "a.wav", 8000, 2)
    wav.place(1, 3, pcm(7, 8))
    wav.place(0, 0, pcm(1, 2, 3, 4))
    wav.place(1, 0, pcm(5))
    wav.update_header()
    assert frames_of(wav.path) == [1, 5, 2, 0, 3, 0, 4, 7, 0, 8]
    assert wav.frames == 5
    wav.close()
    wav.close()


def test_samples_before_the_beginning_are_dropped(tmp_path: Path) -> None:
    wav = RandomAccessWav(tmp_path / "a.wav", 8000)
    wav.place(0, -2, pcm(1, 2, 3))
    wav.place(0, -9, pcm(1, 2, 3))
    wav.close()
    assert read_wav(wav.path) == (pcm(3), 8000)


@pytest.mark.parametrize("channels", [1, 2])
def test_samples_are_added_and_saturate(tmp_path: Path, channels: int) -> None:
    wav = RandomAccessWav(tmp_path / "a.wav", 8000, channels)
    channel = channels - 1
    wav.place(channel, 0, pcm(1, 30_000))
    wav.place(channel, 0, pcm(2, 30_000, 5), adds=True)
    wav.close()
    assert frames_of(wav.path)[channel::channels] == [3, 32_767, 5]


def test_the_header_counts_what_is_there_at_any_moment(tmp_path: Path) -> None:
    wav = RandomAccessWav(tmp_path / "a.wav", 16_000)
    assert read_wav(wav.path) == (b"", 16_000)
    wav.place(0, 0, pcm(1))
    wav.update_header()
    wav.place(0, 1, pcm(2))
    assert read_wav(wav.path) == (pcm(1), 16_000)  # the samples first, then the sizes
    wav.update_header()
    assert read_wav(wav.path) == (pcm(1, 2), 16_000)
    wav.extend(4)
    wav.update_header()
    assert read_wav(wav.path) == (pcm(1, 2, 0, 0), 16_000)
    wav.extend(1)
    wav.close()
    assert read_wav(wav.path) == (pcm(1, 2, 0, 0), 16_000)


def test_beyond_4_gib_the_header_is_that_of_rf64(tmp_path: Path) -> None:
    wav = RandomAccessWav(tmp_path / "a.wav", 48_000, 2)
    frames = 2**30 + 12_345  # 4 GiB and more, without blocks on the disk
    wav.extend(frames - 1)
    wav.place(0, frames - 1, pcm(9))
    wav.close()
    with WavReader(wav.path) as reader:
        assert reader.format.channels == 2
        assert reader.sample_count == frames


@pytest.mark.parametrize(("rate_hz", "channels", "rule"), [(0, 1, "sample_rate_hz is 0"), (8000, 3, "channels is 3")])
def test_invalid_arguments_are_refused(tmp_path: Path, rate_hz: int, channels: int, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        RandomAccessWav(tmp_path / "a.wav", rate_hz, channels)
    assert not list(tmp_path.iterdir())


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        RandomAccessWav(tmp_path / "a.wav", 8000)
    assert (tmp_path / "a.wav").read_bytes() == b"mine"
