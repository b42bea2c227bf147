"""OPUS, AMR-WB and MP3 at the carrier's end: sent, accepted and refused payloads, by codec and payload format alone."""

from __future__ import annotations

import math
from array import array
from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from rtpcodec import codec
from rtpcodec.audio import mp3
from rtpcodec.audio.whole_rate import at_rate
from rtpcodec.rtp.payloads import AmrWbFormat
from rtpcodec.sim.media.variations import Variations
from tests.sim.streams import CLEAR, START_MS, mark, media, open_stream, run, sent

MP3 = {"mode": "mp3"}


def tone(samples: int, rate_hz: int = 16000, pitch_hz: float = 300.0) -> bytes:
    return array("h", (round(9000 * math.sin(math.tau * pitch_hz * n / rate_hz)) for n in range(samples))).tobytes()


def chunks(gone: list[tuple[float, dict[str, Any]]]) -> list[bytes]:
    return [b64decode(message["media"]["payload"]) for _, message in gone if message["event"] == "media"]


def errors(messages: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(m["payload"]["code"], m["payload"]["title"]) for m in messages if m["event"] == "error"]


@pytest.mark.parametrize("chunk_ms", [20, 40, 60])
@pytest.mark.usefixtures("opus", "amrwb")
def test_a_chunk_of_opus_is_one_packet(chunk_ms: int) -> None:
    pcm = tone(16 * 240)
    gone = run(open_stream(pcm, name="OPUS", rate_hz=16000, variations=Variations(chunk_ms=chunk_ms)))
    encoder = codec("OPUS").encoder(frame_ms=chunk_ms)
    size = 32 * chunk_ms
    assert chunks(gone) == [encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    assert gone[1][1]["start"]["media_format"] == {"encoding": "OPUS", "sample_rate": 16000, "channels": 1}


@pytest.mark.parametrize("packing", ["bandwidth-efficient", "octet-aligned"])
@pytest.mark.parametrize(("chunk_ms", "request_", "cmr"), [(20, 15, 15), (60, 2, 2)])
@pytest.mark.usefixtures("opus", "amrwb")
def test_a_chunk_of_amrwb_is_one_payload(packing: Any, chunk_ms: int, request_: int, cmr: int) -> None:
    variations = Variations(chunk_ms=chunk_ms, amrwb_packing=packing, amrwb_mode_request=request_)
    pcm = tone(16 * 240)
    gone = run(open_stream(pcm, name="AMR-WB", rate_hz=16000, variations=variations))
    encoder, form = codec("AMR-WB").encoder(), AmrWbFormat(packing)
    expected = [encoder.encode(pcm[at : at + 640]) for at in range(0, len(pcm), 640)]
    assert [frame for payload in chunks(gone) for frame in form.frames(payload)] == expected
    assert (len(chunks(gone)), form.cmr_received) == (240 // chunk_ms, cmr)


@pytest.mark.parametrize("name", ["OPUS", "AMR-WB"])
@pytest.mark.usefixtures("opus", "amrwb")
def test_return_audio_is_decoded_payload_by_payload(name: str) -> None:
    stream = open_stream(
        tone(16 * 100), name=name, rate_hz=16000, settings={"return_codec": name, "return_rate_hz": 16000}
    )
    encoder, decoder = codec(name).encoder(), codec(name).decoder()
    form = AmrWbFormat("bandwidth-efficient")
    expected = b""
    for at in range(0, 3200, 640):
        frame = encoder.encode(tone(1600)[at : at + 640])
        expected += decoder.decode(frame)
        stream.receive(media(frame if name == "OPUS" else form.payload([frame])), START_MS)
    stream.receive(mark("m"), START_MS)
    gone = run(stream)
    report = stream.report()
    assert report.heard_pcm[: len(expected)] == expected
    assert (report.return_codec, report.errors_sent) == (name, 0)
    assert [at for at, message in gone if message["event"] == "mark"] == [100]


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("OPUS", b"\x4b"),
        ("AMR-WB", bytes(61)),
        ("AMR-WB", AmrWbFormat("octet-aligned").payload([bytes([2 << 3 | 0b100]) + bytes(32)])),
    ],
    ids=["opus", "amrwb", "amrwb in another packing"],
)
@pytest.mark.usefixtures("opus", "amrwb")
def test_an_invalid_payload_is_answered_with_100004(name: str, payload: bytes) -> None:
    stream = open_stream(tone(320), name=name, rate_hz=16000, settings={"return_codec": name})
    stream.receive(media(payload), START_MS)
    assert errors(sent(stream, 1)) == [(100004, "invalid_media")]


@pytest.mark.parametrize("wrong", [{"amrwb_packing": "storage"}, {"amrwb_mode_request": 9}])
def test_wrong_variations_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} is "):
        Variations(**wrong)


def level_at(pcm: bytes, rate_hz: int, pitch_hz: float) -> float:
    """Amplitude of a tone. LAME scales it by 0.95, so that loud sounds do not clip."""
    samples = np.frombuffer(pcm, np.int16).astype(float)
    wave = np.exp(-1j * math.tau * pitch_hz * np.arange(len(samples)) / rate_hz)
    return float(2 * abs(samples @ wave) / len(samples))


@pytest.mark.parametrize("file_hz", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000])
def test_mp3_of_any_rate_is_heard_at_the_calls_rate(file_hz: int) -> None:
    stream = open_stream(bytes(16000), settings=MP3)
    stream.receive(media(mp3.encode(tone(file_hz // 2, file_hz), file_hz)), START_MS)
    run(stream)
    report = stream.report()
    assert (report.return_codec, report.heard_hz, report.errors_sent) == ("MP3", 8000, 0)
    assert level_at(report.heard_pcm[:8000], 8000, 300.0) == pytest.approx(0.95 * 9000, rel=0.03)
    assert not np.frombuffer(report.heard_pcm[8400:], np.int16).any(), "and then silence"


def test_several_files_in_one_payload_are_all_heard() -> None:
    """A plain decoder stops after the first file, or fails on the tag before the second."""
    parts = [mp3.encode(tone(8000, 16000, pitch), 16000) for pitch in (300.0, 500.0)]
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0aTIT2 words"
    stream = open_stream(bytes(2 * 8800), settings=MP3)
    stream.receive(media(tag + parts[0] + tag + parts[1]), START_MS)
    stream.receive(mark("end"), START_MS)
    gone = run(stream)
    heard = stream.report().heard_pcm
    assert level_at(heard[:8000], 8000, 300.0) == pytest.approx(0.95 * 9000, rel=0.03)
    assert level_at(heard[8000:16000], 8000, 500.0) == pytest.approx(0.95 * 9000, rel=0.03)
    assert [at for at, message in gone if message["event"] == "mark"] == [1000]


def test_a_second_message_within_a_second_is_refused_with_100005() -> None:
    stream = open_stream(bytes(2 * 8 * 4000), settings=MP3)
    file = mp3.encode(tone(1600), 16000)
    found = []
    for at_ms in (0, 500, 999, 1000, 1999, 2000):
        stream.receive(media(file), START_MS + at_ms)
        found.append(errors(sent(stream, at_ms)))
    limit = [(100005, "rate_limit_reached")]
    assert found == [[], limit, limit, [], limit, []]
    run(stream)
    assert (stream.report().media_received, stream.report().errors_sent) == (6, 3)


@pytest.mark.parametrize("data", [b"", b"\xff" * 160, b"RIFF\x24\x00\x00\x00WAVEfmt ", b"hello"])
def test_a_payload_that_is_not_mp3_is_answered_with_100004(data: bytes) -> None:
    stream = open_stream(bytes(320), settings=MP3)
    stream.receive(media(data), START_MS)
    assert errors(sent(stream, 1)) == [(100004, "invalid_media")]


def test_clear_and_marks_work_alike_for_files() -> None:
    stream = open_stream(bytes(2 * 8 * 1000), settings=MP3)
    stream.receive(mark("at once"), START_MS)
    stream.receive(media(mp3.encode(tone(16000), 16000)), START_MS)
    stream.receive(mark("cleared"), START_MS)
    assert [m["mark"]["name"] for m in sent(stream, 0) if m["event"] == "mark"] == ["at once"]
    stream.receive(CLEAR, START_MS + 400)
    assert [m["mark"]["name"] for m in sent(stream, 400) if m["event"] == "mark"] == ["cleared"]
    run(stream)
    report = stream.report()
    assert report.marks_cleared == 1
    assert not np.frombuffer(report.heard_pcm[2 * 8 * 400 :], np.int16).any()
    assert np.frombuffer(report.heard_pcm[: 2 * 8 * 400], np.int16).any()


def test_the_outbound_track_of_a_call_in_mode_mp3() -> None:
    stream = open_stream(bytes(2 * 8 * 200), settings=MP3 | {"tracks": "outbound_track"})
    stream.receive(media(mp3.encode(tone(3200), 16000)), START_MS)
    outbound = b"".join(chunks(run(stream)))
    assert level_at(codec("PCMU").decoder().decode(outbound), 8000, 300.0) == pytest.approx(0.95 * 9000, rel=0.05)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44100, 8000), (11025, 16000), (22050, 48000), (8000, 8000)])
def test_rates_are_changed_without_shift_or_loss(from_hz: int, to_hz: int) -> None:
    turned = at_rate(tone(from_hz, from_hz), from_hz, to_hz)
    expected = np.frombuffer(tone(to_hz, to_hz), np.int16).astype(float)
    found = np.frombuffer(turned, np.int16).astype(float)
    assert len(found) == len(expected)
    inner = slice(to_hz // 20, -to_hz // 20)
    assert np.abs(found - expected)[inner].max() < 90, "1 % of the tone"
    assert at_rate(b"", from_hz, to_hz) == b""
