"""Files in place of audio: refused in our audio, diagnosed in the carrier's; valid audio is never refused."""

from __future__ import annotations

import base64
import json
import re
import warnings
from array import array
from collections.abc import Callable

import numpy as np
import pytest

from rtpcodec import MediaSession, StreamPlan
from rtpcodec.codecs import CodecInfo, codec_names
from rtpcodec.errors import AudioWarning, PayloadError
from rtpcodec.stream.events import Audio, Diagnosis, Event
from rtpcodec.stream.play_queue import PlayQueue
from tests.file_beginnings import files, more_files
from tests.stream import carrier
from tests.wav_files import speechlike

KINDS = [*files().items(), *more_files()]
EVEN = [(name, data[: len(data) // 2 * 2]) for name, data in KINDS]
PCM = (8000 * speechlike(1600)).astype(np.int16).tobytes()


def media(payload: bytes, track: str = "inbound") -> str:
    return json.dumps({"event": "media", "media": {"track": track, "payload": base64.b64encode(payload).decode()}})


def play_in_pieces(play: Callable[[bytes], None], data: bytes, octets: int) -> None:
    for at in range(0, len(data), octets):
        play(data[at : at + octets])


def diagnoses(events: list[Event]) -> list[Diagnosis]:
    return [event for event in events if isinstance(event, Diagnosis)]


@pytest.mark.parametrize(
    "plan", [StreamPlan(), StreamPlan(send_codec="L16", send_rate_hz=16000), StreamPlan(mode="mp3")]
)
@pytest.mark.parametrize(("name", "data"), EVEN, ids=[name for name, _ in EVEN])
def test_play_refuses_a_file_at_every_chunk(name: str, data: bytes, plan: StreamPlan) -> None:
    session = carrier.started(plan)
    for before in ([], [PCM], [PCM, bytes(320)]):
        for chunk in before:
            session.play(chunk)
        queued_ms = session.queued_ms
        with pytest.raises(ValueError, match=r"^pcm is .* needed; ") as refusal:
            session.play(data)
        assert str(refusal.value).startswith(f"pcm is {name}, samples are needed; ")
        assert session.queued_ms == queued_ms


@pytest.mark.parametrize(("name", "data"), EVEN, ids=[name for name, _ in EVEN])
@pytest.mark.parametrize("octets", [2, 4, 10, 320])
def test_play_refuses_a_file_that_is_cut_into_plays(name: str, data: bytes, octets: int) -> None:
    session = carrier.started(lead_ms=None)
    session.play(PCM)
    with pytest.raises(ValueError, match=rf"^pcm is {re.escape(name)}, samples are needed; "):
        play_in_pieces(session.play, data, octets)


@pytest.mark.parametrize(("name", "data"), KINDS, ids=[name for name, _ in KINDS])
@pytest.mark.parametrize("octets", [1, 160, 10_000_000])
def test_play_payload_refuses_a_file(name: str, data: bytes, octets: int) -> None:
    session = carrier.started(lead_ms=None)
    session.play_payload(b"\xff" * 160)
    with pytest.raises(PayloadError, match=rf"^payload is {re.escape(name)}, audio of the send codec is needed; "):
        play_in_pieces(session.play_payload, data, octets)


@pytest.mark.parametrize("encoding", ["PCMU", "PCMA", "G722", "L16", "OPUS", "AMR-WB", "X-UNKNOWN"])
@pytest.mark.parametrize(("name", "data"), KINDS, ids=[name for name, _ in KINDS])
def test_a_received_file_is_diagnosed_once_per_stream(name: str, data: bytes, encoding: str) -> None:
    session = carrier.started(start_text=carrier.start(encoding, 16000 if encoding == "L16" else 8000))
    session.events(0.0)
    for at in range(0, min(len(data), 4000), 400):
        session.receive(media(data[at : at + 400]), 20.0)
    session.receive(media(data), 40.0)
    (found,) = diagnoses(session.events(40.0))
    assert found.kind == "file_in_payload"
    assert name in found.evidence
    assert "inbound" in found.evidence
    assert found.remedy
    # A new `start` is a new stream.
    session.receive(carrier.start(encoding, 8000), 60.0)
    session.receive(media(data), 80.0)
    assert len(diagnoses(session.events(80.0))) == 1


def test_a_diagnosis_removes_no_audio() -> None:
    session = carrier.started()
    session.events(0.0)
    wav = files()["a WAV file (RIFF)"]
    session.receive(media(wav[:160]), 20.0)
    session.receive(media(wav[160:320]), 40.0)
    events = session.events(40.0)
    assert [type(event) for event in events] == [Diagnosis, Audio, Audio]
    assert b"".join(event.payload for event in events if isinstance(event, Audio)) == wav[:320]


def test_tracks_do_not_complete_each_other() -> None:
    session = carrier.started()
    wav = files()["a WAV file (RIFF)"]
    session.receive(media(wav[:6], "inbound"), 20.0)
    session.receive(media(wav[6:160], "outbound"), 40.0)
    assert not diagnoses(session.events(40.0))
    session.receive(media(wav[6:160], "inbound"), 60.0)
    assert len(diagnoses(session.events(60.0))) == 1


@pytest.mark.parametrize("name", codec_names())
def test_audio_of_every_codec_passes_both_ways(name: str, usable_codec: Callable[[str], CodecInfo]) -> None:
    info = usable_codec(name)
    plan = StreamPlan(send_codec=name, send_rate_hz=info.command_rate_hz(None))
    sender = carrier.started(plan, lead_ms=None)
    rate_hz = sender.send_pcm_hz
    receiver = MediaSession()
    receiver.receive(carrier.start(name, rate_hz), 0.0)
    for second in range(20):
        sender.play((8000 * speechlike(rate_hz, second)).astype(np.int16).tobytes())
        for text in sender.outgoing(second * 1000.0):
            receiver.receive(text, second * 1000.0)
        assert not diagnoses(receiver.events(second * 1000.0))


@pytest.mark.parametrize("kind", ["<f4", "<f8"])
def test_floats_are_played_with_one_warning(kind: str) -> None:
    session = carrier.started(lead_ms=None)
    floats = speechlike(8000).astype(kind).tobytes()
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for at in range(0, len(floats), 640):
            session.play(floats[at : at + 640])
    assert [one.category for one in found] == [AudioWarning]
    assert session.queued_ms == pytest.approx(len(floats) / 16, abs=20)


def test_an_array_of_floats_is_audio_and_does_not_warn() -> None:
    session = carrier.started()
    session.play(array("f", speechlike(800)))
    assert session.queued_ms == 100.0


@pytest.mark.parametrize(("name", "data"), EVEN, ids=[name for name, _ in EVEN])
def test_a_file_behind_a_waiting_play_is_refused_at_once(name: str, data: bytes) -> None:
    plays = PlayQueue(carrier.started(max_queue_ms=1000.0), may_wait=True)
    assert plays.play(bytes(32_000)) is not None
    waiting_ms = plays.waiting_ms
    with pytest.raises(ValueError, match=rf"^pcm is {re.escape(name)}, samples are needed; "):
        plays.play(data[:2000])
    with pytest.raises(ValueError, match=rf"^pcm is {re.escape(name)}, samples are needed; "):
        plays.play(data[:2000], 16000)
    with pytest.raises(PayloadError, match=rf"^payload is {re.escape(name)}, audio of the send codec is needed; "):
        plays.play_payload(data[:2000])
    assert plays.waiting_ms == waiting_ms
