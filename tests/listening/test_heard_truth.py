"""What a session says that the caller heard, against the simulator's play-out."""

from __future__ import annotations

import numpy as np
import pytest

from rtpcodec.sim.media.timing import Link
from tests.listening.heard_truth import CHUNKS, HeardCall
from tests.speaking.conversation import Conversation, pattern

HOLDS_MS = (0.0, 60.0, 200.0)
DELAYS_MS = ((20.0, 120.0), (120.0, 20.0))


def talk(heard: HeardCall) -> None:
    """Speak four replies, two of which are interrupted."""
    call = heard.call
    call.run(500)
    for number in range(4):
        reply = call.session.reply()
        reply.play(pattern(5000 * number, call.samples(3000)))
        reply.end()
        call.wait(4500 if number % 2 else 1500)
        if not number % 2:
            call.session.interrupt(call.now_ms)
            call.wait(1500)
    heard.end()


@pytest.mark.parametrize("hold_ms", HOLDS_MS)
@pytest.mark.parametrize(("up_ms", "down_ms"), DELAYS_MS)
def test_without_jitter_every_sample_lies_where_it_was_heard(hold_ms: float, up_ms: float, down_ms: float) -> None:
    call = Conversation(up=Link(delay_ms=up_ms), down=Link(delay_ms=down_ms), hold_ms=hold_ms, variations=CHUNKS)
    heard = HeardCall(call)
    talk(heard)
    assert np.abs(heard.errors_ms()).max() < 1
    assert np.count_nonzero(heard.joined()) == call.heard_samples()
