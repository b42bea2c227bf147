"""Audio files that `create_audio` writes."""

from __future__ import annotations

import errno
import gc
import io
import struct
import wave
from array import array
from pathlib import Path

import pytest
from typing_extensions import Buffer

from rtpcodec.files.formats import wav_target
from rtpcodec.files.part_file import PartLock
from rtpcodec.files.target_kinds import TARGET_KINDS
from rtpcodec.files.writing import create_audio, write_whole
from rtpcodec.kernels.g711 import pcma_encode, pcmu_encode
from tests import ffmpeg
from tests.traced_memory import peak_of_one, traced

PCM = array("h", [(n * 7919) % 65536 - 32768 for n in range(16_000)]).tobytes()


def written(pcm: bytes, *, pieces: int = 1, sample_rate_hz: int = 8000, channels: int = 1, **options: object) -> bytes:
    out = io.BytesIO()
    with create_audio(out, sample_rate_hz=sample_rate_hz, channels=channels, **options) as audio:  # type: ignore[arg-type]
        frame = 2 * channels
        step = len(pcm) // frame // pieces * frame or frame
        for at in range(0, len(pcm), step):
            audio.write(pcm[at : at + step])
    return out.getvalue()


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_a_wav_file_is_read_by_pythons_wave(channels: int) -> None:
    data = written(PCM, pieces=7, sample_rate_hz=11_025, channels=channels, kind="wav")
    with wave.open(io.BytesIO(data)) as read:
        assert (read.getnchannels(), read.getframerate(), read.getsampwidth()) == (channels, 11_025, 2)
        assert read.readframes(1 << 20) == PCM
    assert len(data) == 44 + len(PCM)


def test_a_wav_file_in_a_pipe_or_beyond_32_bits_has_an_unknown_length() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe = Pipe()
    with create_audio(pipe, sample_rate_hz=8000, kind="wav") as audio:
        audio.write(PCM)
    assert ffmpeg.run(["-i", "pipe:0", "-f", "s16le", "pipe:1"], pipe.getvalue()) == PCM
    most = 2**32 - 1 - 36 - 1
    assert struct.unpack_from("<L", wav_target.header(8000, 1, most), 40) == (most,)
    assert wav_target.header(8000, 1, most + 1) == wav_target.header(8000, 1, None)


def test_raw_files_hold_the_codecs_octets() -> None:
    assert written(PCM, kind="ulaw") == pcmu_encode(PCM)
    assert written(PCM, kind="alaw", pieces=3) == pcma_encode(PCM)
    swapped = array("h", PCM)
    swapped.byteswap()
    assert written(PCM, kind="l16", sample_rate_hz=44_100) == swapped.tobytes()
    assert written(PCM, kind="l16", byte_order="little") == written(PCM, kind="sln") == PCM


def test_g722_is_the_same_for_every_cut() -> None:
    whole = written(PCM, kind="g722", sample_rate_hz=16_000)
    out = io.BytesIO()
    with create_audio(out, sample_rate_hz=16_000, kind="g722") as audio:
        for at in range(0, len(PCM), 6):
            audio.write(PCM[at : at + 6])
    assert out.getvalue() == whole
    assert len(whole) == 8000
    # An odd number of samples: the last octet has one sample of silence.
    assert len(written(PCM[:-2], kind="g722", sample_rate_hz=16_000)) == 8000


def test_a_flac_file_has_the_samples() -> None:
    data = written(PCM, pieces=5, sample_rate_hz=48_000, channels=2, kind="flac")
    assert ffmpeg.decode(data, []) == PCM
    assert len(data) < len(PCM) + 1000


@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (8000, 2), (16_000, 1), (44_100, 2)])
def test_an_mp3_file_has_its_length(rate_hz: int, channels: int) -> None:
    tone = array("h", [1000 if n // 20 % 2 else -1000 for n in range(channels * 20_000)]).tobytes()
    data = written(tone, pieces=9, sample_rate_hz=rate_hz, channels=channels, kind="mp3")
    # The header frame has the samples that the encoder added at both ends, and ffmpeg removes them.
    assert len(ffmpeg.decode(data, [])) == len(tone)


def test_an_mp3_file_is_that_of_the_encoder_in_memory() -> None:
    mp3 = pytest.importorskip("rtpcodec.audio.mp3")
    for rate_hz in (8000, 16_000):
        assert written(PCM, pieces=4, sample_rate_hz=rate_hz, kind="mp3") == mp3.encode(PCM, rate_hz)
    assert written(PCM, kind="mp3", bit_rate_kbps=16) == mp3.encode(PCM, 8000, 16)


def test_an_empty_file_of_every_kind() -> None:
    assert written(b"", kind="ulaw") == b""
    assert written(b"", kind="g722", sample_rate_hz=16_000) == b""
    assert len(written(b"", kind="wav")) == 44
    # Readers refuse files of these kinds without a frame, so they have one sample of silence.
    assert ffmpeg.decode(written(b"", kind="flac"), []) == bytes(2)
    assert set(ffmpeg.decode(written(b"", kind="mp3", channels=2), [])) == {0}


def test_a_file_appears_complete(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    audio = create_audio(path, sample_rate_hz=8000)
    audio.write(PCM)
    assert [one.name for one in tmp_path.iterdir()] == ["call.wav.part"]
    audio.close()
    audio.close()
    audio.abort()
    assert [one.name for one in tmp_path.iterdir()] == ["call.wav"]
    assert audio.samples_written == len(PCM) // 2
    with pytest.raises(ValueError, match="the file is closed, nothing can be written"):
        audio.write(PCM)


def test_an_exception_leaves_no_file_and_keeps_the_existing_one(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"older")

    def interrupted() -> None:
        with create_audio(path, sample_rate_hz=8000) as audio:
            audio.write(PCM)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"call.wav": b"older"}


def test_an_existing_file_is_kept_on_request(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"older")
    with pytest.raises(FileExistsError, match=r"call\.wav already exists"):
        create_audio(path, sample_rate_hz=8000, replace=False)
    path.unlink()
    audio = create_audio(path, sample_rate_hz=8000, replace=False)
    path.write_bytes(b"meanwhile")
    with pytest.raises(FileExistsError, match=r"call\.wav already exists"):
        audio.close()
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"call.wav": b"meanwhile"}


def test_impossible_files_are_refused_before_a_file_appears(tmp_path: Path) -> None:
    refused = [
        ("a.xyz", {"sample_rate_hz": 8000}, "a.xyz ends in '.xyz', allowed are .wav, "),
        ("a.sln16", {"sample_rate_hz": 8000}, "sample_rate_hz is 8000, sln16 has 16000"),
        ("a.wav", {"sample_rate_hz": 8000, "kind": "aiff"}, "kind is 'aiff', allowed are wav, "),
        ("a.wav", {"sample_rate_hz": 0}, "sample_rate_hz is 0, 1 to 192000 are allowed"),
        ("a.wav", {"sample_rate_hz": 8000, "channels": 65}, "channels is 65, 1 to 64 are allowed in wav"),
        ("a.ulaw", {"sample_rate_hz": 8000, "channels": 2}, "channels is 2, 1 is allowed in ulaw"),
        ("a.g722", {"sample_rate_hz": 8000}, "sample_rate_hz is 8000, g722 has 16000"),
        ("a.mp3", {"sample_rate_hz": 9000}, "sample_rate_hz is 9000, mp3 has 8000, "),
        ("a.mp3", {"sample_rate_hz": 8000, "bit_rate_kbps": 7}, "bit_rate_kbps is 7, 8000 Hz has 8, "),
        ("a.l16", {"sample_rate_hz": 8000, "byte_order": "middle"}, "byte_order is 'middle', 'little' or 'big'"),
    ]
    for name, options, text in refused:
        with pytest.raises(ValueError, match=text):
            create_audio(tmp_path / name, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a file object needs a kind: wav, "):
        create_audio(io.BytesIO(), sample_rate_hz=8000)
    assert not list(tmp_path.iterdir())


def test_pcm_is_whole_frames_of_16_bits() -> None:
    with create_audio(io.BytesIO(), sample_rate_hz=8000, channels=2, kind="wav") as audio:
        with pytest.raises(ValueError, match="pcm has 6 octets, a multiple of 4 is needed: 16-bit samples of 2"):
            audio.write(bytes(6))
        with pytest.raises(TypeError, match="pcm has items of format 'f', 16-bit samples"):
            audio.write(array("f", [0.0]))
        audio.write(array("h", [1, 2]))
        assert audio.samples_written == 1


def test_names_decide_the_kind() -> None:
    suffixes = [suffix for kind in TARGET_KINDS.values() for suffix in kind.suffixes]
    assert len(suffixes) == len(set(suffixes))
    rates_hz = {name: kind.rate_for_hz(11_025) for name, kind in TARGET_KINDS.items() if not name.startswith("sln")}
    assert rates_hz == {
        "wav": 11_025, "flac": 11_025, "mp3": 11_025, "ogg": 12_000, "awb": 16_000,
        "ulaw": 8000, "alaw": 8000, "g722": 16_000, "l16": 16_000,
    }  # fmt: skip
    assert TARGET_KINDS["mp3"].rate_for_hz(96_000) == 48_000
    assert TARGET_KINDS["sln44"].rate_for_hz(96_000) == 44_100


def test_a_file_is_finished_before_it_gets_its_name(tmp_path: Path) -> None:
    audio = create_audio(tmp_path / "call.wav", sample_rate_hz=8000)
    audio.write(PCM)
    assert audio.finish() == audio.finish() == 44 + len(PCM)
    assert [one.name for one in tmp_path.iterdir()] == ["call.wav.part"]
    audio.close()
    assert [one.name for one in tmp_path.iterdir()] == ["call.wav"]


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ulaw", "g722"])
def test_memory_does_not_grow_with_the_file(kind: str, tmp_path: Path) -> None:
    with create_audio(tmp_path / "long", sample_rate_hz=16_000, kind=kind) as audio:
        audio.write(PCM)

        def write() -> None:
            for _ in range(20):
                audio.write(PCM)

        with traced():
            held = peak_of_one(write)
    assert held < 200_000
    assert audio.samples_written == 21 * len(PCM) // 2


def test_complete_octets_are_written_to_a_complete_file(tmp_path: Path) -> None:
    path = str(tmp_path / "call.wav")
    seen: list[str] = []

    def finished() -> None:
        seen.extend(one.name for one in tmp_path.iterdir())

    write_whole(path, b"octets", finished, replace=False)
    assert seen == ["call.wav.part"]
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"call.wav": b"octets"}
    with pytest.raises(FileExistsError, match=r"call\.wav already exists"):
        write_whole(path, b"newer", finished, replace=False)
    with pytest.raises(ZeroDivisionError):
        write_whole(path, b"newer", lambda: 1 // 0, replace=True)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"call.wav": b"octets"}
    write_whole(path, b"newer", finished, replace=True)
    assert Path(path).read_bytes() == b"newer"


class Full(io.BytesIO):
    """A file on a disk with room for a number of octets."""

    def __init__(self, room_octets: int, error: BaseException) -> None:
        super().__init__()
        self._room_octets = room_octets
        self._error = error

    def write(self, octets: Buffer, /) -> int:
        if self.tell() + memoryview(octets).nbytes > self._room_octets:
            raise self._error
        return super().write(octets)


@pytest.mark.parametrize("kind", ["flac", "mp3", "ogg", "wav"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_an_error_of_the_file_is_raised_wherever_it_happens(
    kind: str, error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = len(written(PCM[:8000], kind=kind))
    for room_octets in (0, 100, whole // 2, whole - 1):
        audio = None
        with pytest.raises(type(error)) as caught:  # noqa: PT012 -- any of the three
            audio = create_audio(Full(room_octets, error), sample_rate_hz=8000, kind=kind)
            audio.write(PCM[:8000])
            audio.close()
        assert caught.value is error
        del audio
    gc.collect()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "ulaw"])
@pytest.mark.parametrize("rate_hz", [8000, 48_000])
def test_a_file_is_written_after_the_content_of_a_file_object(kind: str, rate_hz: int) -> None:
    if kind == "ulaw" and rate_hz != 8000:
        rate_hz = 11_025
    out = io.BytesIO(b"before")
    out.seek(0, io.SEEK_END)
    with create_audio(out, sample_rate_hz=rate_hz, kind=kind) as audio:
        audio.write(PCM)
    assert out.getvalue() == b"before" + written(PCM, sample_rate_hz=rate_hz, kind=kind)


@pytest.mark.parametrize("kind", ["wav", "ogg", "g722"])
def test_a_raw_file_that_takes_few_octets_gets_all_of_them(kind: str) -> None:
    class Slow(io.RawIOBase):
        taken = b""

        def writable(self) -> bool:
            return True

        def write(self, octets: Buffer, /) -> int:
            few = bytes(octets)[:1000]
            self.taken += few
            return len(few)

    slow = Slow()
    with create_audio(slow, sample_rate_hz=16_000, kind=kind) as audio:  # type: ignore[arg-type]
        audio.write(PCM)
    # Sizes in the header of a WAV file differ: an unseekable file does not have them.
    assert slow.taken[44:] == written(PCM, sample_rate_hz=16_000, kind=kind)[44:]


def test_two_writers_never_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    refused = "is being written by another process or thread"
    with create_audio(path, sample_rate_hz=8000) as first:
        first.write(PCM)
        with pytest.raises(FileExistsError, match=refused):
            create_audio(path, sample_rate_hz=16_000)
        with pytest.raises(FileExistsError, match=refused):
            write_whole(str(path), b"other octets", lambda: None, replace=True)
        first.finish()
        with pytest.raises(FileExistsError, match=refused):
            create_audio(path, sample_rate_hz=16_000)
    assert path.read_bytes() == written(PCM, kind="wav")
    create_audio(path, sample_rate_hz=8000).abort()
    dropped = PartLock(f"{path}.part")
    del dropped
    gc.collect()
    write_whole(str(path), b"other octets", lambda: None, replace=True)
    assert path.read_bytes() == b"other octets"
    assert [one.name for one in tmp_path.iterdir()] == ["call.wav"]
