"""The figures of a session, each made by the messages that it counts."""

from __future__ import annotations

import re
from array import array
from dataclasses import fields
from math import pi, sin
from pathlib import Path
from random import Random

import pytest

from rtpcodec import StreamPlan
from rtpcodec.codecs import codec
from rtpcodec.errors import LocalProtocolError
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.statistics import ReceptionStatistics
from rtpcodec.server.endpoint_statistics import MediaTotals
from rtpcodec.stream.level_meter import Level
from rtpcodec.stream.listening.turn_times import Turn, TurnTimes
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.statistics import Statistics
from tests.stream import carrier
from tests.stream.carrier import fed, media, started


def tone(dbov: float, duration_ms: int, rate_hz: int = 8000) -> bytes:
    """Return a sine of 1004 Hz with this RMS level."""
    amplitude = 32768 * 10 ** (dbov / 20) * 2**0.5
    return array(
        "h", (round(amplitude * sin(2 * pi * 1004 * i / rate_hz)) for i in range(rate_hz * duration_ms // 1000))
    ).tobytes()


def coded(pcm: bytes) -> list[bytes]:
    """Chunks of 20 ms of PCMU."""
    encoder = codec("PCMU").encoder(8000)
    return [encoder.encode(pcm[at : at + 320]) for at in range(0, len(pcm), 320)]


def arrived(moments_ms: list[float], timestamps: list[int]) -> Statistics:
    """Return the statistics of chunks with these times of arrival and timestamps."""
    session = started()
    for number, (at_ms, timestamp) in enumerate(zip(moments_ms, timestamps, strict=True)):
        session.receive(media(chunk=number + 1, timestamp=timestamp), at_ms)
        session.events(at_ms)
    return session.statistics(moments_ms[-1])


@pytest.mark.parametrize(("unit", "name"), [(1, "ms"), (8, "RTP clock")])
def test_jitter_is_that_of_rfc_3550(unit: int, name: str) -> None:
    random, by_rfc = Random(name), ReceptionStatistics(8000)
    moments = [20.0 * n + random.uniform(0, 30) for n in range(400)]
    moments.sort()
    for number, at_ms in enumerate(moments):
        by_rfc.receive(
            RtpPacket(payload_type=0, sequence_number=number, timestamp=160 * number, ssrc=1, payload=bytes(160)), at_ms
        )
    found = arrived(moments, [20 * unit * n for n in range(400)]).jitter_ms
    assert found == pytest.approx(by_rfc.jitter_ms, rel=0.02)
    assert 5 < by_rfc.jitter_ms < 15


def test_jitter_is_unknown_untimedstamps_and_0_without_jitter() -> None:
    session = started()
    fed(session, [media(chunk=n) for n in range(1, 50)])
    assert session.statistics(1000.0).jitter_ms is None
    assert arrived([20.0 * n for n in range(100)], [20 * n for n in range(100)]).jitter_ms == pytest.approx(0.0)


def test_hold_and_a_new_base_of_the_timestamps_are_not_jitter() -> None:
    moments = [20.0 * n for n in range(50)] + [10_000 + 20.0 * n for n in range(50)]
    held = arrived(moments, [int(at_ms) for at_ms in moments])
    assert held.jitter_ms == pytest.approx(0.0, abs=0.01)
    assert (held.carrier_pauses, held.stalls) == (1, 0)
    assert held.carrier_paused_ms == pytest.approx(9000, abs=20)
    rebased = arrived([20.0 * n for n in range(100)], [20 * n + (5_000_000 if n >= 50 else 0) for n in range(100)])
    assert rebased.jitter_ms == pytest.approx(0.0, abs=0.01)


def test_loss_has_its_time_and_its_concealment() -> None:
    session = started(conceal=True)
    fed(session, [media(chunk=n, timestamp=20 * n) for n in range(1, 60) if n not in (20, 21, 40)])
    found = session.statistics(1200.0)
    assert (found.lost_chunks, found.lost_ms, found.concealed_ms) == (3, 60.0, 60.0)


def test_loss_before_a_further_start_still_counts() -> None:
    session = started(conceal=True)
    fed(session, [media(chunk=n, timestamp=20 * n) for n in range(1, 30) if n != 20])
    session.receive(carrier.start(), 700.0)
    fed(session, [media(chunk=n, timestamp=20 * n) for n in range(1, 30) if n != 20], from_ms=720.0)
    found = session.statistics(1300.0)
    assert (found.lost_chunks, found.lost_ms, found.concealed_ms) == (2, 40.0, 40.0)


def test_stalls_of_the_socket_are_counted_and_the_longest_is_kept() -> None:
    session = started()
    now_ms = 0.0
    for number in range(1, 60):
        now_ms += {20: 320.0, 40: 920.0}.get(number, 20.0)
        session.receive(media(chunk=number, timestamp=20 * number), now_ms)
        session.events(now_ms)
    found = session.statistics(now_ms)
    assert (found.stalls, found.longest_stall_ms) == (2, 920.0)


def test_stalls_of_our_own_side_are_counted_and_the_longest_is_kept() -> None:
    session = started(lead_ms=40.0)
    session.play(bytes(16_000))
    for now_ms in (0.0, 20.0, 40.0, 340.0, 360.0, 560.0):
        session.outgoing(now_ms)
    found = session.statistics(560.0)
    assert found.send_stalls == 2
    assert found.longest_send_stall_ms == pytest.approx(280.0, abs=21)


def test_interruptions_that_drop_audio_are_counted() -> None:
    session = started()
    session.interrupt(0.0)
    assert session.statistics(0.0).interruptions == 0
    session.play(bytes(16_000))
    session.outgoing(20.0)
    first = session.interrupt(100.0)
    session.play(bytes(1600))
    session.outgoing(120.0)
    last = session.interrupt(140.0)
    found = session.statistics(200.0)
    assert (found.interruptions, found.last_interruption) == (2, last)
    assert first != last


def test_pauses_of_the_playback_are_counted() -> None:
    session = started()
    session.play(bytes(16_000))
    session.outgoing(20.0)
    pause = session.pause_playback(100.0)
    assert session.statistics(150.0).pauses == 0
    pause.resume(400.0)
    found = session.statistics(500.0)
    assert (found.pauses, found.paused_ms) == (1, 300.0)


def test_levels_are_those_of_both_directions() -> None:
    session = started()
    assert session.statistics(0.0).received_level is session.statistics(0.0).sent_level is None
    chunks = coded(tone(-20, 4000) + tone(-40, 4000))
    fed(session, [media(chunk, chunk=n, timestamp=20 * n) for n, chunk in enumerate(chunks, 1)])
    session.play(tone(-30, 2000))
    for step in range(120):
        session.outgoing(20.0 * step)
    found = session.statistics(8000.0)
    assert found.received_level is not None
    assert found.received_level.recent_dbov == pytest.approx(-40, abs=0.3)
    assert found.received_level.loudest_dbov == pytest.approx(-20, abs=0.3)
    assert found.received_level.mean_dbov == pytest.approx(-23, abs=0.3)
    assert found.sent_level is not None
    assert found.sent_level.mean_dbov == pytest.approx(-30, abs=0.3)


@pytest.mark.parametrize("name", ["PCMA", "G722", "L16"])
def test_the_level_of_silence_is_that_of_the_codec(name: str) -> None:
    session = started(StreamPlan(send_codec=name))
    session.play(bytes(16_000))
    session.outgoing(0.0)
    level = session.statistics(0.0).sent_level
    assert level is not None
    assert level.recent_dbov == level.mean_dbov == level.loudest_dbov == -127.0


def test_the_level_continues_behind_a_further_start() -> None:
    session = started()
    chunks = coded(tone(-20, 2000))
    fed(session, [media(chunk, chunk=n, timestamp=20 * n) for n, chunk in enumerate(chunks, 1)])
    session.receive(carrier.start(), 2100.0)
    fed(session, [media(chunk=n, timestamp=20 * n) for n in range(1, 300)], from_ms=2120.0)
    level = session.statistics(9000.0).received_level
    assert level is not None
    assert level.recent_dbov < -80
    assert level.loudest_dbov == pytest.approx(-20, abs=0.3)


def test_payloads_that_are_not_decoded_have_no_level() -> None:
    session = started(receive_pcm_hz=None)
    fed(session, [media(chunk=n, timestamp=20 * n) for n in range(1, 50)])
    session.play_payload(bytes(1600))
    session.outgoing(1000.0)
    found = session.statistics(1000.0)
    assert (found.received_level, found.sent_level) == (None, None)
    assert found.media_sent > 0


def test_the_duration_ends_with_the_stream_and_its_reason_is_kept() -> None:
    session = MediaSession(own_marks=False)
    assert (session.statistics(5.0).duration_ms, session.statistics(5.0).end_reason) == (0.0, None)
    session.receive(carrier.start(), 1000.0)
    assert session.statistics(3000.0).duration_ms == 2000.0
    session.receive(carrier.start(), 3000.0)
    session.receive(carrier.STOP, 4000.0)
    found = session.statistics(9000.0)
    assert (found.duration_ms, found.end_reason) == (3000.0, "stop")


def test_mode_mp3_has_the_figures_of_receiving() -> None:
    session = started(StreamPlan(mode="mp3"))
    fed(session, [media(chunk=n, timestamp=20 * n) for n in range(1, 60) if n != 20])
    found = session.statistics(1200.0)
    assert (found.lost_chunks, found.pauses, found.sent_level, found.turns) == (1, 0, None, None)
    with pytest.raises(LocalProtocolError):
        session.pause_playback(0.0)


def test_the_page_explains_every_figure() -> None:
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+)`", page))
    for kind in (Statistics, MediaTotals, TurnTimes, Turn, Level):
        assert {field.name for field in fields(kind)} - set(re.findall(r"\w+", page)) == set()
    assert {field.name for field in fields(Statistics)} <= named


@pytest.mark.parametrize("plan", [StreamPlan(), StreamPlan(mode="mp3")], ids=lambda plan: plan.mode)
def test_sums_are_those_of_statistics(plan: StreamPlan) -> None:
    session = started(plan, conceal=True)
    for _ in range(2):  # a further start replaces the receive chain
        session.receive(carrier.start(), 0.0)
        fed(session, [media(chunk=n, timestamp=20 * n) for n in (*range(1, 30), 29, *range(31, 60))])
    session.receive("not JSON", 1200.0)
    session.disconnected("socket_lost", 1300.0)
    found, statistics = session.sums(1500.0), session.statistics(1500.0)
    assert (found.lost_chunks, found.duplicate_chunks, found.malformed, found.disconnected_ms) == (2, 2, 1, 200.0)
    assert found._asdict() == {name: getattr(statistics, name) for name in found._fields}
