"""Points that the documents leave open: marks per second, unread sockets, the outbound track, the carrier's rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rtpcodec import pcmu_encode
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, MarkHabits, Variations
from tests.pump.recorder import network
from tests.sim.memory_app import MemoryApp, streamed
from tests.sim.streams import START_MS, media, open_stream, payloads, ramp, sent

Steps = dict[float, Callable[[MemoryApp], object]]


def run(steps: Steps, *, unread_octets: int | None = None, **variations: Any) -> tuple[MemoryApp, CallReport]:
    async def main() -> tuple[MemoryApp, CallReport]:
        if unread_octets is not None:
            network().max_unread_octets = unread_octets
        return await streamed(steps, speech_ms=4000, variations=Variations(**variations))

    return run_virtual(main())


def marks(app: MemoryApp) -> None:
    for number in range(3):
        app.mark(f"{app.now_ms:.0f}/{number}")


def errors(app: MemoryApp) -> list[tuple[float, int]]:
    return [(at, message["payload"]["code"]) for at, message in app.messages if message["event"] == "error"]


def test_marks_beyond_so_many_in_a_second_are_refused() -> None:
    app, report = run({100: marks, 900: marks, 1200: marks}, marks=MarkHabits(max_per_s=4))
    assert [name for _, name in app.marks()] == ["100/0", "100/1", "100/2", "900/0", "1200/0", "1200/1", "1200/2"]
    assert errors(app) == [(900, 100005), (900, 100005)]
    assert report.errors_sent == 2


def test_a_limit_below_one_mark_is_wrong() -> None:
    with pytest.raises(ValueError, match="max_per_s is 0, at least 1 is needed"):
        MarkHabits(max_per_s=0)


def chunks(app: MemoryApp) -> list[int]:
    return [int(message["media"]["chunk"]) for _, message in app.messages if message["event"] == "media"]


def unread(what: str) -> tuple[MemoryApp, CallReport]:
    steps: Steps = {
        500: lambda app: app.socket.pause_reading(),
        2500: lambda app: app.socket.resume_reading(),
    }
    return run(steps, unread_octets=8000, unread=what)


def test_unread_chunks_wait() -> None:
    app, _ = unread("kept")
    assert chunks(app) == list(range(1, 201))


def test_unread_chunks_are_discarded_beyond_the_buffers_and_their_numbers_are_missing() -> None:
    app, report = unread("discarded")
    came = chunks(app)
    missing = sorted(set(range(1, 201)) - set(came))
    assert came == sorted(came)
    assert 50 < len(missing) < 100
    assert missing == list(range(missing[0], missing[-1] + 1))
    assert report.end_reason == "speech_ended"
    assert [message["event"] for _, message in app.messages][-1] == "stop"


def test_an_unread_socket_is_cut() -> None:
    app, report = unread("closed")
    assert report.end_reason == "app_stalled"
    assert len(chunks(app)) < 100


@pytest.mark.parametrize("has_own", [True, False])
def test_the_outbound_track_with_and_without_the_apps_audio(has_own: bool) -> None:
    variations = Variations(own_speech_in_outbound=has_own)
    stream = open_stream(bytes(16000), settings={"tracks": "both_tracks"}, variations=variations)
    stream.receive(media(pcmu_encode(ramp(800))), START_MS + 100)
    outbound = payloads(sent(stream, 500), "outbound")
    assert len(outbound) == 25 * 160
    assert (set(outbound) != {0xFF}) is has_own


def test_a_sample_codec_is_played_at_the_carriers_own_rate() -> None:
    _, report = run({}, returned_rate_hz=8000)
    assert report.heard_hz == 8000
