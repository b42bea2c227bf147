"""A silent socket: reported when it continues, never counted as loss, and no stall between long chunks."""

from __future__ import annotations

import pytest

from rtpcodec import MediaSession, events
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")


def stalls_of(session: MediaSession, texts_at: list[tuple[float, str]]) -> list[events.Stalled]:
    found: list[events.Event] = []
    for now_ms, text in texts_at:
        session.receive(text, now_ms)
        found += session.events(now_ms)
    return [event for event in found if isinstance(event, events.Stalled)]


def test_silence_is_reported_before_the_message_that_ends_it() -> None:
    session = carrier.started()
    carrier.fed(session, [carrier.media(chunk=chunk) for chunk in range(1, 101)])
    found = []
    for chunk in range(101, 200):
        session.receive(carrier.media(chunk=chunk), 5000.0)
        found += session.events(5000.0)
    assert found[0] == events.Stalled(3000.0)
    assert carrier.kinds(found[1:]) == ["Audio"] * 99
    assert carrier.audio_of(found)[0].media_ms == 2000.0


def test_limit_is_a_setting() -> None:
    beat = [(20.0, carrier.media()), (219.0, carrier.media()), (419.0, carrier.media()), (700.0, carrier.media())]
    assert stalls_of(carrier.started(), beat) == [events.Stalled(200.0), events.Stalled(281.0)]
    assert stalls_of(carrier.started(stall_ms=250.0), beat) == [events.Stalled(281.0)]
    assert stalls_of(carrier.started(stall_ms=1000.0), beat) == []


def test_any_message_ends_a_silence() -> None:
    for text in (carrier.mark("m"), "{", carrier.text("later")):
        assert stalls_of(carrier.started(), [(300.0, text), (310.0, text)]) == [events.Stalled(300.0)]
    session = carrier.started()
    session.reject("text", "binary frame", 300.0)
    assert carrier.kinds(session.events(300.0)) == ["Stalled", "Malformed"]


def test_before_start_nothing_stalls() -> None:
    session = MediaSession()
    assert stalls_of(session, [(0.0, carrier.CONNECTED), (4000.0, carrier.start()), (4020.0, carrier.media())]) == []


def test_after_the_end_nothing_stalls() -> None:
    assert stalls_of(carrier.started(), [(10.0, carrier.STOP), (9000.0, carrier.media())]) == []


def test_an_interval_of_30_s_between_chunks_is_not_a_stall() -> None:
    long = carrier.media(b"\xff" * 240_000)
    session = carrier.started()
    session.receive(long, 0.0)
    assert stalls_of(session, [(30_000.0 * at, long) for at in range(1, 10)]) == []
    assert stalls_of(session, [(400_000.0, long)]) == [events.Stalled(130_000.0)]


def test_the_expected_interval_is_that_of_the_last_chunk() -> None:
    session = carrier.started()
    beat = [(10.0, carrier.media(b"\xff" * 2400)), (590.0, carrier.media()), (1000.0, carrier.media())]
    assert stalls_of(session, beat) == [events.Stalled(410.0)]


@pytest.mark.parametrize("chunk_ms", [200, 400, 1000, 30_000])
def test_the_first_chunk_is_not_a_stall_however_long_it_is(chunk_ms: int) -> None:
    long = carrier.media(b"\xff" * 8 * chunk_ms)
    assert stalls_of(carrier.started(), [(chunk_ms * at + 30.0, long) for at in range(1, 5)]) == []


def test_a_silence_longer_than_the_first_chunk_is_a_stall() -> None:
    assert stalls_of(carrier.started(), [(900.0, carrier.media(b"\xff" * 1600))]) == [events.Stalled(900.0)]
    assert stalls_of(carrier.started(), [(200.0, carrier.media())]) == [events.Stalled(200.0)]


def test_a_longer_chunk_is_not_a_stall_after_short_ones() -> None:
    short, long = carrier.media(), carrier.media(b"\xff" * 4000)
    assert stalls_of(carrier.started(), [(20.0, short), (40.0, short), (540.0, long), (1040.0, long)]) == []


def test_a_pause_of_the_carrier_is_not_a_stall() -> None:
    rows = [(20.0 * at, carrier.media(chunk=at, timestamp=20 * (at - 1))) for at in range(1, 51)]
    rows += [(5000.0, carrier.media(chunk=51, timestamp=4980))]
    rows += [(9000.0, carrier.media(chunk=52, timestamp=5000))]
    assert stalls_of(carrier.started(), rows) == [events.Stalled(4000.0)]
