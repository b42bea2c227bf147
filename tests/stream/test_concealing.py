"""A gap is concealed if the user wants it: by each codec's own method, in its place, and marked as concealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.harness.signals import speech
from rtpcodec import StreamPlan, codec, events
from rtpcodec.codecs import CodecInfo, FrameEncoder
from rtpcodec.stream.events import Event
from rtpcodec.stream.numbering import LEARNING_CHUNKS
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")

CHUNKS = 80
LOST = (60, 61, 70)
OPTIONS: dict[str, dict[str, Any]] = {"L16": {"byte_order": "little"}}


def payloads(name: str, chunk_ms: int = 20, **options: Any) -> list[bytes]:
    info = codec(name)
    rate_hz = info.sample_rate_hz()
    pcm = speech(CHUNKS * rate_hz * chunk_ms // 1000, rate_hz).tobytes()
    encoder = info.encoder(**OPTIONS.get(name, {}), **options)
    size = 2 * encoder.frame_samples if isinstance(encoder, FrameEncoder) else 2 * rate_hz * chunk_ms // 1000
    frames = [encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    # Bandwidth-efficient packing needs the stream's own format; a frame with its table in octets does not.
    return [b"\xf0" + frame for frame in frames] if name == "AMR-WB" else frames


def told(
    name: str, octets: list[bytes], lost: tuple[int, ...] = LOST, chunk_ms: float = 20.0, **options: Any
) -> list[Event]:
    plan = StreamPlan(l16_byte_order="little", amrwb_packing="octet-aligned")
    start = carrier.start(name, codec(name).sample_rate_hz())
    session = carrier.started(plan, start_text=start, **options)
    texts = [carrier.media(payload, at + 1) for at, payload in enumerate(octets) if at not in lost]
    return carrier.fed(session, texts, step_ms=chunk_ms)


def made_up(found: list[Event]) -> list[events.Audio]:
    return [audio for audio in carrier.audio_of(found) if audio.concealed]


@pytest.fixture(params=["PCMU", "PCMA", "G722", "L16", "OPUS", "AMR-WB"])
def name(request: pytest.FixtureRequest, usable_codec: Callable[[str], CodecInfo]) -> str:
    return usable_codec(request.param).name


def test_each_lost_chunk_is_audio_in_its_place(name: str) -> None:
    assert min(LOST) > LEARNING_CHUNKS
    found = told(name, payloads(name), conceal=True)
    assert [(audio.media_ms, audio.duration_ms, audio.payload) for audio in made_up(found)] == [
        (20.0 * at, 20.0, b"") for at in LOST
    ]
    heard = carrier.audio_of(found)
    assert [audio.media_ms for audio in heard] == [20.0 * at for at in range(CHUNKS)]
    assert {len(audio.pcm) for audio in heard} == {2 * heard[0].sample_rate_hz // 50}
    assert all(np.frombuffer(audio.pcm, np.int16).any() for audio in made_up(found))
    kinds = carrier.kinds(found)
    assert [at for at, kind in enumerate(kinds) if kind == "Gap"] == [60, 71]
    assert ", concealed)" in repr(made_up(found)[0])
    assert "concealed" not in repr(heard[0])


def test_nothing_is_concealed_unless_requested(name: str) -> None:
    octets = payloads(name)
    ways: tuple[dict[str, Any], ...] = ({}, {"conceal": True, "receive_pcm_hz": None})
    for options in ways:
        found = told(name, octets, **options)
        assert made_up(found) == []
        assert carrier.kinds(found).count("Gap") == 2
        assert len(carrier.audio_of(found)) == CHUNKS - len(LOST)


def test_the_decoder_conceals_and_continues_in_the_next_chunk() -> None:
    octets = payloads("G722")
    decoder = codec("G722").decoder()
    expected = [decoder.conceal(320) if at in LOST else decoder.decode(one) for at, one in enumerate(octets)]
    assert [audio.pcm for audio in carrier.audio_of(told("G722", octets, conceal=True))] == expected


def test_opus_takes_the_last_lost_packet_from_the_copy_in_the_next(opus: CodecInfo) -> None:
    octets = payloads("OPUS", fec=True, expected_loss_percent=20, bitrate=24_000)
    decoder: Any = opus.decoder()
    expected = []
    for at, one in enumerate(octets):
        if at in LOST:
            expected.append(decoder.conceal(320) if at + 1 in LOST else decoder.decode_fec(octets[at + 1], 320))
        else:
            expected.append(decoder.decode(one))
    assert [audio.pcm for audio in carrier.audio_of(told(opus.name, octets, conceal=True))] == expected


def test_the_resampler_continues_through_the_gap() -> None:
    heard = carrier.audio_of(told("PCMU", payloads("PCMU"), conceal=True, receive_pcm_hz=16_000))
    assert {(len(audio.pcm), audio.sample_rate_hz) for audio in heard} == {(640, 16_000)}


def test_one_second_of_a_long_gap_is_concealed() -> None:
    octets = (payloads("PCMU") * 3)[:200]
    found = told("PCMU", octets, tuple(range(100, 180)), conceal=True)
    assert sum(audio.duration_ms for audio in made_up(found)) == 1000.0
    assert carrier.audio_of(found)[-1].media_ms == 199 * 20.0


def test_a_chunk_of_one_second_is_concealed_completely(amrwb: CodecInfo) -> None:
    frames = payloads(amrwb.name)[:50]  # as many as a payload can have
    entries = b"".join(bytes([frame[1] | 0x80]) for frame in frames[:-1]) + frames[-1][1:2]
    long = b"\xf0" + entries + b"".join(frame[2:] for frame in frames)
    found = told(amrwb.name, [long] * 60, (55,), chunk_ms=1000.0, conceal=True)
    (audio,) = made_up(found)
    assert (audio.duration_ms, len(audio.pcm)) == (1000.0, 2 * 16 * 1000)
