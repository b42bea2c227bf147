"""`open_audio`: paths, open files and pipes, raw files by name, WAV per channel, any rate."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest

import rtpcodec
from rtpcodec.audio.whole_rate import at_rate
from rtpcodec.errors import AudioFileError
from rtpcodec.files.source import MAX_PIECE_FRAMES
from tests.wav_files import MULAW, simple, speechlike

SAMPLES = (speechlike(20_000) * 32768).astype(np.int16)
PCM = SAMPLES.tobytes()
STEREO = np.stack([SAMPLES[:10_000], SAMPLES[10_000:]], axis=1)


class ReadOnly:
    """A file with only `read`, which returns few octets at a time."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def read(self, octets: int) -> bytes:
        return self._rest.read(min(octets, 777))


@pytest.mark.parametrize(
    ("name", "codec_name", "options", "rate_hz"),
    [
        ("x.ulaw", "PCMU", {}, 8000),
        ("x.ul", "PCMU", {}, 8000),
        ("x.MULAW", "PCMU", {}, 8000),
        ("x.alaw", "PCMA", {}, 8000),
        ("x.al", "PCMA", {}, 8000),
        ("x.g722", "G722", {}, 16_000),
        ("x.l16", "L16", {"byte_order": "big"}, 16_000),
        ("x.sln", "L16", {"byte_order": "little"}, 8000),
        ("x.sln48", "L16", {"byte_order": "little"}, 48_000),
    ],
)
def test_a_raw_file_is_read_by_its_name(
    name: str, codec_name: str, options: dict[str, str], rate_hz: int, tmp_path: Path
) -> None:
    info = rtpcodec.codec(codec_name)
    payloads = info.encoder(info.sample_rates_hz[0], **options).encode(PCM)
    path = tmp_path / name
    path.write_bytes(payloads)
    expected = info.decoder(info.sample_rates_hz[0], **options).decode(payloads)
    pcm, facts = rtpcodec.read_audio(path)
    assert pcm == expected
    assert (facts.container, facts.codec, facts.sample_rate_hz, facts.channels) == ("raw", codec_name, rate_hz, 1)
    assert facts.samples == len(pcm) // 2
    kind = name.split(".")[1].lower()
    if kind != "sln48":
        assert rtpcodec.read_audio(io.BytesIO(payloads), kind=kind)[0] == expected
    assert rtpcodec.read_audio(io.BytesIO(payloads), name=name)[0] == expected


def test_wav_from_a_path_a_file_a_pipe_and_an_object_that_can_only_read(tmp_path: Path) -> None:
    data = simple(PCM)
    path = tmp_path / "call.wav"
    path.write_bytes(data)
    assert rtpcodec.read_audio(path)[0] == PCM
    assert rtpcodec.read_audio(str(path))[0] == PCM
    behind = io.BytesIO(b"skipped" + data)
    behind.seek(7)
    assert rtpcodec.read_audio(behind)[0] == PCM
    assert not behind.closed
    assert rtpcodec.read_audio(ReadOnly(data))[0] == PCM  # type: ignore[call-overload, arg-type, unused-ignore]
    read_end, write_end = os.pipe()
    writer = threading.Thread(target=_write_all, args=(write_end, data))
    writer.start()
    with os.fdopen(read_end, "rb") as pipe:
        pcm, facts = rtpcodec.read_audio(pipe)
    writer.join()
    assert pcm == PCM
    assert facts.samples == len(SAMPLES)


def _write_all(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        for at in range(0, len(data), 1000):
            file.write(data[at : at + 1000])
            file.flush()


def test_channels_side_by_side_one_alone_and_their_mean() -> None:
    data = simple(STEREO.tobytes(), channels=2)
    with rtpcodec.open_audio(io.BytesIO(data)) as audio:
        pieces = list(audio.channel_pieces())
    for channel in range(2):
        expected = STEREO[:, channel].tobytes()
        assert b"".join(piece[channel] for piece in pieces) == expected
        assert rtpcodec.read_audio(io.BytesIO(data), channel=channel)[0] == expected
    mean = (STEREO.sum(axis=1, dtype=np.int32) // 2).astype(np.int16).tobytes()
    assert rtpcodec.read_audio(io.BytesIO(data))[0] == mean
    with pytest.raises(ValueError, match=r"^channel is 2, the file has channels 0 to 1$"):
        rtpcodec.open_audio(io.BytesIO(data), channel=2)


@pytest.mark.parametrize("to_hz", [8000, 16_000, 11_025, 48_000, 44_100, 7350, 1, 192_000, 8001])
@pytest.mark.parametrize("from_hz", [8000, 44_100, 6000, 8001])
def test_the_rate_is_changed_without_delay_and_with_every_sample(from_hz: int, to_hz: int) -> None:
    tone = np.rint(8000 * np.sin(2 * np.pi * 200 * np.arange(2 * from_hz + 77) / from_hz)).astype(np.int16)
    data = simple(tone.tobytes(), rate_hz=from_hz)
    with rtpcodec.open_audio(io.BytesIO(data), pcm_hz=to_hz) as audio:
        assert audio.sample_rate_hz == to_hz
        pieces = list(audio)
    assert max(map(len, pieces)) <= 2 * MAX_PIECE_FRAMES
    pcm = np.frombuffer(b"".join(pieces), np.int16)
    assert len(pcm) == round(len(tone) * to_hz / from_hz)
    if to_hz > 1000:
        times = np.arange(len(pcm)) / to_hz
        inner = slice(to_hz // 10, -to_hz // 10)
        assert np.abs(pcm - 8000 * np.sin(2 * np.pi * 200 * times))[inner].max() < 20


def test_a_rate_that_streams_lack_is_converted_as_a_whole_recording() -> None:
    pcm = (speechlike(100_000) * 32768).astype(np.int16).tobytes()
    assert rtpcodec.read_audio(io.BytesIO(simple(pcm)), pcm_hz=7350)[0] == at_rate(pcm, 8000, 7350)


def test_a_file_with_a_wrong_name_is_read_by_its_octets() -> None:
    pcm, facts = rtpcodec.read_audio(io.BytesIO(simple(PCM)), name="call.ulaw")
    assert pcm == PCM
    assert facts.notes == ("the name says ulaw, the octets say wav",)


def test_mu_law_in_wav_says_so() -> None:
    facts = rtpcodec.read_audio(io.BytesIO(simple(bytes(800), MULAW, 8)))[1]
    assert (facts.container, facts.codec, facts.samples, facts.duration_ms) == ("wav", "PCMU", 800, 100.0)


@pytest.mark.parametrize(
    ("data", "name", "octet", "rule"),
    [
        (b"", "x.wav", 0, "has 0 octets, a WAV file is needed"),
        (b"", None, 0, "it has 0 octets, an audio file is needed"),
        (b"FORM\0\0\0\0AIFF", "x.wav", 0, "it is an AIFF file, WAV, FLAC"),
        (b"RIFF\0\0\0\0WAVE", "x", 12, "it ends without a fmt chunk"),
        (b"\1\2\3\4\5\6\7\x08", "x.bin", 0, "it is of an unknown kind, it begins with octets 01 02 03"),
        (b"\1\2\3\4", "x.raw", 0, "its name does not say its coding: kind is needed, one of ulaw, alaw"),
        (simple(PCM, channels=0), "x.wav", 20, "has 0 channels, at least 1 is needed"),
        (b'{"error": "no such recording"}', "x.ulaw", 0, "it is JSON text, WAV"),
    ],
)
def test_a_file_that_cannot_be_read_names_octet_and_rule(data: bytes, name: str | None, octet: int, rule: str) -> None:
    with pytest.raises(AudioFileError) as caught:
        rtpcodec.open_audio(io.BytesIO(data), name=name)
    error = caught.value
    assert (error.name, error.offset_octets) == (name or "the file", octet)
    assert rule in error.rule
    assert str(error) == f"{error.name}, octet {octet}: {error.rule}"


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match=r"^pcm_hz is 0, 1 to 192000 are allowed$"):
        rtpcodec.open_audio(io.BytesIO(), pcm_hz=0)
    with pytest.raises(ValueError, match=r"^kind is 'ogv', allowed are awb, flac, mp3, ogg, wav, alaw"):
        rtpcodec.open_audio(io.BytesIO(), kind="ogv")
    with pytest.raises(TypeError, match=r"^source is int, a path or a binary file is needed$"):
        rtpcodec.open_audio(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^the file gives str, a file opened in binary mode is needed$"):
        rtpcodec.open_audio(io.StringIO("RIFF"))  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        rtpcodec.open_audio("/nowhere/call.wav")
    with pytest.raises(AudioFileError, match="sample_rate_hz is given, which only raw files need: it is read as wav"):
        rtpcodec.open_audio(io.BytesIO(simple(PCM)), sample_rate_hz=8000)


def test_another_iteration_continues_and_mono_and_channels_exclude_each_other() -> None:
    data = simple(PCM * 10)
    with rtpcodec.open_audio(io.BytesIO(data), name="x.wav") as audio:
        first = next(iter(audio))
        assert first + b"".join(audio) == PCM * 10
        assert list(audio) == []
        with pytest.raises(ValueError, match=r"^x.wav is being read as mono, it can be read once$"):
            audio.channel_pieces()
    with rtpcodec.open_audio(io.BytesIO(data), name="x.wav") as audio:
        next(audio.channel_pieces())
        with pytest.raises(ValueError, match=r"^x.wav is being read by channel_pieces, it can be read once$"):
            iter(audio)


def test_very_many_channels_are_read_as_mean_or_one_by_one() -> None:
    frames = np.arange(65_535 * 3, dtype=np.int32).astype(np.int16).reshape(3, -1)
    data = simple(frames.tobytes(), channels=65_535)
    mean = (frames.sum(axis=1, dtype=np.int64) // 65_535).astype(np.int16).tobytes()
    assert rtpcodec.read_audio(io.BytesIO(data))[0] == mean
    assert rtpcodec.read_audio(io.BytesIO(data), channel=65_534)[0] == frames[:, -1].tobytes()
    with (
        rtpcodec.open_audio(io.BytesIO(data)) as audio,
        pytest.raises(ValueError, match=r"^the file has 65535 channels, 64 at most are read side by side$"),
    ):
        audio.channel_pieces()


def test_a_raw_file_has_the_rate_and_order_that_are_given() -> None:
    facts = rtpcodec.read_audio(io.BytesIO(PCM), kind="PCMU", sample_rate_hz=11_025, pcm_hz=8000)[1]
    assert (facts.codec, facts.sample_rate_hz) == ("PCMU", 11_025)
    assert rtpcodec.read_audio(io.BytesIO(PCM), kind="l16", byte_order="little")[0] == PCM
    pcm, facts = rtpcodec.read_audio(io.BytesIO(PCM + b"\1"), kind="sln")
    assert pcm == PCM
    assert facts.notes == ("the last sample is cut after one octet; it is left out",)
    with pytest.raises(ValueError, match="G722 has no sample rate of 8000 Hz, only 16000"):
        rtpcodec.open_audio(io.BytesIO(), kind="g722", sample_rate_hz=8000)
    with pytest.raises(ValueError, match=r"^byte_order is 'middle'"):
        rtpcodec.open_audio(io.BytesIO(PCM), kind="l16", byte_order="middle")  # type: ignore[arg-type]


def test_an_explicit_kind_is_used_and_contradictions_are_noted() -> None:
    data = simple(PCM)
    pcm, facts = rtpcodec.read_audio(io.BytesIO(data), kind="ulaw")
    assert len(pcm) == 2 * len(data)
    assert facts.notes == ("it is read as ulaw on request, its octets say wav",)
    assert rtpcodec.read_audio(io.BytesIO(), kind="ulaw")[0] == b""


def test_a_header_with_a_wrong_or_missing_length_is_noted() -> None:
    cut = rtpcodec.read_audio(io.BytesIO(simple(PCM, size=len(PCM) + 8)))[1]
    assert cut.notes == (f"the header says {len(PCM) + 8} octets of samples, the file has {len(PCM)}",)
    unknown = rtpcodec.read_audio(io.BytesIO(simple(PCM, size=2**32 - 1)))[1]
    assert unknown.notes[0].startswith("the header does not say how many samples there are")
    assert cut.samples == unknown.samples == len(SAMPLES)


def test_a_non_blocking_file_without_octets_is_an_error_not_an_end() -> None:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    with os.fdopen(read_end, "rb", buffering=0) as pipe, os.fdopen(write_end, "wb") as other_end:
        with pytest.raises(BlockingIOError, match="the file is non-blocking and has no octets now"):
            rtpcodec.open_audio(pipe, kind="ulaw")
        other_end.write(b"\xff")


def test_a_file_of_the_path_is_closed_also_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"RIFF")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(AudioFileError):
        rtpcodec.open_audio(path)
    path.write_bytes(simple(PCM))
    with rtpcodec.open_audio(path) as audio:
        next(iter(audio))
    audio.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
