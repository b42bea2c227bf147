"""Payloads that are not what `start` says: named within a second of speech, for talkers, levels, places and chunks."""

from __future__ import annotations

import base64
import random
import struct

import numpy as np
import pytest

import rtpcodec
from rtpcodec import StreamPlan, events
from tests.listening import streams
from tests.listening.speakers import BLOCK_MS, Talker, blocks_active, shipped
from tests.stream import carrier

WITHIN_MS = 1000
"""Speech in which each fault must be named."""
LEVELS = (-16.0, -26.0, -36.0, -46.0)

FAULTS = [
    ("PCMU", 8000, "PCMA", 8000, "wrong_law"),
    ("PCMA", 8000, "PCMU", 8000, "wrong_law"),
    ("PCMU", 8000, "G722", 16000, "wrong_codec"),
    ("PCMA", 8000, "G722", 16000, "wrong_codec"),
    ("G722", 8000, "PCMU", 8000, "wrong_codec"),
    ("G722", 8000, "PCMA", 8000, "wrong_codec"),
    ("PCMU", 8000, "L16 little", 16000, "wrong_codec"),
    ("PCMA", 8000, "L16 big", 8000, "wrong_codec"),
    ("G722", 8000, "L16 little", 16000, "wrong_codec"),
    ("L16", 8000, "PCMU", 8000, "wrong_codec"),
    ("L16", 16000, "PCMA", 8000, "wrong_codec"),
    ("L16", 16000, "G722", 16000, "wrong_codec"),
    ("L16", 8000, "L16 big", 8000, "wrong_byte_order"),
    ("L16", 16000, "L16 big", 16000, "wrong_byte_order"),
    ("OPUS", 48000, "PCMU", 8000, "wrong_codec"),
    ("AMR-WB", 16000, "PCMA", 8000, "wrong_codec"),
]


def speech_ms(talker: Talker, begin_ms: int, length_ms: int) -> int:
    """How much of a stretch is speech."""
    active = blocks_active(talker.narrow, 8000)
    return BLOCK_MS * int(np.sum(active[begin_ms // BLOCK_MS : (begin_ms + length_ms) // BLOCK_MS]))


def places(talker: Talker, name: str, count: int) -> list[int]:
    """Seeded places in ms from which a second of speech follows, whole chunks of 40 ms apart."""
    drawn = random.Random(f"{talker.name} {name}")
    whole_ms = len(talker.narrow) // 8
    found: list[int] = []
    while len(found) < count:
        begin_ms = 40 * drawn.randrange(whole_ms // 40)
        if speech_ms(talker, begin_ms, whole_ms) > WITHIN_MS:
            found.append(begin_ms)
    return found


@pytest.mark.parametrize("chunk_ms", [10, 20, 40])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[2]} as {fault[0]} {fault[1]}")
def test_a_wrong_codec_is_named_within_a_second_of_speech(fault: tuple[str, int, str, int, str], chunk_ms: int) -> None:
    declared, declared_hz, coding, rate_hz, kind = fault
    for talker in shipped():
        for level_dbov in LEVELS:
            for begin_ms in places(talker, f"{coding} {level_dbov} {chunk_ms}", 1):
                speech = talker.at(rate_hz, level_dbov)[begin_ms * rate_hz // 1000 :]
                chunks = streams.encoded(coding, speech[: 3 * rate_hz], chunk_ms, rate_hz)
                session = streams.session_for(declared, declared_hz)
                found = streams.fed(session, chunks, chunk_ms)
                assert [one.kind for one in found] == [kind], (talker.name, level_dbov, begin_ms)
                assert coding.partition(" ")[0] in found[0].diagnosis.evidence
                assert speech_ms(talker, begin_ms, (found[0].chunk + 1) * chunk_ms) <= WITHIN_MS + chunk_ms


@pytest.mark.parametrize("receive_pcm_hz", ["native", None, 8000, 48000])
def test_the_rate_of_the_pcm_does_not_matter(receive_pcm_hz: int | str | None) -> None:
    speech = shipped()[0].at(8000, -26.0)[8000:]
    session = streams.session_for("PCMU", 8000, receive_pcm_hz=receive_pcm_hz)
    found = streams.fed(session, streams.encoded("PCMA", speech, 20), 20)
    assert [one.kind for one in found] == ["wrong_law"]


@pytest.mark.parametrize("order", ["little", "big"])
def test_the_byte_order_is_that_of_the_plan(order: str) -> None:
    speech = shipped()[0].at(16000, -26.0)
    plan = StreamPlan(l16_byte_order=order)  # type: ignore[arg-type]
    right = streams.fed(streams.session_for("L16", 16000, plan), streams.encoded(f"L16 {order}", speech, 20, 16000), 20)
    assert right == []
    other = "big" if order == "little" else "little"
    (wrong,) = streams.fed(
        streams.session_for("L16", 16000, plan), streams.encoded(f"L16 {other}", speech, 20, 16000), 20
    )
    assert (wrong.kind, wrong.diagnosis.remedy) == ("wrong_byte_order", f"make the plan with l16_byte_order={other!r}")


@pytest.mark.parametrize("level_dbov", LEVELS)
@pytest.mark.parametrize(("declared", "coding"), [
    ("PCMU", "OPUS"), ("L16", "OPUS"), ("AMR-WB", "OPUS"), ("PCMU", "AMR-WB"), ("L16", "AMR-WB"), ("OPUS", "AMR-WB"),
])  # fmt: skip
def test_frames_of_another_codec_are_named_once(declared: str, coding: str, level_dbov: float) -> None:
    speech = shipped()[0].at(16000, level_dbov)[: 3 * 16000]
    session = streams.session_for(declared, rtpcodec.codec(declared).rtp_clock_hz())
    found = streams.fed(session, streams.encoded(coding, speech, 20), 20)
    assert [one.kind for one in found] == ["wrong_codec"]
    assert coding in found[0].diagnosis.evidence
    assert found[0].chunk < 50


@pytest.mark.parametrize(("encoding", "coding", "rate_hz"), [
    ("PCMU", "PCMU", 8000), ("PCMA", "PCMA", 8000), ("G722", "G722", 16000), ("L16", "L16 little", 16000),
    ("OPUS", "OPUS", 16000), ("AMR-WB", "AMR-WB", 16000),
])  # fmt: skip
def test_headers_of_rtp_are_named_in_every_codec(encoding: str, coding: str, rate_hz: int) -> None:
    payloads = streams.encoded(coding, shipped()[0].at(rate_hz, -26.0), 20, rate_hz)[:50]
    headed = [
        struct.pack("!BBHII", 0x80, 0, 65533 + at & 0xFFFF, 160 * at, 77) + one for at, one in enumerate(payloads)
    ]
    found = streams.fed(streams.session_for(encoding, rate_hz), headed, 20)
    assert [one.kind for one in found] == ["rtp_header_in_payload"]
    assert found[0].chunk < 10


@pytest.mark.parametrize(("encoding", "coding", "rate_hz"), [
    ("PCMU", "PCMU", 8000), ("PCMA", "PCMA", 8000), ("G722", "G722", 16000), ("L16", "L16 little", 16000),
    ("OPUS", "OPUS", 16000), ("AMR-WB", "AMR-WB", 16000),
])  # fmt: skip
def test_base64_twice_is_named_in_every_codec(encoding: str, coding: str, rate_hz: int) -> None:
    payloads = streams.encoded(coding, shipped()[0].at(rate_hz, -26.0), 20, rate_hz)[:50]
    found = streams.fed(streams.session_for(encoding, rate_hz), map(base64.b64encode, payloads), 20)
    assert [one.kind for one in found] == ["base64_twice"]
    assert found[0].chunk < 15


@pytest.mark.parametrize(("coding", "rate_hz"), [
    ("PCMU", 8000), ("PCMA", 8000), ("G722", 16000), ("L16 little", 16000),
])  # fmt: skip
def test_samples_in_the_middle_of_opus_are_named_once(coding: str, rate_hz: int) -> None:
    """Their durations are wrong in OPUS, so that timestamps seem to begin again."""
    session = streams.session_for("OPUS", 48000)
    voice = shipped()[0]
    chunks = streams.encoded("OPUS", voice.at(16000, -26.0), 20)[:150]
    chunks += streams.encoded(coding, voice.at(rate_hz, -26.0), 20, rate_hz)[:150]
    found = []
    for at, chunk in enumerate(chunks):
        session.receive(carrier.media(chunk, at + 1, track="inbound", timestamp=20 * at), 20.0 * at)
        found += [one.kind for one in session.events(20.0 * at) if isinstance(one, events.Diagnosis)]
    assert found == ["wrong_codec"]
