"""Behaviour specific to OPUS: options, in-band FEC, DTX, vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.harness.signals import speech
from rtpcodec.codecs import CodecInfo, opus_packet
from rtpcodec.codecs._opus import OpusDecoder, OpusEncoder
from rtpcodec.errors import PayloadError

FRAME = 320


def encoder_of(opus: CodecInfo, rate_hz: int = 16000, **options: Any) -> OpusEncoder:
    made = opus.encoder(rate_hz, **options)
    assert isinstance(made, OpusEncoder)
    return made


def decoder_of(opus: CodecInfo, rate_hz: int = 16000) -> OpusDecoder:
    made = opus.decoder(rate_hz)
    assert isinstance(made, OpusDecoder)
    return made


def packets(encoder: OpusEncoder, seconds: float = 2.0) -> list[bytes]:
    samples = encoder.frame_samples
    pcm = speech(int(seconds * encoder.sample_rate_hz) // samples * samples, encoder.sample_rate_hz).tobytes()
    return [encoder.encode(pcm[at : at + 2 * samples]) for at in range(0, len(pcm), 2 * samples)]


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 48000])
@pytest.mark.parametrize("frame_ms", [2.5, 5, 10, 20, 40, 60])
def test_packets_have_the_length_asked_for(opus: CodecInfo, rate_hz: int, frame_ms: float) -> None:
    encoder = encoder_of(opus, rate_hz, frame_ms=frame_ms)
    assert encoder.frame_samples == rate_hz * frame_ms / 1000
    made = packets(encoder, 0.6)
    assert {opus_packet.duration_ticks(packet) for packet in made} == {48 * frame_ms}
    for heard_hz in opus.sample_rates_hz:
        decoder = decoder_of(opus, heard_hz)
        assert {len(decoder.decode(packet)) for packet in made} == {2 * heard_hz * frame_ms / 1000}


def test_default_is_one_packet_of_20_ms() -> None:
    from rtpcodec import codec

    assert codec("OPUS").sample_rate_hz() == 16000


def test_bitrate_is_kept(opus: CodecInfo) -> None:
    for bitrate in (12_000, 24_000, 64_000):
        sizes = list(map(len, packets(encoder_of(opus, bitrate=bitrate, vbr=False))))
        assert set(sizes[1:]) == {bitrate // 400}
    variable = list(map(len, packets(encoder_of(opus, bitrate=24_000))))
    assert len(set(variable)) > 10
    assert 0.7 < sum(variable) / len(variable) / 60 < 1.3


def test_the_largest_packets_fit(opus: CodecInfo) -> None:
    noise = np.random.default_rng(1).integers(-32768, 32768, 48 * 600, dtype=np.int16)
    for frame_ms, most in ((20, 1276), (60, 3831)):
        encoder = encoder_of(opus, 48000, frame_ms=frame_ms, bitrate=300_000, application="audio", vbr=False)
        sizes = [len(encoder.encode(part.tobytes())) for part in np.split(noise, noise.size // encoder.frame_samples)]
        assert encoder.max_octets == most
        assert max(sizes) <= most
        assert sizes[-1] == min(frame_ms * 300 // 8, 1275)  # the library's own bound of a constant rate


def test_complexity_and_application_matter(opus: CodecInfo) -> None:
    streams = [
        packets(encoder_of(opus, complexity=complexity, application=application), 0.4)
        for complexity, application in ((0, "voip"), (5, "voip"), (10, "voip"), (5, "lowdelay"))
    ]
    assert len({b"".join(stream) for stream in streams}) == 4
    assert packets(encoder_of(opus), 0.4) == streams[1]
    assert {opus_packet.parse(packet).mode for packet in streams[3]} == {"CELT"}


def test_silence_with_dtx_is_one_or_two_octets(opus: CodecInfo) -> None:
    encoder = encoder_of(opus, dtx=True)
    sizes = [len(encoder.encode(bytes(2 * FRAME))) for _ in range(100)]
    assert sum(size <= 2 for size in sizes) > 50
    encoder.reset()
    assert [len(encoder.encode(bytes(2 * FRAME))) for _ in range(100)] == sizes, "reset has dropped a setting"
    assert all(len(packet) > 2 for packet in packets(encoder_of(opus)))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"application": "music"}, "application is 'music', allowed are voip, audio, lowdelay"),
        ({"frame_ms": 30}, "frame_ms is 30, allowed are 2.5, 5, 10, 20, 40, 60"),
        ({"complexity": 11}, "complexity is 11, 0 to 10 are allowed"),
        ({"bitrate": 5999}, "bitrate is 5999, 6000 to 300000 bit/s are allowed"),
        ({"bitrate": 300_001}, "bitrate is 300001, 6000 to 300000 bit/s are allowed"),
        ({"bitrate": "24k"}, "bitrate is '24k', 6000 to 300000 bit/s are allowed"),
        ({"bitrate": 24000.5}, "bitrate is 24000.5, 6000 to 300000 bit/s are allowed"),
        ({"expected_loss_percent": 101}, "expected_loss_percent is 101, 0 to 100 are allowed"),
        ({"fec": True}, "fec needs expected_loss_percent above 0, at 0 the library adds none"),
        (
            {"fec": True, "expected_loss_percent": 10, "frame_ms": 5},
            "fec is a part of SILK, which has no frames below 10 ms and no application 'lowdelay'",
        ),
    ],
)
def test_invalid_options_are_refused(opus: CodecInfo, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as found:  # noqa: PT011 (the whole text is compared)
        opus.encoder(**options)
    assert str(found.value) == text


def test_decoded_audio_has_the_reported_delay(opus: CodecInfo) -> None:
    encoder, decoder = encoder_of(opus, bitrate=64_000), decoder_of(opus)
    pcm = speech(50 * FRAME, 16000)
    heard = b"".join(decoder.decode(encoder.encode(part.tobytes())) for part in np.split(pcm, 50))
    late = np.correlate(np.frombuffer(heard, np.int16).astype(float), pcm[:-FRAME].astype(float)).argmax()
    assert abs(int(late) - encoder.delay_samples) <= 1


def test_fec_of_a_longer_gap_and_of_a_packet_without_any(opus: CodecInfo) -> None:
    plain = packets(encoder_of(opus), 0.4)
    for samples in (40, 320, 960, 1920):
        decoder, twin = decoder_of(opus), decoder_of(opus)
        for made in (decoder, twin):
            made.decode(plain[0])
        assert decoder.decode_fec(plain[2], samples) == twin.conceal(samples)
    decoder = decoder_of(opus)
    with pytest.raises(
        ValueError, match=r"^samples is 50, a multiple of 40 \(2.5 ms\) up to 1920 \(120 ms\) is needed$"
    ):
        decoder.decode_fec(plain[0], 50)
    with pytest.raises(PayloadError, match=r"\(R1\)$"):
        decoder.decode_fec(b"", 320)
    with pytest.raises(PayloadError, match=r"\(R3\)$"):
        decoder.decode_fec(b"\x49\x00", 320)


def vector_packets(path: Path) -> Iterator[bytes]:
    octets = path.read_bytes()
    while octets:
        size = int.from_bytes(octets[:2], "big")
        yield octets[2 : 2 + size]
        octets = octets[2 + size :]


def test_vectors_are_decoded_as_by_the_library_that_made_them(vectors: Path, opus: CodecInfo) -> None:
    """Equal with libopus 1.3.1; other versions may differ in bits but not in sound (RFC 6716 section 6)."""
    made_by_same = opus.libraries[0].status().version == "1.3.1"
    for case in json.loads((vectors / "opus" / "index.json").read_text())["cases"]:
        if case["channels"] != 1:
            continue
        stream = list(vector_packets(vectors / "opus" / f"{case['name']}.opuspk"))
        decoder, full = decoder_of(opus), decoder_of(opus, 48000)
        wanted = np.fromfile(vectors / "opus" / f"{case['name']}.dec16k.s16le", "<i2").astype(float)
        got = np.frombuffer(b"".join(map(decoder.decode, stream)), np.int16).astype(float)
        pcm_48k = b"".join(map(full.decode, stream))
        assert len(pcm_48k) == 2 * case["decoded_48k_samples_per_channel"]
        if made_by_same:
            assert hashlib.sha256(pcm_48k).hexdigest() == case["decoded_48k_sha256"]
            assert np.array_equal(got, wanted)
        assert np.sqrt(((got - wanted) ** 2).mean()) < 0.02 * np.sqrt((wanted**2).mean())
