"""Each codec, and mode mp3, over real sockets: endpoint, simulated carrier and commands on loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rtpcodec
from rtpcodec import StreamPlan, codec
from rtpcodec.audio import mp3
from rtpcodec.client import AsyncCallControl
from rtpcodec.rtp.payloads import AmrWbFormat
from rtpcodec.server import Call, handlers
from rtpcodec.sim import CallReport, Carrier, Faults, Variations
from rtpcodec.stream.messages import MediaFormat
from tests.lateness import heard_without_gaps
from tests.server.dialler import run
from tests.stream.test_frame_codecs import speech

pytestmark = pytest.mark.usefixtures("opus", "amrwb")

SPEECH = speech(16000)


def carried(plan: StreamPlan, handler: Any, **options: Any) -> tuple[CallReport, rtpcodec.events.Started]:
    """Run one call from the command to its end, and return the carrier's report and the call's `start`."""
    reports: list[CallReport] = []
    started: list[Any] = []
    settings: dict[str, Any] = {name: options.pop(name) for name in ("receive_pcm_hz",) if name in options}

    async def handle(call: Call) -> None:
        started.append(call.started)
        await handler(call)

    async def main() -> None:
        async with (
            Carrier("KEY") as carrier,
            AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(handle, plan=plan, **settings) as endpoint,
        ):
            call = carrier.new_call(SPEECH, **{"speech_hz": 16000, "tail_ms": 1000, "playout_delay_ms": 300} | options)
            await control.start_streaming(
                call.call_control_id, strict=True, stream_url=endpoint.url, **plan.command_fields()
            )
            reports.append(await call.finished())
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 0

    run(main)
    return reports[0], started[0]


def likeness(pcm: bytes, other: bytes) -> float:
    """Return the best correlation over all shifts; 1 means equal."""
    one, two = (np.frombuffer(piece, np.int16).astype(float) for piece in (pcm, other))
    size = 2 * max(len(one), len(two))
    best = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(two, size)), size).max()
    return float(best / np.sqrt((one @ one) * (two @ two)))


@pytest.mark.parametrize(
    ("name", "named_hz"),
    [("OPUS", 8000), ("OPUS", 16000), ("OPUS", 48000), ("AMR-WB", 8000), ("AMR-WB", 16000), ("G722", 8000)],
)
def test_an_echo_works_in_each_codec_with_any_rate_in_start(name: str, named_hz: int) -> None:
    plan = StreamPlan(send_codec=name)
    got = bytearray()

    async def echo(call: Call) -> None:
        async for audio in call.audio():
            got.extend(audio.pcm)
            if not call.ended:
                await call.play(audio.pcm)

    variations = Variations(announced_format=MediaFormat(name, named_hz, 1))
    report, started = carried(plan, echo, codec=name, sample_rate_hz=16000, variations=variations, receive_pcm_hz=16000)
    assert started.media_format == MediaFormat(name, named_hz, 1)
    assert (report.errors_sent, report.return_codec, report.heard_hz) == (0, name, 16000)
    # Similar, not equal: OPUS and AMR-WB preserve the sound rather than the waveform.
    assert likeness(bytes(got), SPEECH) > 0.75
    assert likeness(heard_without_gaps(report), bytes(got)) > 0.75


@pytest.mark.parametrize("packing", ["bandwidth-efficient", "octet-aligned"])
def test_amrwb_is_sent_in_the_carriers_packing_and_requested_mode(packing: Any) -> None:
    report, _ = carried(
        StreamPlan(send_codec="AMR-WB"),
        handlers.echo,
        codec="AMR-WB",
        variations=Variations(amrwb_packing=packing, amrwb_mode_request=2, chunk_ms=60),
    )
    assert report.errors_sent == 0
    frame_octets = 33 if packing == "bandwidth-efficient" else 34
    assert report.octets_received == frame_octets * report.media_received > 0


def test_an_echo_of_payloads_needs_no_codec() -> None:
    async def echo(call: Call) -> None:
        async for audio in call.audio():
            if not call.ended:
                await call.play_payload(audio.payload)

    plan = StreamPlan(send_codec="OPUS")
    report, _ = carried(plan, echo, codec="OPUS", variations=Variations(chunk_ms=60), receive_pcm_hz=None)
    assert report.errors_sent == 0
    assert 1000 // 60 <= report.media_received <= report.media_sent
    assert likeness(heard_without_gaps(report), SPEECH) > 0.75


@pytest.mark.parametrize("name", ["OPUS", "AMR-WB"])
def test_reordering_and_duplicates_are_inaudible(name: str) -> None:
    got: dict[bool, bytes] = {}
    for faulty in (False, True):
        pcm = bytearray()

        async def listen(call: Call, pcm: bytearray = pcm) -> None:
            async for audio in call.audio():
                pcm.extend(audio.pcm)

        faults = Faults(reorder=0.2, reorder_by=2, duplicate=0.2) if faulty else Faults()
        report, _ = carried(StreamPlan(), listen, codec=name, sample_rate_hz=16000, faults=faults)
        assert (report.chunks_reordered > 0) == faulty
        got[faulty] = bytes(pcm)
    assert got[True] == got[False]


MP3 = StreamPlan(mode="mp3")


def test_an_utterance_becomes_one_file_and_is_heard_to_its_end() -> None:
    heard: list[bool] = []

    async def answer(call: Call) -> None:
        for at in range(0, len(SPEECH), 3200):
            await call.play(SPEECH[at : at + 3200])
        heard.append(await call.played())

    report, _ = carried(MP3, answer, codec="L16", sample_rate_hz=16000, tail_ms=5000)
    assert heard == [True]
    assert (report.media_received, report.errors_sent, report.return_codec) == (1, 0, "MP3")
    assert likeness(report.heard_pcm, SPEECH) > 0.95
    assert report.end_reason == "app_closed"


def test_concatenated_files_are_heard_whole_and_sent_no_faster_than_the_carrier_accepts() -> None:
    """Some speech synthesis returns several files in one buffer, of which a decoder reads only the first."""
    pieces = [speech(6000, seed) for seed in (1, 2)]
    glued = b"".join(mp3.encode(piece, 16000) for piece in pieces)

    async def answer(call: Call) -> None:
        await call.play_mp3(glued)
        await call.play_mp3(mp3.encode(SPEECH, 16000))
        await call.played()

    report, _ = carried(MP3, answer, codec="L16", sample_rate_hz=16000, tail_ms=5000)
    assert (report.media_received, report.errors_sent) == (2, 0)
    assert report.end_reason == "app_closed"
    for piece in (*pieces, SPEECH):
        assert likeness(report.heard_pcm, piece + bytes(len(report.heard_pcm) - len(piece))) > 0.4


def test_an_interruption_stops_an_mp3_file() -> None:
    found: list[rtpcodec.events.Interrupted] = []
    passed_ms: list[float] = []

    async def answer(call: Call) -> None:
        file = mp3.encode(speech(48000), 16000)
        begun = asyncio.get_running_loop().time()
        await call.play_mp3(file)
        async for audio in call.audio():
            if audio.media_ms >= 500:
                found.append(call.interrupt())
                passed_ms.append(1000 * (asyncio.get_running_loop().time() - begun))
                await call.close()
                break

    report, _ = carried(MP3, answer, codec="PCMU", tail_ms=3000)
    assert passed_ms[0] - 200 - report.worst_late_ms < found[0].played_ms <= passed_ms[0]
    assert report.clears_received == 1


@pytest.mark.parametrize("plan", [MP3, StreamPlan(send_codec="OPUS")], ids=["mp3", "rtp"])
def test_an_mp3_file_is_played_in_either_mode(tmp_path: Path, plan: StreamPlan) -> None:
    path = tmp_path / "greeting.mp3"
    path.write_bytes(mp3.encode(SPEECH, 16000))
    report, _ = carried(plan, handlers.play_file(path), codec="L16", sample_rate_hz=16000, tail_ms=5000)
    assert (report.media_received == 1) == (plan.mode == "mp3")
    assert (report.errors_sent, report.end_reason) == (0, "app_closed")
    assert likeness(heard_without_gaps(report), SPEECH) > 0.75


def test_a_file_that_is_not_mp3_is_refused_before_any_call(tmp_path: Path) -> None:
    path = tmp_path / "greeting.mp3"
    path.write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    with pytest.raises(ValueError, match="data is a WAV file"):
        handlers.play_file(path)


def test_the_echo_in_mode_mp3_is_sent_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "MP3_ECHO_MS", 1200.0)
    report, _ = carried(MP3, handlers.echo, codec="L16", sample_rate_hz=16000, tail_ms=3400)
    assert (report.media_received, report.errors_sent) == (3, 0)
    assert likeness(heard_without_gaps(report), SPEECH) > 0.75


def test_an_amrwb_no_data_frame_plays_for_20_ms() -> None:
    """The carrier accepts NO_DATA frames like any other."""
    frames = [codec("AMR-WB").encoder(dtx=True).encode(bytes(640)), bytes([15 << 3 | 4])]
    form = AmrWbFormat()

    async def answer(call: Call) -> None:
        for frame in (frames[0], *[frames[1]] * 9):
            await call.play_payload(form.payload([frame]))
        assert await call.played()

    report, _ = carried(StreamPlan(send_codec="AMR-WB"), answer, codec="AMR-WB", tail_ms=2000, playout_delay_ms=1000)
    assert (report.media_received, report.errors_sent, report.dry_count) == (10, 0, 0)
