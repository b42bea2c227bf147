"""A WebSocket is lost in the middle of a reply: the call is reconnected, and the caller hears the rest of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec.pump import run_virtual
from rtpcodec.sim import LossHabits
from tests.server.reconnection_outcome import LOSSES, Outcome, lose_and_reconnect

NOTICED_MS = {"rst": 100, "fin": 100, "black_hole": 11_000}


def check(how: str, outcome: Outcome) -> None:
    late_ms = outcome.late_ms
    assert outcome.noticed_ms <= NOTICED_MS[how] + late_ms
    assert outcome.silent_ms <= 1000 + late_ms
    assert 0 <= outcome.repeated_ms <= 40 + outcome.uncertainty_ms + late_ms
    assert outcome.stopped_after_ms >= 500 - late_ms, "the old stream's report comes while the new one runs"


@pytest.mark.parametrize("how", LOSSES)
def test_the_reply_continues_at_the_first_unheard_sample(how: Any) -> None:
    check(how, run_virtual(lose_and_reconnect(how, reply_s=13 if how == "black_hole" else 3)))


def test_on_real_sockets_it_does_as_well() -> None:
    """The short form: the carrier is busy for 0.3 s."""
    losses = LossHabits(busy_s=0.3, stopped_late_s=1.3)
    check("rst", asyncio.run(lose_and_reconnect("rst", losses, reply_s=2)))


@pytest.mark.long
def test_on_real_sockets_the_whole_reply_is_heard() -> None:
    async def main() -> list[Outcome]:
        return await asyncio.gather(*(lose_and_reconnect(how, reply_s=13) for how in LOSSES))

    for how, outcome in zip(LOSSES, asyncio.run(main()), strict=True):
        check(how, outcome)
