"""Interruptions of one reply, in random calls: no other reply ends by them, and all of them settle."""

from __future__ import annotations

import random

import pytest

from rtpcodec import events
from rtpcodec.stream.speaking.reply import ENDED
from tests.stream.test_speaking_model import Model

LINES = [(0.0, 0.0, 0.0), (10.0, 10.0, 60.0), (20.0, 120.0, 0.0), (120.0, 20.0, 200.0)]
"""The way to the far end and back, and what it holds back, in ms."""
MOST = {"wait": 400, "open": 3, "play": 99, "implicit": 900, "end": 99, "mark": 0, "pause": 1, "discard": 0}


def interrupted(model: Model) -> set[int]:
    return {reply.serial for reply in model.replies if reply.state == "interrupted"}


@pytest.mark.parametrize("seed", range(16))
def test_no_other_reply_ends(seed: int) -> None:
    rng = random.Random(seed)
    model = Model()
    one = model.talk
    one.up_ms, one.down_ms, one.far_end.hold_ms = LINES[seed % 4]
    expected: set[int] = set()
    for _ in range(30):
        what = rng.choice([*MOST, "wait", "play", "resume", "one", "one"])
        if what == "resume":
            model.resume(rng.randint(20, 40))
        elif what != "one":
            getattr(model, what)(rng.randint(1 if what == "implicit" else 0, MOST[what]))
            expected = interrupted(model)  # by a pause that was discarded
        elif model.replies:
            reply = rng.choice(model.replies)
            may_end = reply.interruptible and reply.state not in ENDED
            found = one.session.interrupt(one.now_ms, what=reply)
            assert interrupted(model) - expected <= ({reply.serial} if may_end else set())
            if interrupted(model) == expected:
                assert found == events.Interrupted(0.0, 0.0, estimated=False)
            else:
                model.interruptions += 1
            expected = interrupted(model)
        model.check()
    model.finish()
    assert {reply.state for reply in model.replies} <= set(ENDED)
    assert len(one.of(events.InterruptionSettled)) == model.interruptions
    assert len(one.of(events.PauseResolved)) == len(model.pauses)
    assert one.session.queued_ms == 0.0
