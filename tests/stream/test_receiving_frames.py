"""Receiving OPUS and AMR-WB: durations by the payload, frames one by one, any order, no exceptions."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtpcodec import StreamPlan, codec, events
from rtpcodec.rtp.payloads import AmrWbFormat
from tests.stream import carrier
from tests.stream.test_frame_codecs import speech

pytestmark = pytest.mark.usefixtures("dialect", "opus", "amrwb")


def opus_packets(pcm: bytes, rate_hz: int = 16000, **options: Any) -> list[bytes]:
    encoder = codec("OPUS").encoder(rate_hz, **options)
    size = 2 * encoder.frame_samples  # type: ignore[attr-defined]  # of frame codecs
    return [encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)]


def amrwb_frames(pcm: bytes, **options: Any) -> list[bytes]:
    encoder = codec("AMR-WB").encoder(**options)
    return [encoder.encode(pcm[at : at + 640]) for at in range(0, len(pcm) - 639, 640)]


def numbered(payloads: list[bytes]) -> list[str]:
    return [carrier.media(payload, number) for number, payload in enumerate(payloads, 1)]


def pcm_of(found: list[events.Event]) -> bytes:
    return b"".join(audio.pcm for audio in carrier.audio_of(found))


@pytest.mark.parametrize("frame_ms", [2.5, 5, 10, 20, 40, 60])
def test_an_opus_packet_tells_its_own_length(frame_ms: float) -> None:
    packets = opus_packets(speech(9600), frame_ms=frame_ms)
    session = carrier.started(start_text=carrier.start("OPUS", 16000))
    heard = carrier.audio_of(carrier.fed(session, numbered(packets)))
    assert {audio.duration_ms for audio in heard} == {frame_ms}
    assert {len(audio.pcm) for audio in heard} == {2 * 16 * frame_ms}
    assert [audio.media_ms for audio in heard] == [number * frame_ms for number in range(len(packets))]
    decoder = codec("OPUS").decoder()
    assert [audio.pcm for audio in heard] == [decoder.decode(packet) for packet in packets]


@pytest.mark.parametrize(
    ("named_hz", "wanted", "got_hz"),
    [
        (8000, "native", 8000),
        (48000, "native", 48000),
        (None, "native", 16000),
        (44100, "native", 16000),
        (8000, 24000, 24000),
        (16000, 48000, 48000),
    ],
)
def test_opus_is_decoded_at_the_rate_that_is_wanted(named_hz: int | None, wanted: Any, got_hz: int) -> None:
    """The rate of `start` is only a hint; a decoder can have any rate, so nothing is resampled."""
    packets = opus_packets(speech(16000))
    session = carrier.started(start_text=carrier.start("OPUS", named_hz), receive_pcm_hz=wanted)
    assert session.describe().startswith(f"receive OPUS {got_hz} Hz; ")
    heard = carrier.audio_of(carrier.fed(session, numbered(packets)))
    decoder = codec("OPUS").decoder(got_hz)
    assert [audio.pcm for audio in heard] == [decoder.decode(packet) for packet in packets]
    assert {audio.sample_rate_hz for audio in heard} == {got_hz}


@pytest.mark.parametrize("named_hz", [8000, 16000, None])
@pytest.mark.parametrize("packing", ["bandwidth-efficient", "octet-aligned", "storage"])
@pytest.mark.parametrize("mode", [0, 2, 8])
def test_amrwb_in_every_packing(named_hz: int | None, packing: Any, mode: int) -> None:
    frames = amrwb_frames(speech(6400), mode=mode)
    form = AmrWbFormat(packing)
    session = carrier.started(start_text=carrier.start("AMR-WB", named_hz))
    found = carrier.fed(session, numbered([form.payload([frame]) for frame in frames]))
    decoder = codec("AMR-WB").decoder()
    assert pcm_of(found) == b"".join(map(decoder.decode, frames))
    assert {audio.duration_ms for audio in carrier.audio_of(found)} == {20.0}
    assert session.describe().startswith(f"receive AMR-WB 16000 Hz {packing}; ")


def test_several_frames_in_one_payload_are_joined() -> None:
    frames = amrwb_frames(speech(9600))
    form = AmrWbFormat("octet-aligned")
    payloads = [form.payload(frames[at : at + 3]) for at in range(0, len(frames), 3)]
    session = carrier.started(start_text=carrier.start("AMR-WB", 16000))
    found = carrier.fed(session, numbered(payloads))
    assert [audio.duration_ms for audio in carrier.audio_of(found)] == [60.0] * 10
    decoder = codec("AMR-WB").decoder()
    assert pcm_of(found) == b"".join(map(decoder.decode, frames))


def test_silence_that_is_not_coded_is_a_normal_result() -> None:
    """SID, NO_DATA, lost and damaged frames last 20 ms like all others, and do not make a message malformed."""
    frames = amrwb_frames(speech(6400) + bytes(2 * 16000) + speech(6400), dtx=True)
    kinds = {frame[0] >> 3 & 15 for frame in frames}
    assert {9, 15} <= kinds
    damaged = bytes([frames[3][0] & ~4]) + frames[3][1:]
    told = [*frames, bytes([14 << 3 | 4]), damaged]
    form = AmrWbFormat("bandwidth-efficient")
    session = carrier.started(start_text=carrier.start("AMR-WB", 16000))
    found = carrier.fed(session, numbered([form.payload([frame]) for frame in told]))
    assert carrier.kinds(found) == ["Audio"] * len(told)
    assert sum(audio.duration_ms for audio in carrier.audio_of(found)) == 20.0 * len(told)
    assert len(pcm_of(found)) == 640 * len(told)


@pytest.mark.parametrize("name", ["OPUS", "AMR-WB"])
def test_order_is_restored_before_a_decoder_sees_anything(name: str) -> None:
    pcm = speech(32000)
    form = AmrWbFormat()
    payloads = opus_packets(pcm) if name == "OPUS" else [form.payload([frame]) for frame in amrwb_frames(pcm)]
    texts = numbered(payloads)
    straight = carrier.started(start_text=carrier.start(name, 16000))
    expected = pcm_of(carrier.fed(straight, texts))
    rng = random.Random(3)
    mixed = sorted(range(len(texts)), key=lambda at: at + rng.choice((0, 0, 0, 2.5)))
    assert mixed != sorted(mixed)
    session = carrier.started(start_text=carrier.start(name, 16000))
    found = carrier.fed(session, [text for at in mixed for text in (texts[at], texts[at])])
    found += carrier.fed(session, [carrier.STOP])
    assert pcm_of(found) == expected
    assert session.statistics(0.0).lost_chunks == 0


def test_a_lost_packet_is_a_gap_as_long_as_its_neighbour() -> None:
    texts = numbered(opus_packets(speech(64000), frame_ms=40))
    session = carrier.started(start_text=carrier.start("OPUS", 16000))
    found = carrier.fed(session, [text for at, text in enumerate(texts) if at not in (60, 61)], step_ms=40.0)
    (gap,) = [event for event in found if isinstance(event, events.Gap)]
    assert (gap.lost_chunks, gap.media_ms, gap.duration_ms) == (2, 2400.0, 80.0)
    assert carrier.audio_of(found)[60].media_ms == 2480.0


@pytest.mark.parametrize(
    ("encoding", "payload", "detail"),
    [
        ("OPUS", b"\x4b", "R6"),
        ("OPUS", b"\x49\x00", "R3"),
        ("AMR-WB", b"\xf4", "AMR-WB"),
        ("AMR-WB", bytes(61), "AMR-WB"),
    ],
)
def test_a_payload_that_does_not_fit_is_reported_and_delivered(encoding: str, payload: bytes, detail: str) -> None:
    session = carrier.started(start_text=carrier.start(encoding, 16000))
    found, audio = carrier.fed(session, [carrier.media(payload, 1)])
    assert isinstance(found, events.PayloadMisfit)
    assert isinstance(audio, events.Audio)
    assert (found.encoding, audio.payload, audio.pcm, audio.duration_ms) == (encoding, payload, b"", 20.0)
    assert detail in found.reason
    assert carrier.fed(session, [carrier.media(b"", 2)]) == [], "a message without audio is not a misfit"


@pytest.mark.parametrize("encoding", ["OPUS", "AMR-WB"])
def test_octets_at_random_never_raise(encoding: str) -> None:
    rng = random.Random(5)
    good = opus_packets(speech(3200)) if encoding == "OPUS" else amrwb_frames(speech(3200), mode=2)
    form = AmrWbFormat("octet-aligned")
    session = carrier.started(start_text=carrier.start(encoding, 16000))
    heard = 0
    for number in range(3000):
        payload = bytearray(
            good[number % len(good)] if encoding == "OPUS" else form.payload([good[number % len(good)]])
        )
        for _ in range(rng.randrange(8)):
            payload[rng.randrange(len(payload))] = rng.randrange(256)
        session.receive(carrier.media(bytes(payload), number), 20.0 * number)
        session.receive(carrier.text("dtmf", dtmf={"digit": "1"}), 20.0 * number)  # a good message between broken ones
        for audio in carrier.audio_of(session.events(20.0 * number)):
            assert len(audio.pcm) in (0, 32 * audio.duration_ms)
            heard += bool(audio.pcm)
    assert heard > 1000
    assert heard + session.statistics(0.0).misfit_payloads == 3000


HIDDEN = """
import sys
from rtpcodec import MediaSession, StreamPlan, errors
from tests.stream import carrier
session = carrier.started(start_text=carrier.start(sys.argv[1], 16000))
texts = [carrier.start(sys.argv[1], 16000), carrier.media(bytes.fromhex(sys.argv[2]), 1)]
unsupported, audio = carrier.fed(session, texts)[1:]
print(unsupported.remedy)
print(audio.pcm, audio.payload.hex(), audio.duration_ms, session.describe().partition(";")[0])
try:
    MediaSession(StreamPlan(send_codec=sys.argv[1], send_options={"dtx": True}))
except errors.MissingLibrary as missing:
    print(missing.variable)
"""


@pytest.mark.parametrize(
    ("encoding", "library", "payload", "duration_ms"),
    [("OPUS", "libopus.so.0", "5800", 60.0), ("AMR-WB", "libopencore-amrwb.so.0", "f7c0", 20.0)],
)
def test_a_missing_library_disables_its_codec_alone(
    tmp_path: Path, encoding: str, library: str, payload: str, duration_ms: float
) -> None:
    (tmp_path / library).write_bytes(b"no library")
    (tmp_path / "libvo-amrwbenc.so.0").write_bytes(b"no library")
    environment = os.environ | {"RTPCODEC_LIBRARY_PATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", HIDDEN, encoding, payload],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0, ran.stderr
    remedy, audio, variable = ran.stdout.splitlines()
    for word in (library.partition(".")[0], "apt install lib", "RTPCODEC_LIBRARY_PATH"):
        assert word in remedy
    assert audio == f"b'' {payload} {duration_ms} receive {encoding} (not decoded)"
    assert variable == "RTPCODEC_LIBRARY_PATH"


def test_payloads_alone_need_no_library_and_keep_their_time() -> None:
    session = carrier.started(start_text=carrier.start("OPUS", 16000), receive_pcm_hz=None)
    heard = carrier.audio_of(carrier.fed(session, numbered(opus_packets(speech(9600), frame_ms=60))))
    assert [(audio.pcm, audio.media_ms) for audio in heard[:2]] == [(b"", 0.0), (b"", 60.0)]


def test_both_tracks_have_decoders_of_their_own() -> None:
    packets = opus_packets(speech(6400))
    session = carrier.started(StreamPlan(tracks="both_tracks"), start_text=carrier.start("OPUS", 16000))
    texts = [
        carrier.media(packet, n, track=track)
        for n, packet in enumerate(packets, 1)
        for track in ("inbound", "outbound")
    ]
    found = carrier.audio_of(carrier.fed(session, texts))
    inbound, outbound = ([audio.pcm for audio in found if audio.track == track] for track in ("inbound", "outbound"))
    assert inbound == outbound
    assert np.frombuffer(b"".join(inbound), np.int16).any()
