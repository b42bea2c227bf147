"""Every result of a transfer from the simulator's webhooks: in every order, doubled and late."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtpcodec
from rtpcodec import webhook_events
from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.server import TransferResult
from rtpcodec.server.transfer_facts import CALLER_LEFT, TransferFacts
from rtpcodec.server.transferring import DEADLINE_MARGIN_S, LATE_S
from rtpcodec.sim import Signalling
from tests.server.transfers import AGENT, Scene, transferring


@dataclass(frozen=True)
class Course:
    """Events after the command, and the result that follows."""

    result: TransferResult
    state: str
    """Of the phone call, once every webhook was delivered."""
    agent: dict[str, Any] = field(default_factory=dict)
    agent_leaves_s: float | None = None
    caller_leaves_s: float | None = None


COURSES: Final = {
    "answered": Course(TransferResult("bridged"), "bridged", {"answers_after_s": 1.0}),
    "answered, then the agent leaves": Course(
        TransferResult("bridged"), "ended", {"answers_after_s": 1.0}, agent_leaves_s=1.5
    ),
    "answered, then the caller leaves": Course(
        TransferResult("bridged"), "ended", {"answers_after_s": 1.0}, caller_leaves_s=1.5
    ),
    "busy": Course(TransferResult("busy", "user_busy"), "up", {"answers_after_s": 1.0, "refuses_with": "user_busy"}),
    "rejected": Course(
        TransferResult("failed", "call_rejected"), "up", {"answers_after_s": 1.0, "refuses_with": "call_rejected"}
    ),
    "a cause that says nothing": Course(
        TransferResult("failed", "unspecified"), "up", {"answers_after_s": 1.0, "refuses_with": "unspecified"}
    ),
    "not found": Course(
        TransferResult("failed", "not_found"), "up", {"answers_after_s": 0.0, "refuses_with": "not_found"}
    ),
    "no answer": Course(TransferResult("no_answer", "timeout"), "up", {"answers_after_s": None}),
    "the caller leaves": Course(
        TransferResult("failed", CALLER_LEFT), "ended", {"answers_after_s": None}, caller_leaves_s=1.0
    ),
}
LATEST_S: Final = LATE_S - 1
"""How late a webhook is at most, which is longer than the carrier's retry."""
delays_s = st.floats(0.0, LATEST_S)
deliveries = st.lists(st.lists(delays_s, min_size=1, max_size=3), min_size=12, max_size=12)
"""The delays of each event, in the order in which they occur; two and three are repetitions."""


def carry(course: Course, delays: list[list[float]], signalling: Signalling) -> TransferResult:
    """Run one transfer, and return its result."""
    found: list[TransferResult] = []

    def deliver(_event: webhook_events.WebhookEvent, number: int) -> list[float]:
        return [0.0] if number == 0 else delays[number % len(delays)]  # the first one precedes the command

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        transfer = await call.transfer(AGENT, timeout_s=5)
        leg = scene.leg()
        for leaving, after_s in ((leg, course.agent_leaves_s), (scene.call, course.caller_leaves_s)):
            if after_s is not None:
                loop.call_later(after_s, leaving.hang_up)
        found.append(await transfer.result())
        assert loop.time() - began_s < 5 + DEADLINE_MARGIN_S
        if course.state != "ended":
            await asyncio.sleep(LATE_S)
            assert transfer.known == found[0]
            assert call.phone_state == course.state

    transferring(handle, agent=course.agent, deliver=deliver, phone={"signalling": signalling})
    return found[0]


signallings = st.builds(
    Signalling,
    bridged_when=st.sampled_from(["answered", "ringing"]),
    bridged_legs=st.sampled_from(["both", "first", "new"]),
)


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(delays=deliveries, signalling=signallings)
def test_each_result_in_random_orders(course: Course, delays: list[list[float]], signalling: Signalling) -> None:
    assert carry(course, delays, signalling) == course.result


@pytest.mark.long
@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
@settings(max_examples=25, deadline=None)
@given(delays=deliveries, signalling=signallings)
def test_each_result_in_many_orders(course: Course, delays: list[list[float]], signalling: Signalling) -> None:
    assert carry(course, delays, signalling) == course.result


@pytest.mark.parametrize("bridged_when", ["answered", "ringing"])
@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_each_result_in_the_reverse_order(course: Course, bridged_when: Any) -> None:
    delays = [[LATEST_S * (12 - number) / 12] * 2 for number in range(12)]
    assert carry(course, delays, Signalling(bridged_when=bridged_when)) == course.result


# The facts alone: all orders


FACTS: Final[dict[str, tuple[dict[str, object], TransferResult]]] = {
    "bridged": ({"answered": True, "bridged": True}, TransferResult("bridged")),
    "bridged, then the other side left": (
        {"answered": True, "bridged": True, "cause": webhooks.NORMAL_CLEARING},
        TransferResult("bridged"),
    ),
    "bridged, then both left": (
        {"answered": True, "bridged": True, "cause": webhooks.NORMAL_CLEARING, "caller_left": True},
        TransferResult("bridged"),
    ),
    "bridged to the ringing of a busy phone": (
        {"bridged": True, "cause": webhooks.USER_BUSY},
        TransferResult("busy", "user_busy"),
    ),
    "the caller left": (
        {"cause": webhooks.ORIGINATOR_CANCEL, "caller_left": True},
        TransferResult("failed", CALLER_LEFT),
    ),
    "the caller left, which is all that is known": ({"caller_left": True}, TransferResult("failed", CALLER_LEFT)),
    "bridged, and no webhook of the answer": ({"bridged": True}, TransferResult("bridged")),
    "bridged without an answer, and both left": ({"bridged": True, "caller_left": True}, TransferResult("bridged")),
    "hung up before it was bridged": (
        {"answered": True, "cause": webhooks.NORMAL_CLEARING},
        TransferResult("failed", "normal_clearing"),
    ),
    "answered only": (
        {"answered": True},
        TransferResult("failed", "the other side answered, but no webhook reported that the call is bridged"),
    ),
    "nothing": ({}, TransferResult("failed", "no webhook reported a result within the 30 s of the transfer")),
}


@pytest.mark.parametrize(("facts", "result"), FACTS.values(), ids=FACTS)
def test_facts_in_every_order(facts: dict[str, object], result: TransferResult) -> None:
    for order in itertools.permutations(facts.items()):
        found = TransferFacts()
        proven = []
        for name, value in order:
            setattr(found, name, value)
            if found.proven is not None:
                proven.append(found.proven)
        # What was proven once stays so, unless facts contradict each other.
        assert set(proven) <= {result}
        assert found.presumed(30) == result
