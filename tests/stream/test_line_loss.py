"""A lost line: nothing of a reply is missing, little is heard twice. Witness: the samples that the far end played."""

from __future__ import annotations

import pytest

from rtpcodec import events
from tests.stream import carrier
from tests.stream.line import How, breaking_talk
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
    lost = one.break_line(how)
    assert lost.cause == ("socket_closed" if how == "fin" else "socket_lost")
    one.mend_line()
    one.run(one.now_ms + 6000.0)
    assert one.repeated_ms(3000 * MS) <= REPEATED_MS + lost.uncertainty_ms
    assert (reply.state, reply.played_ms(one.now_ms)) == ("played", pytest.approx(3000.0))
    (back,) = (event for event in one.found if isinstance(event, events.Reconnected))
    assert back.gap_ms == pytest.approx(500.0)
    kinds = carrier.kinds(one.found)
    assert kinds.index("Disconnected") < kinds.index("Reconnected") < kinds.index("Started", kinds.index("Reconnected"))
    assert not {"Gap", "Stalled", "Malformed"} & set(kinds)
