"""Mode mp3 with a plan of mode rtp and the reverse, with the simulator; MP3 frames in payloads of every codec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.audio import mp3
from rtpcodec.audio.mp3_frames import read_header
from tests.listening import streams
from tests.listening.speakers import octets, shipped
from tests.sim.streams import open_stream

CALL_MS = 4000
TICK_MS = 10
CODECS = [("PCMU", 8000), ("PCMA", 8000), ("G722", 8000), ("L16", 16000), ("OPUS", 48000), ("AMR-WB", 16000)]


def diagnosed(plan: StreamPlan, carrier_request: dict[str, Any]) -> list[tuple[float, str]]:
    """When which kinds are reported in a call in which we play speech from the first moment on."""
    stream = open_stream(bytes(2 * 8 * CALL_MS), settings=carrier_request, now_ms=0.0)
    session = MediaSession(plan)
    found: list[tuple[float, str]] = []
    played = False
    for now_ms in range(0, CALL_MS, TICK_MS):
        for text in stream.outgoing(now_ms):
            session.receive(text, now_ms)
        taken = session.events(now_ms)
        found += [(now_ms, one.kind) for one in taken if isinstance(one, events.Diagnosis)]
        if any(isinstance(one, events.Started) for one in taken):
            played = True
            session.play(octets(shipped()[0].at(plan.send_sample_rate_hz, -26.0)[: 3 * plan.send_sample_rate_hz]))
            session.flush()
        for text in session.outgoing(now_ms):
            stream.receive(text, now_ms)
    assert played
    return found


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "G722", "L16", "OPUS", "AMR-WB"])
def test_a_carrier_in_mode_mp3_behind_a_plan_of_rtp_is_named_in_every_codec(codec: str) -> None:
    found = [one for one in diagnosed(StreamPlan(send_codec=codec), {"mode": "mp3"}) if one[1] == "mode_not_as_planned"]
    assert len(found) == 1
    assert found[0][0] <= 1000


@pytest.mark.parametrize("codec", ["OPUS", "AMR-WB"])
def test_a_carrier_in_mode_rtp_behind_a_plan_of_mp3_is_named_where_its_codec_refuses_files(codec: str) -> None:
    found = diagnosed(StreamPlan(mode="mp3"), {"return_codec": codec, "return_rate_hz": 16000})
    assert [kind for _, kind in found] == ["mode_not_as_planned"]
    assert found[0][0] <= 1000


@pytest.mark.parametrize("mode", ["rtp", "mp3"])
def test_a_carrier_in_the_mode_of_the_plan_is_not_named(mode: Any) -> None:
    assert diagnosed(StreamPlan(mode=mode), {"mode": mode}) == []


def frames_of(file: bytes) -> Iterator[bytes]:
    """The frames of an MP3 file without the first, which describes the others."""
    at = 0
    while (header := read_header(file, at)) is not None and header.octets and at + header.octets <= len(file):
        if at:
            yield file[at : at + header.octets]
        at += header.octets


@pytest.mark.parametrize("cut", ["one per payload", "three per payload", "160 octets"])
@pytest.mark.parametrize("file_hz", [16000, 48000])
@pytest.mark.parametrize(("encoding", "sample_rate_hz"), CODECS)
def test_frames_of_mp3_without_a_tag_are_named(encoding: str, sample_rate_hz: int, file_hz: int, cut: str) -> None:
    speech = shipped()[0].at(16000, -26.0)[: 3 * file_hz]
    frames = list(frames_of(mp3.encode(octets(speech), file_hz)))
    match cut:
        case "one per payload":
            payloads = frames
        case "three per payload":
            payloads = [b"".join(frames[at : at + 3]) for at in range(0, len(frames), 3)]
        case _:
            payloads = streams.cut(b"".join(frames), 160)
    found = streams.fed(streams.session_for(encoding, sample_rate_hz), payloads, 20)
    assert [one.kind for one in found][:1] == ["file_in_payload"]
    assert found[0].chunk < 50
    assert "MP3" in found[0].diagnosis.evidence
