"""When diagnosis runs, and the faults that arrival, counters, plan and the carrier's errors show."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.audio.files import WavWriter
from rtpcodec.stream.diagnosis.watch import watch_for
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.wire.telnyx import TELNYX
from tests.listening import streams
from tests.listening.speakers import Samples, octets, shipped
from tests.stream import carrier

VOICE = shipped()[0]


def kinds(found: list[streams.Found]) -> list[str]:
    return [one.kind for one in found]


def at_rate(rate_hz: int) -> Samples:
    """Speech that begins at once."""
    if rate_hz in (8000, 16000):
        return VOICE.at(rate_hz, -26.0)
    wide = VOICE.at(16000, -26.0)
    return np.asarray(np.interp(np.arange(0, len(wide) - 1, 16000 / rate_hz), np.arange(len(wide)), wide))


# Rates


@pytest.mark.parametrize("chunk_ms", [10, 20, 40])
@pytest.mark.parametrize(("declared_hz", "sent_hz"), [
    (8000, 16000), (16000, 8000), (8000, 24000), (24000, 8000), (16000, 24000), (24000, 48000), (48000, 16000),
])  # fmt: skip
def test_a_wrong_rate_is_named_within_a_second(declared_hz: int, sent_hz: int, chunk_ms: int) -> None:
    chunks = streams.cut(octets(at_rate(sent_hz)), 2 * chunk_ms * sent_hz // 1000)[: 1400 // chunk_ms]
    found = streams.fed(streams.session_for("L16", declared_hz), chunks, chunk_ms)
    assert kinds(found) == ["wrong_rate"]
    assert str(sent_hz) in found[0].diagnosis.remedy
    assert (found[0].chunk + 1) * chunk_ms <= 1000


def arrivals(kind: str) -> list[float]:
    """When 20 s of chunks of 20 ms arrive, in streams of the right rate."""
    drawn = random.Random(kind)
    due = [20.0 * at for at in range(1000)]
    match kind:
        case "jitter":
            late = [one + drawn.uniform(0, 80) for one in due]
        case "bursts of 200 ms":
            late = [200.0 * math.ceil(one / 200) for one in due]
        case "stalls":
            late = [one if one % 4000 < 3000 else (one // 4000 + 1) * 4000 for one in due]
        case "catching up at twice the speed":
            late = [one if one < 4000 or one > 9000 else max(one, 6000 + (one - 4000) / 2) for one in due]
        case "two seconds before their time":
            late = [max(0.0, one - 2000) for one in due]
        case "drift":
            late = [one * 1.02 for one in due]
        case _:
            late = due
    return list(np.maximum.accumulate(late))


@pytest.mark.parametrize("kind", [
    "steady", "jitter", "bursts of 200 ms", "stalls", "catching up at twice the speed", "two seconds before their time",
    "drift",
])  # fmt: skip
@pytest.mark.parametrize("coding", ["PCMU", "L16 little"])
def test_a_network_is_not_taken_for_a_wrong_rate(kind: str, coding: str) -> None:
    session = streams.session_for(coding.partition(" ")[0], 8000, diagnosis_s=math.inf)
    chunks = streams.encoded(coding, np.tile(VOICE.at(8000, -26.0), 4), 20)
    for number, (now_ms, chunk) in enumerate(zip(arrivals(kind), chunks, strict=False)):
        session.receive(carrier.media(chunk, number + 1), now_ms)
        assert not [one for one in session.events(now_ms) if isinstance(one, events.Diagnosis)], now_ms


def test_a_reader_that_calls_late_sees_no_wrong_rate() -> None:
    session = streams.session_for("PCMU", 8000)
    chunks = streams.encoded("PCMU", VOICE.at(8000, -26.0), 20)
    for number, chunk in enumerate(chunks):
        session.receive(carrier.media(chunk, number + 1), 20.0 * number)
    assert not [one for one in session.events(7000.0) if isinstance(one, events.Diagnosis)]


@pytest.mark.parametrize("speed", [1.5, 2.0, 3.0, 2 / 3, 1 / 2])
@pytest.mark.parametrize(("encoding", "coding", "rate_hz"), [
    ("PCMU", "PCMU", 8000), ("G722", "G722", 16000), ("L16", "L16 little", 16000),
])  # fmt: skip
def test_seconds_at_another_speed_with_matching_timestamps_are_the_network(
    encoding: str, coding: str, rate_hz: int, speed: float
) -> None:
    session = streams.session_for(encoding, 8000 if encoding == "G722" else rate_hz)
    chunks = streams.encoded(coding, np.tile(VOICE.at(rate_hz, -26.0), 2), 20, rate_hz)[:600]
    for at, chunk in enumerate(chunks):
        ahead_ms = 20 * at - 2500 * speed
        now_ms = 5000 + (20 * at / speed if ahead_ms < 0 else 2500 + ahead_ms)
        session.receive(carrier.media(chunk, at + 1, track="inbound", timestamp=20 * at), now_ms)
        assert not [one for one in session.events(now_ms) if isinstance(one, events.Diagnosis)], now_ms


@pytest.mark.parametrize(("declared_hz", "sent_hz"), [(8000, 16000), (16000, 8000), (8000, 24000), (24000, 16000)])
def test_a_wrong_rate_whose_timestamps_count_octets_is_named_within_five_seconds(
    declared_hz: int, sent_hz: int
) -> None:
    session = streams.session_for("L16", declared_hz)
    found = []
    for at, chunk in enumerate(streams.cut(octets(np.tile(at_rate(sent_hz), 2)), sent_hz // 25)[:250]):
        text = carrier.media(chunk, at + 1, track="inbound", timestamp=round(20 * at * sent_hz / declared_hz))
        session.receive(text, 20.0 * at)
        found += [one.kind for one in session.events(20.0 * at) if isinstance(one, events.Diagnosis)]
    assert found == ["wrong_rate"]


# Samples with an offset


@pytest.mark.parametrize("offset", [-6000, -2000, 500, 8000])
@pytest.mark.parametrize("level_dbov", [-26.0, -46.0])
def test_an_offset_of_l16_is_not_another_codec(offset: int, level_dbov: float) -> None:
    for rate_hz in (8000, 16000):
        chunks = streams.encoded("L16 little", VOICE.at(rate_hz, level_dbov) + offset, 20, rate_hz)
        assert streams.fed(streams.session_for("L16", rate_hz), chunks, 20) == []


# Files


@pytest.mark.parametrize(("encoding", "rate_hz"), [("PCMU", 8000), ("G722", 8000), ("L16", 16000), ("OPUS", 48000)])
def test_the_samples_of_a_wav_file_are_not_named_besides(encoding: str, rate_hz: int, tmp_path: Path) -> None:
    with WavWriter(tmp_path / "voice.wav", 16000) as file:
        file.write(octets(VOICE.at(16000, -26.0)))
    chunks = streams.cut((tmp_path / "voice.wav").read_bytes(), 320)
    assert kinds(streams.fed(streams.session_for(encoding, rate_hz), chunks, 20)) == ["file_in_payload"]


# Two channels


@pytest.mark.parametrize("other", ["same", "silent", "other"])
@pytest.mark.parametrize(("encoding", "coding", "rate_hz"), [
    ("L16", "L16 little", 8000), ("L16", "L16 little", 16000), ("PCMU", "PCMU", 8000), ("PCMA", "PCMA", 8000),
])  # fmt: skip
def test_two_channels_are_named(encoding: str, coding: str, rate_hz: int, other: str) -> None:
    left = VOICE.at(rate_hz, -26.0)[: 2 * rate_hz]
    right = {"same": left, "silent": np.zeros_like(left), "other": shipped()[1].at(rate_hz, -26.0)[: len(left)]}[other]
    both = np.stack([left, right], axis=1).reshape(-1)
    found = streams.fed(streams.session_for(encoding, rate_hz), streams.encoded(coding, both, 40, rate_hz), 20)
    assert kinds(found) == ["stereo_as_mono"]
    assert found[0].chunk < 50


# Counters, plan, mode


def test_counters_that_do_not_count_are_named_once_with_a_remedy() -> None:
    session = streams.session_for("PCMU", 8000)
    chunks = streams.encoded("PCMU", VOICE.at(8000, -26.0), 20)
    found = []
    for at, chunk in enumerate(chunks):
        session.receive(carrier.media(chunk, at + 1, timestamp=7), 20.0 * at)
        found += [one for one in session.events(20.0 * at) if isinstance(one, events.Diagnosis)]
    assert [one.kind for one in found] == ["counters_do_not_count"]
    assert "timestamp" in found[0].evidence
    assert "media.timestamp" in found[0].remedy


def test_timestamps_that_a_wrong_rate_spoils_are_not_named_besides() -> None:
    session = streams.session_for("L16", 8000)
    found = []
    for at, chunk in enumerate(streams.encoded("L16 little", VOICE.at(16000, -26.0), 20, 16000)[:200]):
        session.receive(carrier.media(chunk, at + 1, timestamp=20 * at), 20.0 * at)
        found += [one.kind for one in session.events(20.0 * at) if isinstance(one, events.Diagnosis)]
    assert found == ["wrong_rate"]


@pytest.mark.parametrize(("counter", "again"), [("timestamp", 0), ("chunk", 1)])
def test_timestamps_that_a_wrong_codec_restarts_are_not_a_change(
    counter: Literal["timestamp", "chunk"], again: int
) -> None:
    watch = watch_for(StreamPlan(), TELNYX, 10.0)
    assert watch is not None
    session = streams.session_for("PCMU", 8000, diagnosis_s=None)
    watch.media_format = MediaFormat("PCMU", 8000, 1)
    found: list[str] = []
    for at, chunk in enumerate(streams.encoded("L16 little", VOICE.at(8000, -26.0), 20)):
        session.receive(carrier.media(chunk, at + 1), 20.0 * at)
        seen = [*session.events(20.0 * at)]
        if at == 150:
            seen.append(events.CounterChanged("inbound", counter, "restarted"))
        found += [
            one.kind for event in seen for one in watch.take(event, 20.0 * at) if isinstance(one, events.Diagnosis)
        ]
    assert found[:1] == ["wrong_codec"]
    assert found.count("wrong_codec") == 1 + again


def test_another_codec_than_the_plan_asks_for_is_named_at_start() -> None:
    session = MediaSession(StreamPlan(receive_codec="PCMA"))
    session.receive(carrier.start("PCMU", 8000), 0.0)
    (found,) = [one for one in session.events(0.0) if isinstance(one, events.Diagnosis)]
    assert found.kind == "codec_not_as_planned"
    assert found.evidence == "the plan requests PCMA, start declares PCMU; it is decoded as declared"
    session = MediaSession(StreamPlan(receive_codec="PCMU"))
    session.receive(carrier.start("PCMU", 8000), 0.0)
    assert [type(one) for one in session.events(0.0)] == [events.Started]


def test_another_packing_than_the_plan_gives_is_named() -> None:
    plan = StreamPlan(send_codec="AMR-WB", amrwb_packing="octet-aligned")
    payloads = streams.encoded("AMR-WB", VOICE.at(16000, -26.0), 20)[:30]
    found = streams.fed(streams.session_for("AMR-WB", 16000, plan), payloads, 20)
    assert kinds(found) == ["packing_not_as_planned"]


@pytest.mark.parametrize(("tracks", "track", "named"), [
    ("inbound_track", "inbound", False), ("inbound_track", "outbound", True), ("outbound_track", "inbound", True),
    ("both_tracks", "inbound", False), ("both_tracks", "outbound", False),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::rtpcodec.errors.PlanWarning")
def test_a_track_that_the_plan_does_not_ask_for_is_named(tracks: str, track: str, named: bool) -> None:
    session = streams.session_for("PCMU", 8000, StreamPlan(tracks=tracks))  # type: ignore[arg-type]
    found = []
    for at in range(50):
        session.receive(carrier.media(carrier.FRAME, at + 1, track=track), 20.0 * at)
        found += [one.kind for one in session.events(20.0 * at) if isinstance(one, events.Diagnosis)]
    assert found == ["tracks_not_as_planned"] * named


def test_a_carrier_in_mode_mp3_behind_a_plan_of_rtp_is_named() -> None:
    session = streams.session_for("PCMU", 8000)
    found = []
    for at in range(100):
        code = 100004 if at == 0 else 100005
        session.receive(carrier.text("error", payload={"code": code, "title": "x"}), 20.0 * at)
        found += [one for one in session.events(20.0 * at) if isinstance(one, events.Diagnosis)]
    assert [one.kind for one in found if not one.kind.startswith("marks")] == ["mode_not_as_planned"]


# When


def test_faults_are_searched_for_ten_seconds_of_sound_after_each_change() -> None:
    session = streams.session_for("PCMU", 8000)
    right = streams.encoded("PCMU", np.tile(VOICE.at(8000, -26.0), 3), 20)
    wrong = streams.encoded("PCMA", VOICE.at(8000, -26.0), 20)
    # 1. Silence does not count: after 20 s of it, the fault is still found.
    quiet = [carrier.FRAME] * 1000
    assert kinds(streams.fed(session, quiet + wrong[:100], 20)) == ["wrong_law"]
    # 2. The same fault once per change. A `start`, and a hold of some seconds, are changes.
    assert streams.fed(session, wrong[100:], 20, first=1101, from_ms=30_000) == []
    session.receive(carrier.start("PCMU", 8000), 40_000.0)
    assert kinds(streams.fed(session, wrong, 20, from_ms=40_020)) == ["wrong_law"]
    # 3. After ten seconds of sound, nothing looks any more.
    session.receive(carrier.start("PCMU", 8000), 60_000.0)
    assert streams.fed(session, right, 20, from_ms=60_020) == []
    assert session._sinks is None
    assert streams.fed(session, wrong, 20, first=len(right) + 1, from_ms=100_000) == []


@pytest.mark.parametrize("diagnosis_s", [None, 0])
def test_diagnosis_can_be_switched_off(diagnosis_s: float | None) -> None:
    session = streams.session_for("PCMU", 8000, diagnosis_s=diagnosis_s)
    assert streams.fed(session, streams.encoded("PCMA", VOICE.at(8000, -26.0), 20), 20) == []
    assert session._sinks is None


def test_diagnosis_can_run_always() -> None:
    session = streams.session_for("PCMU", 8000, diagnosis_s=math.inf)
    right = streams.encoded("PCMU", np.tile(VOICE.at(8000, -26.0), 5), 20)
    wrong = streams.encoded("PCMA", VOICE.at(8000, -26.0), 20)
    assert kinds(streams.fed(session, right + wrong, 20)) == ["wrong_law"]


@pytest.mark.parametrize("diagnosis_s", [-1, math.nan])
def test_another_time_is_refused(diagnosis_s: float) -> None:
    with pytest.raises(ValueError, match=r"^diagnosis_s is .*, at least 0 is needed; None switches the search off$"):
        MediaSession(diagnosis_s=diagnosis_s)


def test_a_hold_is_a_change() -> None:
    session = streams.session_for("PCMU", 8000)
    wrong = streams.encoded("PCMA", VOICE.at(8000, -26.0), 20)
    found = []
    for at, chunk in enumerate(wrong):
        pause_ms = 20_000.0 if at >= 150 else 0.0
        session.receive(carrier.media(chunk, at + 1, timestamp=round(20 * at + pause_ms)), 20.0 * at + pause_ms)
        found += [one.kind for one in session.events(20.0 * at + pause_ms) if isinstance(one, events.Diagnosis)]
    assert found == ["wrong_law"] * 2
