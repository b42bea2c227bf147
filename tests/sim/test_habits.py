"""Habits of carriers with marks, `clear`, numbers, RTP headers and a second `start`."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from rtpcodec import Resampler, RtpPacket, codec, pcma_encode, pcmu_decode, pcmu_encode
from rtpcodec.sim import Carrier
from rtpcodec.sim.commands.error_answers import Refused
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.media.variations import ClearHabits, MarkHabits, Restart, Variations
from tests.sim.streams import CLEAR, START_MS, mark, media, open_stream, payloads, ramp, run, sent

ANSWER = pcmu_encode(ramp(800, 3))
"""100 ms of the app's audio."""


def marks_of(stream: CarrierStream) -> list[tuple[float, str]]:
    return [(at, m["mark"]["name"]) for at, m in run(stream) if m["event"] == "mark"]


def chunks_of(gone: list[tuple[float, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [m["media"] for _, m in gone if m["event"] == "media"]


def with_marks(habits: MarkHabits, count: int = 1, seed: str = "0/0") -> CarrierStream:
    """100 ms of audio with marks after it."""
    stream = open_stream(ramp(160 * 20), variations=Variations(marks=habits), seed=seed)
    stream.receive(media(ANSWER), START_MS)
    for number in range(1, count + 1):
        stream.receive(mark(str(number)), START_MS)
    return stream


# Marks


@pytest.mark.parametrize(
    ("habits", "expected", "lost"),
    [
        (MarkHabits(), [(100, "1")], 0),
        (MarkHabits(late_ms=50.0), [(150, "1")], 0),
        (MarkHabits(echo="received"), [(0, "1")], 0),
        (MarkHabits(echo="received", late_ms=30.0), [(30, "1")], 0),
        (MarkHabits(echo="never"), [], 1),
        (MarkHabits(lost=1.0), [], 1),
    ],
)
def test_when_a_mark_returns(habits: MarkHabits, expected: list[tuple[float, str]], lost: int) -> None:
    stream = with_marks(habits)
    assert marks_of(stream) == expected
    report = stream.report()
    assert (report.marks_received, report.marks_returned, report.marks_lost) == (1, len(expected), lost)


def test_a_share_of_marks_is_lost_by_the_seed() -> None:
    def returned(seed: str) -> list[str]:
        return [name for _, name in marks_of(with_marks(MarkHabits(lost=0.25), 400, seed))]

    assert returned("1/0") == returned("1/0") != returned("2/0")
    assert 260 < len(returned("1/0")) < 340


def test_chosen_marks_are_refused_with_the_rate_limit() -> None:
    stream = with_marks(MarkHabits(refused=(2, 4)), 5)
    gone = run(stream)
    errors = [(at, m["payload"]) for at, m in gone if m["event"] == "error"]
    assert errors == [
        (0, {"code": 100005, "title": "rate_limit_reached", "detail": f"mark {n} of the stream is one too many"})
        for n in (2, 4)
    ]
    assert [m["mark"]["name"] for _, m in gone if m["event"] == "mark"] == ["1", "3", "5"]
    assert (stream.report().errors_sent, stream.report().marks_lost) == (2, 0)


# Clear


@pytest.mark.parametrize(
    ("habits", "returned", "heard_ms"),
    [
        (ClearHabits(), [(25, "1")], 25),
        (ClearHabits(effect="no_marks"), [], 25),
        (ClearHabits(effect="ignored"), [(100, "1")], 100),
        (ClearHabits(late_ms=40.0), [(65, "1")], 65),
        (ClearHabits(late_ms=400.0), [(100, "1")], 100),
        (ClearHabits(effect="no_marks", late_ms=40.0), [], 65),
    ],
)
def test_the_effect_of_clear(habits: ClearHabits, returned: list[tuple[float, str]], heard_ms: int) -> None:
    stream = open_stream(ramp(160 * 20), variations=Variations(clears=habits))
    stream.receive(media(ANSWER), START_MS)
    stream.receive(mark("1"), START_MS)
    sent(stream, 25)
    stream.receive(CLEAR, START_MS + 25)
    assert marks_of(stream) == returned
    report = stream.report()
    assert report.heard_pcm[: 300 * 16] == pcmu_decode(ANSWER)[: heard_ms * 16] + bytes((300 - heard_ms) * 16)
    assert (report.clears_received, report.marks_returned, report.marks_lost) == (1, len(returned), 1 - len(returned))


def test_audio_behind_a_late_clear_follows_the_old_audio() -> None:
    stream = open_stream(ramp(160 * 20), variations=Variations(clears=ClearHabits(late_ms=40.0)))
    stream.receive(media(ANSWER), START_MS)
    stream.receive(CLEAR, START_MS + 10)
    stream.receive(media(ANSWER), START_MS + 11)
    run(stream)
    heard = pcmu_decode(ANSWER)
    assert stream.report().heard_pcm[: 150 * 16] == heard[: 50 * 16] + heard


def test_the_second_leg_obeys_the_same_habit() -> None:
    for habits, heard_ms in (
        (ClearHabits(), 25),
        (ClearHabits(effect="ignored"), 100),
        (ClearHabits(late_ms=10.0), 35),
    ):
        stream = open_stream(
            ramp(160 * 20), settings={"target_legs": "both"}, variations=Variations(clears=habits), bridged=True
        )
        stream.receive(media(ANSWER), START_MS)
        stream.receive(CLEAR, START_MS + 25)
        run(stream)
        report = stream.report()
        assert report.peer_heard_pcm == report.heard_pcm
        assert report.peer_heard_pcm[: 200 * 16] == pcmu_decode(ANSWER)[: heard_ms * 16] + bytes((200 - heard_ms) * 16)


# Numbers and headers


def test_both_tracks_can_share_their_chunk_numbers() -> None:
    variations = Variations(chunk_numbers="shared")
    gone = run(open_stream(ramp(480), settings={"tracks": "both_tracks"}, variations=variations))
    assert [(m["track"], m["chunk"], m["timestamp"]) for m in chunks_of(gone)] == [
        ("inbound", "1", "0"),
        ("outbound", "2", "0"),
        ("inbound", "3", "20"),
        ("outbound", "4", "20"),
        ("inbound", "5", "40"),
        ("outbound", "6", "40"),
    ]


@pytest.mark.parametrize(
    ("name", "rate_hz", "payload_type", "ticks"),
    [("PCMU", 8000, 0, 160), ("PCMA", 8000, 8, 160), ("G722", 16000, 9, 160), ("L16", 16000, 96, 320)],
)
def test_payloads_can_begin_with_an_rtp_header(name: str, rate_hz: int, payload_type: int, ticks: int) -> None:
    variations = Variations(rtp_headers=True)
    speech = ramp(rate_hz // 50 * 3)
    gone = run(open_stream(speech, name=name, rate_hz=rate_hz, variations=variations))
    datagrams = [b64decode(m["payload"]) for m in chunks_of(gone)]
    packets = [RtpPacket.parse(datagram) for datagram in datagrams]
    assert [(p.payload_type, p.sequence_number, p.timestamp) for p in packets] == [
        (payload_type, n, n * ticks) for n in range(3)
    ]
    assert len({p.ssrc for p in packets}) == 1
    assert [len(datagram) - p.payload_octets for datagram, p in zip(datagrams, packets, strict=True)] == [12] * 3
    plain = payloads(m for _, m in run(open_stream(speech, name=name, rate_hz=rate_hz)))
    assert b"".join(p.payload for p in packets) == plain


# A second start


def test_a_second_start_brings_another_format() -> None:
    restart = Restart(at_ms=40.0, codec="L16", sample_rate_hz=16000)
    stream = open_stream(ramp(160 * 4), variations=Variations(restarts=(restart,)))
    gone = run(stream)
    assert [(at, m["event"], m.get("sequence_number")) for at, m in gone] == [
        (0, "connected", None),
        (0, "start", "1"),
        (20, "media", "2"),
        (40, "media", "3"),
        (40, "start", "4"),
        (60, "media", "5"),
        (80, "media", "6"),
        (100, "stop", "7"),
    ]
    first, second = (m for _, m in gone if m["event"] == "start")
    assert second["start"].pop("media_format") == {"encoding": "L16", "sample_rate": 16000, "channels": 1}
    assert first["start"].pop("media_format") == {"encoding": "PCMU", "sample_rate": 8000, "channels": 1}
    assert first["start"] == second["start"]
    chunks = chunks_of(gone)
    assert [(m["chunk"], m["timestamp"]) for m in chunks] == [("1", "0"), ("2", "20"), ("3", "40"), ("4", "60")]
    speech = ramp(160 * 4)
    assert b"".join(b64decode(m["payload"]) for m in chunks[:2]) == pcmu_encode(speech[:640])
    assert b"".join(b64decode(m["payload"]) for m in chunks[2:]) == Resampler(8000, 16000).resample(speech[640:])
    report = stream.report()
    assert (report.codec, report.sample_rate_hz, report.source_pcm) == ("PCMU", 8000, speech), "of the first format"


def test_a_second_start_of_the_same_format_begins_a_new_encoder() -> None:
    variations = Variations(restarts=(Restart(at_ms=40.0),))
    speech = ramp(320 * 4)
    gone = run(open_stream(speech, name="G722", rate_hz=16000, variations=variations))
    formats = [m["start"]["media_format"] for _, m in gone if m["event"] == "start"]
    assert formats[0] == formats[1]
    parts = [codec("G722").encoder().encode(speech[at : at + 1280]) for at in (0, 1280)]
    assert payloads(m for _, m in gone) == b"".join(parts)


def test_the_codec_can_change_without_notice() -> None:
    variations = Variations(restarts=(Restart(at_ms=20.0, codec="PCMA", announced=False),))
    gone = run(open_stream(ramp(320), variations=variations))
    assert [m["event"] for _, m in gone] == ["connected", "start", "media", "media", "stop"]
    assert payloads(m for _, m in gone) == pcmu_encode(ramp(320)[:320]) + pcma_encode(ramp(320)[320:])


def test_a_second_start_can_renumber_everything() -> None:
    restarts = (Restart(at_ms=40.0, renumbers=True), Restart(at_ms=80.0, codec="PCMA", renumbers=True))
    variations = Variations(restarts=restarts, chunk_numbers="shared", timestamp_unit="rtp_clock")
    gone = run(open_stream(ramp(160 * 5), settings={"tracks": "both_tracks"}, variations=variations))
    starts = [m["sequence_number"] for _, m in gone if m["event"] == "start"]
    assert starts == ["1", "1", "1"]
    chunks = [(m["sequence_number"], m["media"]["chunk"], m["media"]["timestamp"]) for _, m in gone if "media" in m]
    assert chunks == [
        *[("2", "1", "0"), ("3", "2", "0"), ("4", "3", "160"), ("5", "4", "160")],
        *[("2", "1", "0"), ("3", "2", "0"), ("4", "3", "160"), ("5", "4", "160")],
        *[("2", "1", "0"), ("3", "2", "0")],
    ]


def test_a_restart_that_cannot_be_is_refused_at_once() -> None:
    with Carrier() as carrier:
        for restart, rule in (
            (Restart(at_ms=20.0, sample_rate_hz=16000), "PCMU"),
            (Restart(at_ms=20.0, codec="OPUS"), "OPUS has no chunks of 30 ms"),
        ):
            with pytest.raises(ValueError, match=rule):
                carrier.new_call(b"", variations=Variations(restarts=(restart,), chunk_ms=30))
    with pytest.raises(Refused, match="90046"):
        open_stream(b"", variations=Variations(restarts=(Restart(at_ms=20.0, sample_rate_hz=16000),)))


def test_a_restart_may_have_a_rate_that_is_not_a_multiple() -> None:
    speech = ramp(160 * 5)
    stream = open_stream(
        speech, variations=Variations(restarts=(Restart(at_ms=40.0, codec="L16", sample_rate_hz=44100),))
    )
    chunks = [m["media"] for _, m in run(stream) if "media" in m]
    heard = b"".join(b64decode(m["payload"]) for m in chunks[2:])
    assert heard == Resampler(8000, 44100).resample(speech[640:])


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: MarkHabits(lost=1.5), "lost is 1.5, a share from 0 to 1 is needed"),
        (lambda: MarkHabits(late_ms=-1.0), "late_ms is -1.0, at least 0 is needed"),
        (lambda: MarkHabits(refused=(3, 0)), "refused has 0, marks are counted from 1"),
        (lambda: ClearHabits(late_ms=-1.0), "late_ms is -1.0, at least 0 is needed"),
        (lambda: Restart(at_ms=0.0), "at_ms is 0.0, more than 0 is needed"),
    ],
)
def test_impossible_habits_are_refused(make: Any, rule: str) -> None:
    with pytest.raises(ValueError, match="^" + rule.replace(".", r"\.") + "$"):
        make()
