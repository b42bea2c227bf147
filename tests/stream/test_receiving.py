"""Chunks to audio: decoding, rates, tracks, media time."""

from __future__ import annotations

import random
import struct
from typing import Any, Literal

import pytest

from rtpcodec import MediaSession, Resampler, StreamPlan, codec
from tests.oracles import g711 as oracle
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")


def noise(octets: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(octets)


def test_chunk_carries_payload_pcm_and_its_place() -> None:
    session = carrier.started()
    payloads = [noise(160, 1), noise(80, 2), noise(320, 3)]
    texts = [
        carrier.media(payload, chunk=at + 1, timestamp=at * 7, track="inbound") for at, payload in enumerate(payloads)
    ]
    found = carrier.audio_of(carrier.fed(session, texts))
    assert [audio.payload for audio in found] == payloads
    for audio in found:
        assert audio.pcm == struct.pack(f"={len(audio.payload)}h", *map(oracle.pcmu_sample, audio.payload))
    assert [(audio.media_ms, audio.duration_ms) for audio in found] == [(0.0, 20.0), (20.0, 10.0), (30.0, 40.0)]
    assert [(audio.chunk, audio.timestamp, audio.track) for audio in found] == [
        (1, 0, "inbound"),
        (2, 7, "inbound"),
        (3, 14, "inbound"),
    ]
    assert {audio.sample_rate_hz for audio in found} == {8000}


@pytest.mark.parametrize(
    ("name", "rate", "sample_of"), [("PCMA", 8000, oracle.pcma_sample), ("audio/x-mulaw", 8000, oracle.pcmu_sample)]
)
def test_start_alone_decides_the_codec(name: str, rate: int, sample_of: Any) -> None:
    session = carrier.started(StreamPlan(send_codec="L16", receive_codec="L16"), start_text=carrier.start(name, rate))
    (audio,) = carrier.audio_of(carrier.fed(session, [carrier.media(noise(160))]))
    assert audio.pcm == struct.pack("=160h", *map(sample_of, noise(160)))


def test_a_codec_of_one_rate_has_that_rate_whatever_start_says() -> None:
    session = carrier.started(start_text=carrier.start("PCMU", 16000))
    (audio,) = carrier.audio_of(carrier.fed(session, [carrier.media()]))
    assert (audio.sample_rate_hz, audio.duration_ms) == (8000, 20.0)


@pytest.mark.parametrize("rate", [8000, 16000, None])
@pytest.mark.parametrize("wanted", ["native", 16000, 8000])
def test_g722_is_16_khz_whichever_of_its_rates_start_names(rate: int | None, wanted: Literal["native"] | int) -> None:
    session = carrier.started(receive_pcm_hz=wanted, start_text=carrier.start("G722", rate))
    found = carrier.audio_of(carrier.fed(session, [carrier.media(noise(160, 1)), carrier.media(noise(80, 2))]))
    pcm_hz = 16000 if wanted == "native" else wanted
    decoded = codec("G722").decoder().decode(noise(160, 1) + noise(80, 2))
    expected = decoded if pcm_hz == 16000 else Resampler(16000, pcm_hz).resample(decoded)
    assert b"".join(audio.pcm for audio in found) == expected, "the decoder runs on from chunk to chunk"
    assert [(audio.sample_rate_hz, audio.media_ms, audio.duration_ms) for audio in found] == [
        (pcm_hz, 0.0, 20.0),
        (pcm_hz, 20.0, 10.0),
    ]


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
def test_l16_in_both_byte_orders_and_at_every_rate(order: Literal["little", "big"], rate: int) -> None:
    session = carrier.started(StreamPlan(l16_byte_order=order), start_text=carrier.start("L16", rate))
    samples = [1, -2, 32767, -32768] * 50
    wire = struct.pack(f"{'<' if order == 'little' else '>'}200h", *samples)
    (audio,) = carrier.audio_of(carrier.fed(session, [carrier.media(wire)]))
    assert audio.pcm == struct.pack("=200h", *samples)
    assert (audio.payload, audio.sample_rate_hz) == (wire, rate)
    assert audio.duration_ms == pytest.approx(200_000 / rate)


def test_l16_without_a_rate_has_the_documented_one() -> None:
    session = carrier.started(start_text='{"event":"start","start":{"media_format":{"encoding":"L16"}}}')
    (audio,) = carrier.audio_of(carrier.fed(session, [carrier.media(bytes(640))]))
    assert (audio.sample_rate_hz, audio.duration_ms) == (16000, 20.0)


@pytest.mark.parametrize(
    ("encoding", "rate", "wanted"),
    [
        *[("PCMU", 8000, 16000), ("PCMU", 8000, 24000), ("PCMA", 8000, 48000), ("PCMU", 8000, 11025)],
        *[("L16", 48000, 8000), ("L16", 24000, 16000), ("L16", 22050, 16000), ("L16", 44100, 48000)],
    ],
)
def test_resampled_chunks_have_exactly_their_samples(encoding: str, rate: int, wanted: int) -> None:
    session = carrier.started(receive_pcm_hz=wanted, start_text=carrier.start(encoding, rate))
    native = carrier.started(start_text=carrier.start(encoding, rate))
    unit = 2 if encoding == "L16" else 1
    whole, decoded, samples_in = b"", b"", 0
    rng = random.Random(rate + wanted)
    for at in range(60):
        text = carrier.media(noise(unit * rng.choice((1, 2, 7, 80, 160, 161, 333)), at))
        (audio,) = carrier.audio_of(carrier.fed(session, [text]))
        (plain,) = carrier.audio_of(carrier.fed(native, [text]))
        whole, decoded = whole + audio.pcm, decoded + plain.pcm
        samples_in += len(audio.payload) // unit
        assert len(whole) // 2 == samples_in * wanted // rate
        assert (audio.sample_rate_hz, audio.media_ms, audio.duration_ms) == (wanted, plain.media_ms, plain.duration_ms)
    assert whole == Resampler(rate, wanted).resample(decoded)


def test_payloads_alone_are_not_decoded() -> None:
    session = carrier.started(receive_pcm_hz=None)
    (audio,) = carrier.audio_of(carrier.fed(session, [carrier.media(noise(160))]))
    assert (audio.payload, audio.pcm, audio.sample_rate_hz, audio.duration_ms) == (noise(160), b"", 8000, 20.0)


def test_tracks_have_their_own_resampler_and_clock() -> None:
    session = carrier.started(StreamPlan(tracks="both_tracks"), receive_pcm_hz=24000)
    payloads = {"inbound": noise(1601, 1), "outbound": noise(1601, 2)}
    found: dict[str, bytes] = {"inbound": b"", "outbound": b""}
    for at in range(0, 1601, 97):
        for track, payload in payloads.items():
            piece = payload[at : at + 97]
            (audio,) = carrier.audio_of(carrier.fed(session, [carrier.media(piece, track=track)]))
            assert (audio.track, audio.media_ms) == (track, at / 8)
            found[track] += audio.pcm
    for track, payload in payloads.items():
        pcm = struct.pack("=1601h", *map(oracle.pcmu_sample, payload))
        assert found[track] == Resampler(8000, 24000).resample(pcm)


@pytest.mark.parametrize(
    ("asked", "track"), [("inbound_track", "inbound"), ("outbound_track", "outbound"), ("both_tracks", "inbound")]
)
@pytest.mark.filterwarnings("ignore::rtpcodec.errors.PlanWarning")
def test_a_chunk_without_a_track_is_of_the_one_asked_for(asked: Any, track: str) -> None:
    session = carrier.started(StreamPlan(tracks=asked))
    found = carrier.fed(session, [carrier.media(), carrier.media(track=""), carrier.media(track=f"{track}_track")])
    assert [audio.track for audio in carrier.audio_of(found)] == [track] * 3


def test_an_empty_payload_is_neither_audio_nor_loss() -> None:
    session = carrier.started()
    texts = [carrier.media(b"" if chunk % 3 == 0 else carrier.FRAME, chunk=chunk) for chunk in range(1, 100)]
    found = carrier.fed(session, texts)
    assert set(carrier.kinds(found)) == {"Audio"}
    assert [audio.chunk for audio in carrier.audio_of(found)] == [chunk for chunk in range(1, 100) if chunk % 3]
    assert carrier.audio_of(found)[-1].media_ms == 65 * 20.0
    assert session.statistics(0.0).media_received == 99


def test_audio_shows_itself_without_its_octets() -> None:
    session = MediaSession()
    (audio,) = carrier.audio_of(carrier.fed(session, [carrier.start(), carrier.media(noise(160))]))
    assert repr(audio) == (
        "Audio(track='inbound', media_ms=0, duration_ms=20, payload=<160 octets>, pcm=<160 samples at 8000 Hz>)"
    )
    with pytest.raises(AttributeError):
        audio.pcm = b""  # type: ignore[misc]
