"""The ready-made handlers on the virtual clock, with files of every kind and rate."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rtpcodec
from rtpcodec import StreamPlan
from rtpcodec.audio import mp3
from rtpcodec.audio.files import read_wav
from rtpcodec.audio.whole_rate import at_rate, at_streaming_rate
from rtpcodec.client import AsyncCallControl
from rtpcodec.errors import MissingExtra
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, handlers
from rtpcodec.sim import CallReport, Carrier
from tests import ffmpeg
from tests.wav_files import FLOAT, MULAW, PCM, simple

L16 = StreamPlan(send_codec="L16", send_rate_hz=16000)
MP3 = StreamPlan(mode="mp3")


def tone(rate_hz: int, seconds: float = 1.0, hz: float = 300.0) -> Any:
    return (9000 * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)).astype(np.int16)


def level_at(pcm: bytes, rate_hz: int, hz: float = 300.0) -> float:
    """Amplitude of a tone in the second of audio in which it is loudest."""
    samples = np.frombuffer(pcm, np.int16).astype(float)
    starts = range(0, max(1, len(samples) - rate_hz // 2), rate_hz // 10)
    wave = np.exp(-2j * np.pi * hz * np.arange(rate_hz // 2) / rate_hz)
    halves = (samples[at : at + rate_hz // 2] for at in starts)
    return max(float(2 * abs(half @ wave[: len(half)]) / max(1, len(half))) for half in halves)


def carried(plan: StreamPlan, handler: Callable[[Call], Awaitable[Any]], **options: Any) -> CallReport:
    """Run one call in virtual time, from the command to its end."""

    async def main() -> CallReport:
        async with (
            Carrier("KEY") as carrier,
            AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(handler, plan=plan) as endpoint,
        ):
            call = carrier.new_call(
                tone(16000).tobytes(), speech_hz=16000, tail_ms=3000, codec="L16", sample_rate_hz=16000, **options
            )
            await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **plan.command_fields())
            report = await call.finished()
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 0
            return report

    return run_virtual(main())


@pytest.mark.parametrize("plan", [L16, MP3], ids=["rtp", "mp3"])
def test_echo(plan: StreamPlan) -> None:
    report = carried(plan, handlers.echo)
    assert report.errors_sent == 0
    # Of a file in mode mp3, the carrier drops what it holds when the call ends.
    assert level_at(report.heard_pcm, report.heard_hz) > (5000 if plan is MP3 else 8000)


def test_record(tmp_path: Path) -> None:
    carried(L16, handlers.record(tmp_path))
    (path,) = tmp_path.iterdir()
    pcm, rate_hz = read_wav(path)
    assert rate_hz == 16000
    assert level_at(pcm, rate_hz) == pytest.approx(9000, rel=0.02)


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("plan", [L16, StreamPlan(), MP3], ids=["L16", "PCMU", "mp3"])
def test_mp3_of_every_rate_is_played(tmp_path: Path, rate_hz: int, plan: StreamPlan) -> None:
    path = tmp_path / "greeting.mp3"
    path.write_bytes(mp3.encode(tone(rate_hz), rate_hz))
    for mode in (None, plan.mode):
        report = carried(plan, handlers.play_file(path, mode=mode))
        assert (report.errors_sent, report.end_reason) == (0, "app_closed")
        assert level_at(report.heard_pcm, report.heard_hz) == pytest.approx(9000, rel=0.07)


@pytest.mark.parametrize("rate_hz", [6000, 8000, 11_025, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize(
    "plan",
    [
        L16,
        StreamPlan(send_codec="L16", send_rate_hz=22050),
        StreamPlan(mode="mp3", send_rate_hz=44100),
        StreamPlan(send_codec="G722"),
    ],
    ids=["L16", "L16 22050", "mp3 44100", "G722"],
)
def test_wav_of_every_rate_is_played_at_every_rate(tmp_path: Path, rate_hz: int, plan: StreamPlan) -> None:
    path = tmp_path / "greeting.wav"
    path.write_bytes(simple(tone(rate_hz).tobytes(), rate_hz=rate_hz))
    report = carried(plan, handlers.play_file(path))
    assert report.end_reason == "app_closed"
    assert level_at(report.heard_pcm, report.heard_hz) == pytest.approx(9000, rel=0.07)


@pytest.mark.parametrize(
    ("data", "tag", "bits", "channels"),
    [
        (np.repeat(tone(8000), 2).tobytes(), PCM, 16, 2),
        ((tone(8000) / 32768).astype("<f4").tobytes(), FLOAT, 32, 1),
        (rtpcodec.pcmu_encode(tone(8000)), MULAW, 8, 1),
    ],
    ids=["stereo", "float", "mulaw"],
)
def test_wav_of_every_coding_is_played(tmp_path: Path, data: bytes, tag: int, bits: int, channels: int) -> None:
    path = tmp_path / "greeting.wav"
    path.write_bytes(simple(data, tag, bits, channels, size=0xFFFFFFFF))
    report = carried(L16, handlers.play_file(path))
    assert level_at(report.heard_pcm, report.heard_hz) == pytest.approx(9000, rel=0.03)


def test_glued_mp3_files_of_different_rates_are_played(tmp_path: Path) -> None:
    path = tmp_path / "greeting.mp3"
    path.write_bytes(mp3.encode(tone(44_100, 0.6), 44_100) + mp3.encode(tone(22_050, 0.6, 700), 22_050))
    report = carried(L16, handlers.play_file(path))
    assert level_at(report.heard_pcm, report.heard_hz) > 8000
    assert level_at(report.heard_pcm, report.heard_hz, 700) > 8000


def test_an_mp3_file_without_a_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "greeting.mp3"
    path.write_bytes(mp3.encode(tone(16000), 16000))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtra, match=r"pip install 'rtpcodec\[mp3\]'"):
        handlers.play_file(path, mode="rtp")
    handlers.play_file(path, mode="mp3")
    handlers.play_file(path)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.mp3", b"OggS\0\2" + bytes(60), r"^a\.mp3: data is an OGG file, an MP3 is needed"),
        ("a.mp3", b"", r"^a\.mp3: data is empty, an MP3 is needed"),
        ("a.wav", b"ID3\4\0\0\0\0\0\0", r"^a\.wav is an MP3 file \(ID3\), a WAV file is needed"),
        ("a.wav", simple(b""), r"^a\.wav has 0 samples, at least 1 is needed$"),
        ("a.wav", simple(b"ab", 0x11), r"^a\.wav has format tag 17 \(IMA ADPCM\)"),
    ],
)
def test_what_cannot_be_played_is_refused_before_any_call(tmp_path: Path, name: str, content: bytes, rule: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rule):
        handlers.play_file(path)


# Whole recordings at another rate


@pytest.mark.parametrize("from_hz", [1, 7, 6000, 11_025, 22_050, 44_100, 192_000])
@pytest.mark.parametrize("to_hz", [8000, 16_000, 22_050, 48_000])
@pytest.mark.parametrize("samples", [1, 5000, 100_001])
def test_a_resampled_file_has_its_exact_length(from_hz: int, to_hz: int, samples: int) -> None:
    samples = min(samples, 20 * from_hz)
    assert len(at_rate(bytes(2 * samples), from_hz, to_hz)) == 2 * round(samples * to_hz / from_hz)


@pytest.mark.parametrize("to_hz", [8000, 16_000, 48_000])
def test_a_long_recording_has_no_seams(to_hz: int) -> None:
    found = np.frombuffer(at_rate(tone(44_100, 7.3).tobytes(), 44_100, to_hz), np.int16).astype(float)
    expected = tone(to_hz, 7.3).astype(float)
    inner = slice(to_hz // 10, -to_hz // 10)
    assert np.abs(found - expected)[inner].max() <= 2


def test_ffmpeg_is_a_witness() -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 44_100 * 3)
    spectrum = np.fft.rfft(noise)
    spectrum[(3000 * 3) :] = 0
    pcm = np.fft.irfft(spectrum, len(noise)).astype(np.int16).tobytes()
    found = np.frombuffer(at_rate(pcm, 44_100, 16_000), np.int16).astype(float)
    other = np.frombuffer(ffmpeg.decode(pcm, ffmpeg.pcm_input(44_100), ["-ar", "16000"]), np.int16).astype(float)
    size = min(len(found), len(other))
    inner = slice(800, size - 800)
    error = np.std((found[:size] - other[:size])[inner]) / np.std(found[:size][inner])
    assert 20 * np.log10(error) < -40


@pytest.mark.parametrize(
    ("rate_hz", "chosen_hz"),
    [
        *[(rate_hz, rate_hz) for rate_hz in (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)],
        *[(1, 8000), (8001, 11_025), (37_800, 44_100), (44_101, 48_000), (96_000, 48_000)],
    ],
)
def test_the_rate_for_streams(rate_hz: int, chosen_hz: int) -> None:
    pcm, found_hz = at_streaming_rate(bytes(200), rate_hz)
    assert found_hz == chosen_hz
    assert len(pcm) == 2 * round(100 * chosen_hz / rate_hz)


def test_full_scale_is_limited_not_wrapped() -> None:
    square = np.where(np.arange(44_100) // 441 % 2, 32767, -32768).astype(np.int16)
    found = np.frombuffer(at_rate(square.tobytes(), 44_100, 48_000), np.int16)
    halves = found.reshape(100, 480)[:, 10:-10]
    assert (halves[::2] < -20_000).all()
    assert (halves[1::2] > 20_000).all()
