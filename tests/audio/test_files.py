from __future__ import annotations

import array
import contextlib
import struct
import sys
import tracemalloc
import wave
from pathlib import Path

import pytest

from rtpcodec.audio.files import MAX_PCM_OCTETS, WavWriter, read_wav

SAMPLES = array.array("h", [0, 1, -1, 32767, -32768, 258])
LITTLE_ENDIAN = b"\x00\x00\x01\x00\xff\xff\xff\x7f\x00\x80\x02\x01"


def wav_file(path: Path, *, channels: int = 1, octets: int = 2, rate_hz: int = 8000, frames: bytes = b"") -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(octets)
        file.setframerate(rate_hz)
        file.writeframes(frames)
    return path


def riff(kind: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    body = kind + b"".join(name + struct.pack("<L", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<L", len(body)) + body


@pytest.mark.parametrize("rate_hz", [1, 8000, 48_000, 192_000])
def test_written_samples_are_read(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path, rate_hz) as wav:
        wav.write(SAMPLES)
        wav.write(b"")
        wav.write(memoryview(SAMPLES.tobytes())[2:6])
        assert wav.samples_written == 8
    assert read_wav(path) == (SAMPLES.tobytes() + SAMPLES[1:3].tobytes(), rate_hz)
    assert read_wav(str(path))[1] == rate_hz


def test_the_file_is_canonical(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path, 16_000) as wav:
        wav.write(SAMPLES)
    header = struct.pack(
        "<4sL4s4sLHHLLHH4sL", b"RIFF", 48, b"WAVE", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16, b"data", 12
    )
    assert path.read_bytes() == header + LITTLE_ENDIAN
    assert sys.byteorder == "little" or read_wav(path)[0] == SAMPLES.tobytes()


def test_an_empty_file_has_a_header(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    WavWriter(path, 8000).close()
    assert len(path.read_bytes()) == 44
    assert read_wav(path) == (b"", 8000)


def test_pieces_are_collected_for_a_second(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with WavWriter(path, 8000) as wav:
        for piece in range(100):
            wav.write(bytes(320))
            assert path.stat().st_size == 44 + (piece + 1) // 50 * 16_000
    assert path.stat().st_size == 44 + 100 * 320


def test_closing_twice_and_by_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    wav = WavWriter(path, 8000)
    with contextlib.suppress(KeyError), wav:
        wav.write(SAMPLES)
        raise KeyError
    wav.close()
    assert read_wav(path)[0] == SAMPLES.tobytes()


def test_a_file_that_is_there(tmp_path: Path) -> None:
    path = wav_file(tmp_path / "a.wav", frames=bytes(2000))
    with pytest.raises(FileExistsError):
        WavWriter(path, 8000, replace=False)
    with WavWriter(path, 8000) as wav:
        wav.write(SAMPLES)
    assert read_wav(path)[0] == SAMPLES.tobytes()


@pytest.mark.parametrize("rate_hz", [0, -1, 192_001])
def test_an_impossible_rate_makes_no_file(tmp_path: Path, rate_hz: int) -> None:
    with pytest.raises(ValueError, match=f"^sample_rate_hz is {rate_hz}, 1 to 192000 are allowed$"):
        WavWriter(tmp_path / "a.wav", rate_hz)
    assert not list(tmp_path.iterdir())


def test_other_input_than_pcm_is_refused(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "a.wav", 8000) as wav:
        with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
            wav.write(b"abc")
        with pytest.raises(
            TypeError, match=r"^pcm has items of format 'f', 16-bit samples \('h'\) or octets are needed$"
        ):
            wav.write(array.array("f", [0.5]))
        wav.samples_written = MAX_PCM_OCTETS // 2
        with pytest.raises(
            ValueError, match=r"^a\.wav would have more than 4294967259 octets of PCM, more than a WAV header counts$"
        ):
            wav.write(b"ab")
        wav.samples_written = 0
    assert read_wav(tmp_path / "a.wav")[0] == b""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.wav has 0 octets, a WAV file is needed"),
        (b"RIFF", "a.wav is not a valid WAV file: it has 4 octets, a header has at least 12 (octet 4)"),
        (b"\1\2\3", "a.wav begins with octets 01 02 03, a WAV file is needed"),
        (riff(b"AVI ", []), "a.wav is a RIFF file of form b'AVI ', a WAV file ('WAVE') is needed"),
        (riff(b"WAVE", []), "a.wav is not a valid WAV file: it ends without a fmt chunk (octet 12)"),
    ],
    ids=["empty", "cut", "noise", "avi", "nothing in it"],
)
def test_other_files_than_wav_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="WAV file") as refusal:
        read_wav(path)
    assert str(refusal.value) == message


def test_an_impossible_rate_is_refused(tmp_path: Path) -> None:
    path = wav_file(tmp_path / "a.wav", rate_hz=384_000)
    with pytest.raises(ValueError, match=r"^a\.wav has a rate of 384000 Hz, 1 to 192000 are allowed$"):
        read_wav(path)


def test_a_file_that_was_cut_gives_the_samples_it_has(tmp_path: Path) -> None:
    path = wav_file(tmp_path / "a.wav", frames=LITTLE_ENDIAN)
    path.write_bytes(path.read_bytes()[:-3])
    assert read_wav(path) == (SAMPLES[:4].tobytes(), 8000)


@pytest.mark.parametrize("samples", [0, 1, 7999, 8000, 8001, 1_000_000])
def test_silence_of_any_length_lies_between_the_samples(tmp_path: Path, samples: int) -> None:
    path = tmp_path / "silence.wav"
    with WavWriter(path, 8000) as wav:
        wav.write(b"\1\0" * 5)
        wav.write_silence(samples)
        wav.write(b"\2\0" * 5)
        assert wav.samples_written == 10 + samples
    assert read_wav(path) == (b"\1\0" * 5 + bytes(2 * samples) + b"\2\0" * 5, 8000)


def test_an_hour_of_silence_needs_no_memory_and_is_in_the_file_at_once(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "hour.wav", 48_000) as wav:
        tracemalloc.start()
        wav.write_silence(3600 * 48_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert wav.path.stat().st_size == 44 + 2 * 3600 * 48_000
    assert peak < 10_000


def test_silence_that_a_file_cannot_hold_is_refused(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "full.wav", 8000) as wav:
        with pytest.raises(ValueError, match=f"^full.wav would have more than {MAX_PCM_OCTETS} octets of PCM"):
            wav.write_silence(MAX_PCM_OCTETS // 2 + 1)
        with pytest.raises(ValueError, match=r"^samples is -1, 0 or more is needed$"):
            wav.write_silence(-1)
        assert wav.samples_written == 0
