"""Mode mp3: whole files in messages, at most one per second; marks and interruptions as in mode rtp."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.audio import mp3
from rtpcodec.errors import LocalProtocolError, QueueFull
from rtpcodec.stream.pacing import MIN_FILE_INTERVAL_MS
from rtpcodec.stream.packing_mp3 import MAX_COLLECTED_MS, MAX_FILE_OCTETS
from tests.stream import carrier
from tests.stream.test_frame_codecs import speech
from tests.stream.test_marks import order_of

PLAN = StreamPlan(mode="mp3")
SECOND = speech(16000)


def files(texts: list[str]) -> list[bytes]:
    return [payload for payload in map(carrier.payload_of, texts) if payload is not None]


def run_until(session: MediaSession, until_ms: float) -> list[tuple[float, str]]:
    """Return all texts until a time, with a call at each deadline."""
    gone: list[tuple[float, str]] = []
    now_ms = 0.0
    while now_ms <= until_ms:
        gone += [(now_ms, text) for text in session.outgoing(now_ms)]
        deadline_ms = session.next_deadline_ms
        if deadline_ms is None or deadline_ms > until_ms:
            break
        now_ms = max(now_ms, deadline_ms)
    return gone


def correlation(pcm: bytes, other: bytes) -> float:
    """Return the correlation of two pieces of equal length; 1: equal."""
    one, two = (np.frombuffer(piece, np.int16).astype(float) for piece in (pcm, other))
    return float(one @ two / np.sqrt((one @ one) * (two @ two)))


def place_of(piece: bytes, pcm: bytes) -> int:
    """Return the position of a piece in longer audio, and check that it matches there."""
    whole, part = (np.frombuffer(octets, np.int16).astype(float) for octets in (pcm, piece))
    size = 2 * len(whole)
    likeness = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)
    place = int(np.argmax(likeness[: len(whole)]))
    assert correlation(pcm[2 * place : 2 * place + len(piece)], piece) > 0.9
    return place


def test_flush_makes_one_file_of_all_that_was_played() -> None:
    session = carrier.started(PLAN)
    for at in range(0, len(SECOND), 1234):
        session.play(SECOND[at : at + 1234])
    assert (session.outgoing(0.0), session.next_deadline_ms, session.queued_ms) == ([], None, 1000.0)
    session.flush()
    (file,) = files(session.outgoing(0.0))
    pcm, rate_hz = mp3.decode(file)
    assert (rate_hz, len(pcm), session.queued_ms, session.position_ms) == (16000, len(SECOND), 0.0, 1000.0)
    assert correlation(pcm, SECOND) > 0.99
    session.flush()
    assert session.outgoing(5000.0) == []


@pytest.mark.parametrize(
    ("plan_hz", "pcm_hz", "file_hz"), [(0, None, 16000), (44100, None, 44100), (8000, 24000, 24000)]
)
def test_a_file_has_the_rate_of_its_pcm(plan_hz: int, pcm_hz: int | None, file_hz: int) -> None:
    session = carrier.started(StreamPlan(mode="mp3", send_rate_hz=plan_hz), send_pcm_hz=pcm_hz)
    assert session.send_pcm_hz == file_hz
    assert session.describe() == f"receive PCMU 8000 Hz; send MP3 {file_hz} Hz"
    session.play(speech(file_hz))
    session.flush()
    pcm, rate_hz = mp3.decode(files(session.outgoing(0.0))[0])
    assert (rate_hz, len(pcm)) == (file_hz, 2 * file_hz)


def test_a_rate_that_mp3_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^send_pcm_hz is 18000, MP3 has 8000, "):
        MediaSession(PLAN, send_pcm_hz=18000)


def test_play_mp3_sends_every_frame_of_a_file() -> None:
    session = carrier.started(PLAN)
    file = mp3.encode(SECOND, 16000)
    session.play_mp3(memoryview(file))
    assert session.queued_ms == session.mp3_ms(file) == 1000.0
    (sent,) = files(session.outgoing(0.0))
    assert mp3.split(sent) == [sent] == mp3.split(file)
    assert mp3.decode(sent) == mp3.decode(file)


def test_glued_parts_of_one_format_go_as_one_file_with_every_frame() -> None:
    session = carrier.started(PLAN)
    pieces = [np.random.default_rng(seed).normal(0, 3000, 12000).astype(np.int16).tobytes() for seed in range(3)]
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x0aTIT2 words"
    glued = b"".join(tag + mp3.encode(piece, 16000) for piece in pieces)
    session.play_mp3(glued)
    (file,) = files(session.outgoing(0.0))
    assert mp3.split(file) == [file]
    assert b"ID3" not in file
    pcm, _ = mp3.decode(file)
    border = len(pcm) - sum(map(len, pieces))
    assert 0 < border < 2 * 2 * 16 * 100, "up to 100 ms a border"
    assert session.position_ms == len(pcm) / 32
    first, second, third = (place_of(piece, pcm) for piece in pieces)
    assert first == 0
    assert 12000 < second < 12000 + 1600
    assert third == 2 * second


def test_glued_parts_of_several_formats_are_encoded_once_more() -> None:
    session = carrier.started(PLAN)
    glued = mp3.encode(SECOND, 16000) + mp3.encode(speech(24000), 24000)
    session.play_mp3(glued)
    (file,) = files(session.outgoing(0.0))
    assert len(mp3.split(file)) == 1
    pcm, rate_hz = mp3.decode(file)
    assert (rate_hz, len(pcm)) == (16000, 2 * 32000)
    assert session.position_ms == 2000.0
    assert correlation(pcm[: len(SECOND)], SECOND) > 0.98


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "data is empty"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", r"data is a WAV file \(RIFF\), an MP3 is needed"),
        (b"OggS" + bytes(100), "an MP3 is needed"),
        (b"hello there", "an MP3 is needed"),
        (bytes(5000), "an MP3 is needed"),
    ],
)
def test_data_that_is_not_an_mp3_is_refused_before_anything_is_sent(data: bytes, text: str) -> None:
    session = carrier.started(PLAN)
    session.play(SECOND[:640])
    with pytest.raises(ValueError, match=text):
        session.play_mp3(data)
    assert (session.queued_ms, session.outgoing(0.0)) == (20.0, [])


def test_a_wav_header_as_pcm_is_refused() -> None:
    session = carrier.started(PLAN)
    with pytest.raises(ValueError, match=r"^pcm is a WAV file"):
        session.play(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(28))


def test_a_file_that_no_message_holds_is_refused() -> None:
    session = carrier.started(PLAN, max_queue_ms=1e7)
    long = mp3.encode(speech(48000), 48000, 320) * 80
    with pytest.raises(ValueError, match=r"^MP3 has \d+ octets, at most 3144704 are allowed$"):
        session.play_mp3(long)


def test_a_file_far_beyond_a_message_is_refused_unread() -> None:
    session = carrier.started(PLAN, max_queue_ms=1e7)
    with pytest.raises(
        ValueError, match=r"^MP3 has 6289409 octets, at most 6289408 are allowed, tags and pictures included$"
    ):
        session.play_mp3(bytes(MAX_FILE_OCTETS + 1))
    picture = b"ID3\x04\0\0" + bytes([1, 0x40, 0, 0]) + bytes(3 << 20)
    session.play_mp3(picture + mp3.encode(SECOND, 16000))
    assert session.queued_ms == 1000.0


@pytest.mark.parametrize("fault", ["ImportError('no soundfile')", "OSError('no libsndfile')"])
def test_without_soundfile_the_first_pcm_is_refused_and_files_go(fault: str, tmp_path: Path) -> None:
    (tmp_path / "soundfile.py").write_text(f"raise {fault}\n")
    (tmp_path / "one.mp3").write_bytes(mp3.encode(SECOND, 16000))
    script = """
import sys
from pathlib import Path
from rtpcodec import MediaSession, StreamPlan
from rtpcodec.errors import MissingExtra
session = MediaSession(StreamPlan(mode="mp3"))
for pcm in (bytes(320), bytes(640_000)):
    try:
        session.play(pcm)
    except MissingExtra as error:
        print(error, session.queued_ms)
session.play_mp3(Path(sys.argv[1]).read_bytes())
session.flush()
print(session.queued_ms)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", script, str(tmp_path / "one.mp3")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=60)
    assert done.stdout.splitlines() == [*["MP3 needs soundfile: pip install 'rtpcodec[mp3]' 0.0"] * 2, "1000.0"]


def test_each_mode_has_its_calls() -> None:
    rtp, whole = carrier.started(), carrier.started(PLAN)
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: rtp.play_mp3(mp3.encode(SECOND, 16000)), "the plan's mode is 'rtp', play_mp3 needs 'mp3'"),
        (lambda: whole.payload_ms(bytes(160)), "the plan's mode is 'mp3', play_payload needs 'rtp'"),
        (lambda: rtp.mp3_ms(bytes(160)), "the plan's mode is 'rtp', play_mp3 needs 'mp3'"),
        (lambda: whole.play_payload(bytes(160)), "the plan's mode is 'mp3', play_payload needs 'rtp'"),
    ]
    for call, text in calls:
        with pytest.raises(LocalProtocolError) as refusal:
            call()
        assert str(refusal.value) == text


def test_at_most_one_message_a_second_whatever_the_lead() -> None:
    for lead_ms in (None, 0.0, 400.0, 60_000.0):
        session = carrier.started(PLAN, lead_ms=lead_ms)
        for seed in range(4):
            session.play(speech(1600, seed))
            session.flush()
        gone = run_until(session, 10_000.0)
        moments = [at_ms for at_ms, _ in gone]
        assert len(moments) == 4
        assert all(b - a >= MIN_FILE_INTERVAL_MS > 1000 for a, b in pairwise(moments)), lead_ms


def test_the_limit_counts_files_that_were_cleared() -> None:
    session = carrier.started(PLAN)
    session.play_mp3(mp3.encode(SECOND, 16000))
    session.outgoing(0.0)
    session.interrupt(100.0)
    session.play_mp3(mp3.encode(SECOND, 16000))
    assert order_of(session.outgoing(100.0)) == ["clear"]
    assert session.next_deadline_ms == MIN_FILE_INTERVAL_MS
    assert order_of(session.outgoing(MIN_FILE_INTERVAL_MS)) == ["m"]


def test_a_file_is_sent_before_the_previous_one_ends() -> None:
    session = carrier.started(PLAN, lead_ms=400.0)
    for _ in range(3):
        session.play_mp3(mp3.encode(speech(48000), 16000))
    assert [at_ms for at_ms, _ in run_until(session, 10_000.0)] == [0.0, 2600.0, 5600.0]


def test_marks_stand_between_files_and_wait_for_the_one_that_is_being_collected() -> None:
    session = carrier.started(PLAN, lead_ms=None)
    session.mark("at once")
    session.play(SECOND)
    session.mark("behind it")
    assert order_of(session.outgoing(0.0)) == ["at once"]
    assert (session.outgoing(20_000.0), session.events(20_000.0)) == ([], [events.MarkCleared("at once", "timeout")])
    session.flush()
    texts = session.outgoing(20_000.0)
    assert order_of(texts) == ["m", "behind it"]
    assert carrier.fed(session, [carrier.mark("behind it")], from_ms=21_000.0)[1:] == [events.MarkPlayed("behind it")]


def test_an_interruption_drops_collected_pcm() -> None:
    session = carrier.started(PLAN)
    session.play(SECOND)
    session.flush()
    session.outgoing(0.0)
    found = session.interrupt(250.0)
    assert found == events.Interrupted(250.0, 750.0)
    assert session.events(250.0)[-1] == events.InterruptionSettled(found, 250.0)
    session.play(SECOND)
    session.mark("m")
    found = session.interrupt(300.0)
    assert found == events.Interrupted(0.0, 1000.0)
    assert session.events(300.0) == [events.MarkCleared("m", "interrupt"), events.InterruptionSettled(found, 0.0)]
    session.play(SECOND[:640])
    session.flush()
    gone = run_until(session, 5000.0)
    assert [json.loads(text)["event"] for _, text in gone] == ["clear", "media"]
    assert len(mp3.decode(files([text for _, text in gone])[0])[0]) == 640


def test_pcm_without_a_flush_is_sent_as_well() -> None:
    """Otherwise an echo, or a file longer than the queue, would wait forever."""
    session = carrier.started(PLAN, max_queue_ms=1000.0)
    for number in range(1, 5):
        session.play(SECOND[: len(SECOND) // 5])
        assert session.queued_ms == 200.0 * number
    gone = run_until(session, 10_000.0)
    assert [len(mp3.decode(file)[0]) for file in files([text for _, text in gone])] == [16000]
    long = carrier.started(PLAN)
    for _ in range(int(MAX_COLLECTED_MS / 1000) + 1):
        long.play(SECOND)
    assert len(mp3.decode(files(long.outgoing(0.0))[0])[0]) == 32 * MAX_COLLECTED_MS


def test_a_file_longer_than_the_queue_is_accepted_when_nothing_else_waits() -> None:
    session = carrier.started(PLAN, max_queue_ms=500.0)
    file = mp3.encode(SECOND, 16000)
    session.play(SECOND[:640])
    with pytest.raises(QueueFull, match=r"^20 ms are queued and 500 ms would follow, at most 500 ms are allowed$"):
        session.play_mp3(file)
    session.interrupt(0.0)
    session.play_mp3(file)
    assert (session.queued_ms, session.room_ms) == (1000.0, 0.0)
    assert order_of(session.outgoing(0.0)) == ["clear", "m"]


def test_collected_pcm_is_sent_before_a_file() -> None:
    session = carrier.started(PLAN, lead_ms=None)
    file = mp3.encode(SECOND, 16000)
    session.play(SECOND[:6400])
    session.play_mp3(file)
    first, second = files([text for _, text in run_until(session, 5000.0)])
    assert (len(mp3.decode(first)[0]), second) == (6400, mp3.split(file)[0])
