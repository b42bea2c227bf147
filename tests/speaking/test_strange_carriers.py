"""Eight unusual carriers: every wait ends, each carrier is reported once, and speech never stops."""

from __future__ import annotations

import pytest

from rtpcodec.sim.media.timing import Link
from rtpcodec.sim.media.variations import ClearHabits, MarkHabits, Variations
from rtpcodec.stream.events import CarrierError, Diagnosis, InterruptionSettled, ReplyEnded
from rtpcodec.stream.speaking.reply import Reply
from tests.speaking.conversation import Conversation, pattern

CHUNK_MS = 100
CARRIERS: dict[str, tuple[Variations, list[str], int]] = {
    "as documented": (Variations(chunk_ms=CHUNK_MS), [], 0),
    "no echo": (Variations(chunk_ms=CHUNK_MS, marks=MarkHabits(echo="never")), ["marks_not_returned"], 0),
    "echo on receipt": (Variations(chunk_ms=CHUNK_MS, marks=MarkHabits(echo="received")), ["marks_returned_early"], 0),
    "5 % of the marks are lost": (Variations(chunk_ms=CHUNK_MS, marks=MarkHabits(lost=0.05)), ["marks_lost"], 0),
    "marks 2 s late": (Variations(chunk_ms=CHUNK_MS, marks=MarkHabits(late_ms=2000)), ["marks_late"], 0),
    "a clear returns no marks": (
        Variations(chunk_ms=CHUNK_MS, clears=ClearHabits(effect="no_marks")),
        ["clear_loses_marks"],
        0,
    ),
    "a clear takes 300 ms": (Variations(chunk_ms=CHUNK_MS, clears=ClearHabits(late_ms=300)), ["clear_slow"], 0),
    "a clear is ignored": (Variations(chunk_ms=CHUNK_MS, clears=ClearHabits(effect="ignored")), ["clear_ignored"], 0),
    "100005 on the third mark": (Variations(chunk_ms=CHUNK_MS, marks=MarkHabits(refused=(3,))), [], 1),
    "100005 on marks 3 and 9": (
        Variations(chunk_ms=CHUNK_MS, marks=MarkHabits(refused=(3, 9))),
        ["marks_refused"],
        2,
    ),
}
WAIT_MS = 1500.0
"""The longest wait beyond the end of the audio."""


class Speaker:
    """Speaks replies of one call, and records how long each wait lasts beyond the end of the audio."""

    def __init__(self, call: Conversation) -> None:
        self.call = call
        self.content = 0
        self.waits_ms: list[float] = []

    def reply(self, duration_ms: float, *, end: bool = True) -> Reply:
        call = self.call
        reply = call.session.reply()
        samples = call.samples(duration_ms)
        reply.play(pattern(self.content, samples))
        self.content += samples
        if end:
            reply.end()
        return reply

    def until_played(self, reply: Reply) -> None:
        """Wait for the end of a reply, beside the end of its audio at the carrier."""
        call = self.call
        audio_end_ms: float | None = None
        while reply.state not in ("played", "estimated", "interrupted"):
            call.wait(20)
            if not reply.queued_ms and not call.far_queue_ms and audio_end_ms is None:
                audio_end_ms = call.now_ms
            assert audio_end_ms is None or call.now_ms <= audio_end_ms + 10_000, "a wait does not end"
        self.waits_ms.append(call.now_ms - (audio_end_ms or call.now_ms))


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize(
    ("rounds", "seed"),
    [
        (5, "1"),
        *(pytest.param(20, f"{seed}", marks=pytest.mark.long) for seed in (2, 3)),
        *(pytest.param(20, f"{seed}", marks=[pytest.mark.long, pytest.mark.hours]) for seed in range(4, 8)),
    ],
)
def test_no_strange_carrier_stops_a_wait_or_the_speech(name: str, rounds: int, seed: str) -> None:
    variations, diagnoses, errors = CARRIERS[name]
    call = Conversation(
        up=Link(delay_ms=20), down=Link(delay_ms=40), hold_ms=60, variations=variations, seed=seed, keeps_audio=False
    )
    call.run(300)
    speaker = Speaker(call)
    replies: list[Reply] = []
    for number in range(rounds):
        # 1. A reply that is waited for, another one behind it, and a mark of the caller.
        first, second = speaker.reply(1700), speaker.reply(900)
        call.session.mark(f"mark {number}")
        call.wait(300)
        dry = call.playout.dry_count
        call.wait(1800)
        assert call.playout.dry_count == dry, "speech stopped"
        speaker.until_played(first)
        speaker.until_played(second)
        # 2. A reply that is interrupted.
        third = speaker.reply(4000, end=False)
        call.wait(600 + 37 * number)
        dry = call.playout.dry_count
        call.wait(300)
        assert call.playout.dry_count == dry, "speech stopped"
        call.machine.interrupt(call.now_ms)
        call.wait(700)
        replies += [first, second, third]
    call.wait(20_000)
    # 3. No wait was long, and each reply, interruption and mark ended once.
    assert max(speaker.waits_ms) <= WAIT_MS
    assert [event.reply_id for event in call.found(ReplyEnded)] == [reply.id for reply in replies]
    assert len(call.found(InterruptionSettled)) == rounds
    marks = call.kinds()["MarkPlayed"] + call.kinds()["MarkCleared"]
    assert marks == rounds
    # 4. The carrier's habit is reported once, and nothing else is.
    assert [event.kind for event in call.found(Diagnosis)] == diagnoses
    assert [event.code for event in call.found(CarrierError)] == [100005] * errors
    for reply in replies[:2] + replies[3:5]:
        assert reply.state in ("played", "estimated")


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("duration_ms", [9000, pytest.param(300_000, marks=pytest.mark.long)])
def test_a_long_reply_never_runs_dry_at_a_strange_carrier(duration_ms: int, name: str) -> None:
    variations, *_ = CARRIERS[name]
    call = Conversation(
        up=Link(delay_ms=20), down=Link(delay_ms=40), hold_ms=60, variations=variations, keeps_audio=False
    )
    call.run(300)
    reply = call.session.reply()
    for second in range(duration_ms // 1000):
        call.at(300 + 1000 * max(0, second - 10), lambda: reply.play(pattern(0, call.samples(1000))))
    call.at(300 + duration_ms - 1000, reply.end)
    call.wait(duration_ms + 4000)
    assert reply.state in ("played", "estimated")
    assert call.playout.dry_count == 0
    assert reply.sent_ms == duration_ms
