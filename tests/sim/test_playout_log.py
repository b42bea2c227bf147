"""The log of arrivals and clears, compared with the audio that the caller heard."""

from __future__ import annotations

import pytest

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.sim import Carrier, PlayoutLog
from rtpcodec.sim import playout_log as limits
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.playout_log import PlayoutRecorder
from tests.sim.apps import App, echo, listening, run, start
from tests.sim.streams import CLEAR, START_MS, media, open_stream, ramp
from tests.sim.streams import run as run_stream

SOUND = pcmu_encode(ramp(8000, 3))


def log_of(stream: CarrierStream) -> PlayoutLog:
    run_stream(stream)
    log = stream.report().playout_log
    assert log is not None
    return log


def piece(from_ms: int, to_ms: int) -> bytes:
    return SOUND[8 * from_ms : 8 * to_ms]


def test_arrivals_say_when_audio_came_and_where_it_is_heard() -> None:
    stream = open_stream(ramp(160 * 20), logs_playout=True, playout_delay_ms=30.0)
    stream.receive(media(piece(0, 100)), START_MS + 10)
    stream.receive(media(piece(100, 120)), START_MS + 50)
    stream.receive(media(b""), START_MS + 60)
    stream.receive(media(piece(120, 140)), START_MS + 200)
    log = log_of(stream)
    assert [(a.at_ms, a.octets, a.samples, a.position, a.queued_ms) for a in log.arrivals] == [
        (10, 800, 800, 8 * 40, 0),
        (50, 160, 160, 8 * 140, 90),
        (200, 160, 160, 8 * 230, 0),
    ]
    heard = stream.report().heard_pcm
    for arrival, payload in zip(log.arrivals, (piece(0, 100), piece(100, 120), piece(120, 140)), strict=True):
        assert heard[2 * arrival.position :][: 2 * arrival.samples] == pcmu_decode(payload)
    assert log.payload == piece(0, 140)
    assert [log.first_audio_ms(after_ms) for after_ms in (0, 10, 10.5, 51, 201)] == [10, 10, 50, 200, None]


def test_a_clear_says_what_it_cut() -> None:
    stream = open_stream(ramp(160 * 50), logs_playout=True, playout_delay_ms=30.0)
    for at_ms, text in (
        (0, media(piece(0, 200))),  # heard from 30 on
        (130, CLEAR),  # 100 of it was heard
        (140, media(piece(200, 300))),  # heard from 170 on
        (150, CLEAR),  # before any of it
        (160, media(piece(300, 400))),  # heard from 190 to 290
        (400, CLEAR),  # after all of it
        (410, CLEAR),
    ):
        stream.receive(text, START_MS + at_ms)
    log = log_of(stream)
    assert [(c.at_ms, c.position, c.sent_position, c.dropped_samples, c.octets_before) for c in log.clears] == [
        (130, 8 * 130, 8 * 100, 8 * 100, 1600),
        (150, 8 * 150, 8 * 200, 8 * 100, 2400),
        (400, 8 * 290, 8 * 400, 0, 3200),
        (410, 8 * 290, 8 * 400, 0, 3200),
    ]
    assert log.payload_behind(log.clears[0]) == piece(200, 400)
    assert log.payload_behind(log.clears[-1]) == b""
    heard = stream.report().heard_pcm
    assert heard[2 * 8 * 30 : 2 * 8 * 190] == pcmu_decode(piece(0, 100)) + bytes(2 * 8 * 60)
    assert heard[2 * 8 * 190 : 2 * 8 * 300] == pcmu_decode(piece(300, 400)) + bytes(2 * 8 * 10)


def test_the_queue_is_sampled_at_each_message() -> None:
    stream = open_stream(bytes(320 * 300), logs_playout=True)
    stream.receive(media(piece(0, 400)), START_MS)
    for number in range(1, 201):  # 20 ms every 20 ms, disturbed by the twentieth of a second
        late_ms = 5 if number % 50 == 25 else 0
        stream.receive(media(piece(0, 20)), START_MS + 20 * number + late_ms)
    log = log_of(stream)
    assert [(s.from_ms, s.low_ms, s.high_ms) for s in log.queue] == [
        *[(1000.0 * n, 375, 400) for n in range(4)],
        (4000, 380, 400),
    ]
    assert log.queue_ms(0, 4000) == (375, 400)
    assert log.queue_ms(3500, 4999) == (float("inf"), 0)


def test_without_the_switch_there_is_no_log_and_without_audio_no_payload() -> None:
    silent = open_stream(ramp(1600))
    run_stream(silent)
    assert silent.report().playout_log is None
    stream = open_stream(ramp(1600), logs_playout=True, keeps_audio=False)
    stream.receive(media(piece(0, 100)), START_MS)
    log = log_of(stream)
    assert (len(log.arrivals), log.payload) == (1, b"")


def test_a_log_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_ARRIVALS", "MAX_SECONDS", "MAX_CLEARS"):
        monkeypatch.setattr(limits, name, 3)
    recorder = PlayoutRecorder(8000, keeps_audio=False)
    for second in range(10):
        recorder.media(b"\xff" * 8, 8, 1000.0 * second, now=8000 * second, end=(0, 8000 * second + 8))
        recorder.clear(1000.0 * second + 1, end=(8000 * second + 8, 8000 * second + 8))
    log = recorder.log()
    assert [arrival.at_ms for arrival in log.arrivals] == [7000, 8000, 9000]
    assert [second.from_ms for second in log.queue] == [7000, 8000, 9000]
    assert [clear.sent_position for clear in log.clears] == [64, 72, 80]


def test_a_call_over_a_real_socket_has_a_log() -> None:
    async def main() -> None:
        async with listening(App(echo)) as app, Carrier() as carrier:
            call = carrier.new_call(ramp(160 * 10), logs_playout=True, tail_ms=100.0)
            await start(carrier, call, app.url)
            log = (await call.finished()).playout_log
        assert log is not None
        assert log.payload[:1600] == pcmu_encode(ramp(160 * 10))

    run(main)
