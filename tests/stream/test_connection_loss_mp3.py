"""A lost connection in mode mp3: waiting audio follows on the next socket; a sent file is not sent again."""

from __future__ import annotations

from rtpcodec import MediaSession, StreamPlan, events
from tests.stream import carrier
from tests.stream.test_mp3_mode import SECOND, files


def test_files_that_wait_follow_on_the_next_socket() -> None:
    session = MediaSession(StreamPlan(mode="mp3"), send_pcm_hz=16000)
    session.receive(carrier.start(), 0.0)
    session.events(0.0)
    for name in ("first", "second"):
        session.play(SECOND)
        session.flush()
        session.mark(name)
    texts = session.outgoing(0.0)
    assert (len(files(texts)), carrier.mark_names(texts)) == (1, ["first"])
    session.disconnected("socket_lost", 400.0)
    lost, ended = session.events(400.0)
    assert isinstance(lost, events.Disconnected)
    assert 500.0 <= lost.unheard_ms <= 700.0, "of the first file, which is not sent again"
    assert ended == events.MarkCleared("first", "timeout")
    assert session.outgoing(3000.0) == []
    session.receive(carrier.start(), 3000.0)
    assert carrier.kinds(session.events(3000.0)) == ["Reconnected", "Started"]
    texts = session.outgoing(3000.0)
    assert (len(files(texts)), carrier.mark_names(texts)) == (1, ["second"])
    session.receive(carrier.mark("second"), 4100.0)
    assert session.events(4100.0)[-1] == events.MarkPlayed("second")


def test_an_interruption_during_the_hold_clears_nothing_on_the_next_socket() -> None:
    session = MediaSession(StreamPlan(mode="mp3"), send_pcm_hz=16000)
    session.receive(carrier.start(), 0.0)
    session.play(SECOND)
    session.flush()
    session.outgoing(0.0)
    session.disconnected("socket_closed", 400.0)
    session.interrupt(500.0)
    session.receive(carrier.start(), 900.0)
    assert session.outgoing(900.0) == []
