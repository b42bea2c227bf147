"""A lost connection: no part of a reply is missing, and little is heard twice, by the samples that a model played."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from rtpcodec import events
from tests.stream import carrier
from tests.stream.breaking_talk import How, breaking_talk
from tests.stream.talking import MS, samples

REPEATED_MS = 40.0


@pytest.mark.parametrize("how", ["rst", "fin"])
@pytest.mark.parametrize("way_ms", [0.0, 30.0, 150.0])
@pytest.mark.parametrize("lost_ms", [1.0, 77.0, 390.0, 1003.0, 2499.0])
def test_a_reply_continues_at_its_first_unheard_sample(how: How, way_ms: float, lost_ms: float) -> None:
    one = breaking_talk(up_ms=way_ms, down_ms=way_ms)
    reply = one.session.reply("a")
    reply.play(samples(0, 3000 * MS))
    reply.end()
    one.run(lost_ms)
    lost = one.break_connection(how)
    assert lost.cause == ("socket_closed" if how == "fin" else "socket_lost")
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(3000 * MS) <= REPEATED_MS + lost.uncertainty_ms
    assert reply.state == "played"
    assert reply.played_ms(one.now_ms) == pytest.approx(3000.0)
    (back,) = (event for event in one.found if isinstance(event, events.Reconnected))
    assert back.gap_ms == pytest.approx(500.0)
    kinds = carrier.kinds(one.found)
    assert kinds.index("Disconnected") < kinds.index("Reconnected") < kinds.index("Started", kinds.index("Reconnected"))
    assert not {"Gap", "Stalled", "Malformed"} & set(kinds)


@pytest.mark.parametrize("way_ms", [0.0, 60.0])
@pytest.mark.parametrize("lost_ms", [77.0, 1003.0, 2980.0])
def test_after_a_blackout_nothing_is_missing(way_ms: float, lost_ms: float) -> None:
    """The far end plays the audio that had arrived. No more of it may be repeated than Disconnected states."""
    one = breaking_talk(up_ms=way_ms, down_ms=way_ms)
    reply = one.session.reply("a")
    reply.play(samples(0, 3000 * MS))
    reply.end()
    one.run(lost_ms)
    lost = one.break_connection("black_hole")
    assert lost.uncertainty_ms <= 1000.0
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(3000 * MS) <= REPEATED_MS + lost.uncertainty_ms


@pytest.mark.parametrize("how", ["rst", "black_hole"])
def test_several_losses_in_one_reply(how: How) -> None:
    one = breaking_talk(up_ms=20.0, down_ms=20.0)
    reply = one.session.reply("a")
    reply.play(samples(0, 3500 * MS))
    reply.end()
    allowed_ms = 0.0
    for _ in range(4):
        one.run(one.now_ms + 613.0)
        allowed_ms += REPEATED_MS + one.break_connection(how).uncertainty_ms
        one.restore_connection()
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(3500 * MS) <= allowed_ms
    # In a blackout the end of a reply may be lost; the reply then ends by the estimate before the loss is detected.
    assert reply.state in (("played",) if how == "rst" else ("played", "estimated"))


@pytest.mark.parametrize("then", ["resume", "discard"])
@pytest.mark.parametrize("paused_before_ms", [5.0, 90.0, 400.0])
@pytest.mark.parametrize("meanwhile", [False, True], ids=["after the reconnection", "during the hold"])
def test_a_loss_during_a_pause(then: str, paused_before_ms: float, *, meanwhile: bool) -> None:
    """Also while the clear of the pause is in transit: the far end never gets it."""
    one = breaking_talk(up_ms=50.0, down_ms=50.0)
    reply = one.session.reply("a")
    reply.play(samples(0, 3000 * MS))
    reply.end()
    one.run(1000.0)
    pause = one.session.pause_playback(one.now_ms, 60_000.0)
    one.run(one.now_ms + paused_before_ms)
    one.break_connection("rst")
    doubt_ms = reply.played_uncertainty_ms(one.now_ms)
    assert doubt_ms <= 300.0
    if meanwhile:
        getattr(pause, then)(one.now_ms)
    one.restore_connection()
    if not meanwhile:
        before = len(one.heard())
        one.run(one.now_ms + 1000.0)
        assert len(one.heard()) == before, "the pause is still on"
        getattr(pause, then)(one.now_ms)
    one.run(one.now_ms + 6000.0)
    assert one.kinds_of(events.PauseResolved) == ["resumed" if then == "resume" else "discarded"]
    if then == "resume":
        assert one.repeated_ms(3000 * MS) <= REPEATED_MS + doubt_ms
        assert reply.state == "played"
    else:
        assert reply.state == "interrupted"
        assert max(one.heard()) < 1100 * MS


@pytest.mark.parametrize("before_ms", [10.0, 70.0, 300.0])
def test_a_loss_while_an_interruption_is_not_settled(before_ms: float) -> None:
    one = breaking_talk(up_ms=50.0, down_ms=50.0)
    reply = one.session.reply("a")
    reply.play(samples(0, 3000 * MS))
    one.run(1000.0)
    one.session.interrupt(one.now_ms)
    answer = one.session.reply("b")
    answer.play(samples(10_000, 1000 * MS))
    answer.end()
    one.run(one.now_ms + before_ms)
    one.break_connection("rst")
    assert one.kinds_of(events.InterruptionSettled) == ["InterruptionSettled"]
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    values = one.heard()
    assert set(range(10_001, 10_001 + 1000 * MS)) <= set(values)
    assert (reply.state, answer.state) == ("interrupted", "played")
    assert one.kinds_of(events.InterruptionSettled) == ["InterruptionSettled"]


def test_an_interruption_during_the_hold_drops_the_kept_audio() -> None:
    one = breaking_talk(up_ms=20.0, down_ms=20.0)
    reply = one.session.reply("a")
    reply.play(samples(0, 3000 * MS))
    disclosure = one.session.reply("b", interruptible=False)
    disclosure.play(samples(25_000, 500 * MS))
    disclosure.end()
    one.run(1000.0)
    lost = one.break_connection("rst")
    found = one.session.interrupt(one.now_ms)
    assert found.played_ms == pytest.approx(1000.0, abs=lost.uncertainty_ms + 20.0)
    assert found.dropped_ms == pytest.approx(2000.0, abs=lost.uncertainty_ms + 60.0)
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    assert max(value for value in one.heard() if value <= 25_000) <= 1000 * MS
    assert set(range(25_001, 25_001 + 500 * MS)) <= set(one.heard())
    assert (reply.state, disclosure.state) == ("interrupted", "played")


def test_a_disclosure_continues_as_any_other_reply() -> None:
    one = breaking_talk(up_ms=20.0, down_ms=20.0)
    reply = one.session.reply("a", interruptible=False)
    reply.play(samples(0, 2000 * MS))
    reply.end()
    one.run(700.0)
    lost = one.break_connection("fin")
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(2000 * MS) <= REPEATED_MS + lost.uncertainty_ms


def test_audio_that_is_played_during_the_hold_follows() -> None:
    one = breaking_talk(up_ms=20.0, down_ms=20.0)
    one.session.play(samples(0, 500 * MS))
    one.run(300.0)
    lost = one.break_connection("rst")
    one.session.play(samples(500 * MS, 500 * MS))
    later = one.session.reply("later")
    later.play(samples(1000 * MS, 500 * MS))
    later.end()
    one.restore_connection(3000.0)
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(1500 * MS) <= REPEATED_MS + lost.uncertainty_ms
    assert later.state == "played"


@pytest.mark.parametrize("lost_ms", [20.0, 333.0, 520.0, 900.0])
def test_each_mark_ends_once(lost_ms: float) -> None:
    one = breaking_talk(up_ms=30.0, down_ms=30.0)
    for at in range(4):
        one.session.play(samples(at * 250 * MS, 250 * MS))
        one.session.mark(f"m{at}")
    one.session.mark("m3")
    one.session.flush()
    one.run(lost_ms)
    one.break_connection("rst")
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    ended = [event.name for event in one.found if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert sorted(ended) == ["m0", "m1", "m2", "m3", "m3"]
    assert not one.kinds_of(events.MarkCleared)
    assert not one.kinds_of(events.UnexpectedMark)


def test_marks_without_audio_before_them_end_each_once() -> None:
    one = breaking_talk(up_ms=30.0, down_ms=30.0)
    for _ in range(2):
        one.session.mark("first")
    one.run(10.0)
    one.break_connection("rst")
    one.restore_connection()
    one.run(one.now_ms + 1000.0)
    ended = [event for event in one.found if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert [event.name for event in ended] == ["first", "first"]


def test_a_late_echo_of_the_old_connection_is_ignored() -> None:
    """An echo of the old stream that arrives on the new one proves nothing, and is not an UnexpectedMark."""
    one = breaking_talk()
    one.session.play(samples(0, 2000 * MS))
    one.session.mark("m")
    one.session.flush()
    one.run(500.0)
    old = [name for name, _ in one.far_end.waiting]
    one.break_connection("rst")
    one.restore_connection()
    for name in old:
        one.session.receive(carrier.mark(name), one.now_ms)
    one.run(one.now_ms + 4000.0)
    assert not one.kinds_of(events.UnexpectedMark)
    assert one.repeated_ms(2000 * MS) <= REPEATED_MS + 40.0


def test_the_end_of_the_stream_during_a_hold_interrupts_the_kept_replies() -> None:
    one = breaking_talk(up_ms=20.0, down_ms=20.0)
    reply = one.session.reply("a")
    reply.play(samples(0, 3000 * MS))
    reply.end()
    one.run(1000.0)
    one.break_connection("rst")
    one.session.closed(one.now_ms)
    one.found += one.session.events(one.now_ms)
    (ended,) = (event for event in one.found if isinstance(event, events.ReplyEnded))
    assert ended.state == "interrupted"
    assert ended.played_ms == pytest.approx(1000.0, abs=60.0)
    assert isinstance(one.found[-1], events.Stopped)


@pytest.mark.parametrize("lead_ms", [0.0, 120.0, None])
def test_a_loss_with_any_lead(lead_ms: float | None) -> None:
    one = breaking_talk(up_ms=20.0, down_ms=20.0, lead_ms=lead_ms)
    reply = one.session.reply("a")
    reply.play(samples(0, 3000 * MS))
    reply.end()
    one.run(1207.0)
    lost = one.break_connection("rst")
    one.restore_connection()
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(3000 * MS) <= REPEATED_MS + lost.uncertainty_ms


@pytest.mark.parametrize("how", ["rst", "black_hole"])
def test_keep_alive_continues_and_is_not_kept(how: How) -> None:
    one = breaking_talk(up_ms=20.0, down_ms=20.0, keep_alive="silence")
    one.run(500.0)
    lost = one.break_connection(how)
    assert lost.unheard_ms == 0.0, "silence is nothing that was not heard"
    one.restore_connection()
    reply = one.session.reply("a")
    reply.play(samples(0, 500 * MS))
    reply.end()
    one.run(one.now_ms + 2000.0)
    assert one.repeated_ms(500 * MS) == 0.0
    lost = one.break_connection(how)
    assert lost.unheard_ms == 0.0
    one.restore_connection()
    one.run(one.now_ms + 2000.0)
    assert one.repeated_ms(500 * MS) == 0.0


def test_keep_alive_surrounds_a_reply_that_continues() -> None:
    one = breaking_talk(up_ms=20.0, down_ms=20.0, keep_alive="silence")
    reply = one.session.reply("a")
    reply.play(samples(0, 2000 * MS))
    reply.end()
    one.run(1000.0)
    lost = one.break_connection("rst")
    one.restore_connection()
    one.run(one.now_ms + 3000.0)
    assert one.repeated_ms(2000 * MS) <= REPEATED_MS + lost.uncertainty_ms
    assert reply.state == "played"


def test_audio_that_drop_oldest_drops_during_the_hold() -> None:
    """The newest audio follows the kept audio; the queue does not exceed its limit meanwhile."""
    one = breaking_talk(when_full="drop_oldest", max_queue_ms=500.0)
    one.session.play(samples(0, 500 * MS))
    one.run(200.0)
    one.break_connection("rst")
    for at in range(20):
        one.session.play(samples((500 + at * 100) * MS, 100 * MS))
    assert one.session.queued_ms <= 500.0 + 400.0, "what was sent before does not count in the limit"
    one.restore_connection()
    one.run(one.now_ms + 3000.0)
    assert max(one.heard()) == 2500 * MS


def test_the_time_line_of_received_audio_restarts_without_gaps() -> None:
    one = breaking_talk()
    for at in range(10):
        one.session.receive(carrier.media(chunk=str(at + 1), timestamp=str(160 * at), sequence=str(at + 2)), 20.0 * at)
    one.session.events(200.0)
    one.now_ms = 200.0
    one.break_connection("rst")
    one.restore_connection(7000.0)
    begun_ms = one.now_ms
    for at in range(10):
        text = carrier.media(chunk=str(at + 1), timestamp=str(90_000 + 160 * at), sequence=str(at + 2))
        one.session.receive(text, begun_ms + 20.0 * at)
    found = one.session.events(begun_ms + 200.0)
    assert carrier.kinds(found) == ["Audio"] * 10
    assert [audio.media_ms for audio in carrier.audio_of(found)] == [20.0 * at for at in range(10)]


def test_chunks_that_waited_are_reported_before_the_loss() -> None:
    one = breaking_talk()
    for number in (1, 2, 3, 5, 6):
        one.session.receive(carrier.media(chunk=str(number), sequence=str(number + 1)), 20.0 * number)
    one.session.disconnected("socket_lost", 130.0)
    kinds = carrier.kinds(one.session.events(130.0))
    assert kinds.count("Audio") == 5
    assert kinds[-1] == "Disconnected"


@pytest.mark.parametrize(
    "seed",
    [
        *range(6),
        *(pytest.param(at, marks=pytest.mark.long) for at in range(6, 60)),
        *(pytest.param(at, marks=[pytest.mark.long, pytest.mark.hours]) for at in range(60, 150)),
    ],
)
def test_random_losses_lose_nothing(seed: int) -> None:
    """Any causes, holds, leads and times, several replies and losses."""
    random = Random(seed)
    way_ms = random.choice([0.0, 5.0, 40.0, 120.0])  # no ping measures it here, and 600 ms are believed at most
    options: dict[str, Any] = {
        "lead_ms": random.choice([60.0, 400.0, 1500.0]),
        "keep_alive": random.choice([None, "silence"]),
    }
    one = breaking_talk(up_ms=way_ms, down_ms=float(round(way_ms * random.uniform(0.3, 1.5))), **options)
    one.far_end.hold_ms = random.choice([0.0, 60.0, 200.0])
    spoken, allowed_ms = 0, 0.0
    for _ in range(random.randint(1, 4)):
        for _ in range(random.randint(1, 3)):
            reply = one.session.reply()
            length = random.randint(1, 1200 * MS)
            reply.play(samples(spoken, length))
            spoken += length
            assert spoken < 30_000
            reply.end()
            if spoken > 20_000:
                break
        one.run(one.now_ms + random.randint(0, 1500))
        how: How = random.choice(["rst", "fin", "black_hole"])
        allowed_ms += REPEATED_MS + one.break_connection(how).uncertainty_ms
        if spoken > 20_000:
            break
        one.restore_connection(float(random.randint(0, 3000)))
    else:
        one.break_connection("rst")
    one.restore_connection()
    one.run(one.now_ms + 9000.0)
    assert one.repeated_ms(spoken) <= allowed_ms + REPEATED_MS
    assert one.session.queued_ms == 0.0
