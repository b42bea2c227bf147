"""Captures, the heard signal and the recorder's time across a lost connection."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec import events
from tests.stream.breaking_talk import How, breaking_talk
from tests.stream.talking import MS, samples


@pytest.mark.parametrize("how", ["rst", "black_hole"])
def test_a_replay_loses_its_line_as_the_call_did(how: How, tmp_path: Path) -> None:
    one = breaking_talk(up_ms=30.0, down_ms=30.0)
    one.session.capture(tmp_path / "call.jsonl", one.now_ms)
    reply = one.session.reply("a")
    reply.play(samples(0, 2000 * MS))
    one.session.mark("m")
    reply.end()
    one.run(700.0)
    one.break_connection(how)
    one.session.reply("b").play(samples(16_000, 100 * MS))
    one.restore_connection()
    one.run(one.now_ms + 3000.0)
    one.session.closed(one.now_ms)
    one.found += one.session.events(one.now_ms)
    replay = rtpcodec.replay(tmp_path / "call.jsonl")
    assert replay.differences == []
    of_line = events.Disconnected | events.Reconnected | events.ReplyEnded | events.MarkPlayed
    assert [event for event in replay.events if isinstance(event, of_line)] == [
        event for event in one.found if isinstance(event, of_line)
    ]


@pytest.mark.parametrize("how", ["rst", "black_hole"])
def test_the_heard_signal_is_what_the_far_end_played(how: How) -> None:
    """Until the loss it may be off by the value in Disconnected; after it, it is exact again."""
    one = breaking_talk(up_ms=30.0, down_ms=30.0)
    reader = one.session.heard_signal().reader()
    one.run(200.0)
    reply = one.session.reply("a")
    reply.play(samples(0, 2000 * MS))
    reply.end()
    one.run(900.0)
    spans = reader.take(float("inf"))
    lost = one.break_connection(how)
    heard = len(one.heard())
    spans += reader.take(float("inf"))
    one.restore_connection(1500.0)
    back_ms = one.now_ms
    one.run(one.now_ms + 4000.0)
    spans += reader.take_rest()
    assert {span.run for span in spans} == {1, 2}
    first, second = (array("h", b"".join(span.pcm for span in spans if span.run == run)).tolist() for run in (1, 2))
    assert first == list(range(1, len(first) + 1))
    assert len(first) / MS == pytest.approx(heard / MS, abs=lost.uncertainty_ms + 1.0)
    assert second[-1] == 2000 * MS
    truth = one.heard()
    assert second[10 * MS :] == truth[len(truth) - len(second) + 10 * MS :], "but for the fade"
    # On the timeline of the new start: our clock minus its first chunk.
    (begin,) = (span.media_ms for span in spans if span.run == 2 and span.media_ms < 200.0)
    delay_ms = one.session.media_delay_ms
    assert delay_ms is not None
    frame = next(frame for frame in one.far_end.frames if frame.start_ms >= back_ms)
    assert begin + delay_ms == pytest.approx(frame.start_ms + 30.0, abs=21.0)
