"""`endpoint.stream` and the endpoint's plan: what a field may add to the plan, and what contradicts it."""

from __future__ import annotations

from typing import Any

import pytest

import rtpcodec
from rtpcodec.client import AsyncCallControl
from rtpcodec.errors import PlanWarning, StreamNotStarted
from rtpcodec.pump import run_virtual
from rtpcodec.sim import Carrier
from rtpcodec.stream.plan import StreamPlan

CODEC, RATE = "stream_bidirectional_codec", "stream_bidirectional_sampling_rate"
MODE, LEGS = "stream_bidirectional_mode", "stream_bidirectional_target_legs"
TRACK, RECEIVED = "stream_track", "stream_codec"


class SilentControl:
    """A carrier that accepts each command and does nothing."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    async def start_streaming(self, _call_control_id: str, **body: Any) -> None:
        self.bodies.append(body)


async def sent(plan: StreamPlan | None, fields: dict[str, Any], control: SilentControl) -> list[dict[str, Any]]:
    """Request a stream that never starts. Returns the commands that were sent, without address and token."""
    async with rtpcodec.serve(plan=plan) as endpoint:
        with pytest.raises(StreamNotStarted, match="no socket was opened within 1 s"):
            await endpoint.stream(control, "v3:a", timeout_s=1.0, **fields)
    address = ("stream_url", "stream_auth_token")
    return [{name: value for name, value in body.items() if name not in address} for body in control.bodies]


def other_leg() -> StreamPlan:
    """A plan for a bridged call, as the warning recommends."""
    with pytest.warns(PlanWarning, match="a call of one leg hears nothing of it"):
        return StreamPlan(tracks="outbound_track", target_legs="opposite")


@pytest.mark.parametrize(
    ("plan", "fields", "decided"),
    [
        (StreamPlan(), {CODEC: "PCMA"}, "PCMU"),
        (None, {CODEC: "PCMA"}, "PCMU"),
        (StreamPlan(send_codec="G722"), {CODEC: "PCMU"}, "G722"),
        (StreamPlan(), {CODEC: "pcmu"}, "PCMU"),
        (StreamPlan(), {RATE: 16000}, 8000),
        (StreamPlan(send_codec="L16"), {RATE: 8000}, 16000),
        (StreamPlan(send_codec="G722"), {RATE: 24000}, 8000),
        (StreamPlan(), {MODE: "mp3"}, "rtp"),
        (StreamPlan(mode="mp3"), {MODE: "rtp", CODEC: "PCMU"}, "mp3"),
        (StreamPlan(), {LEGS: "opposite"}, "self"),
        (StreamPlan(target_legs="both"), {LEGS: "self"}, "both"),
        (StreamPlan(), {TRACK: "outbound_track"}, "inbound_track"),
        (StreamPlan(tracks="both_tracks"), {TRACK: "inbound_track"}, "both_tracks"),
        (StreamPlan(receive_codec="PCMA"), {RECEIVED: "default"}, "PCMA"),
    ],
)
def test_a_field_that_contradicts_the_plan_is_refused_before_anything_is_sent(
    plan: StreamPlan | None, fields: dict[str, Any], decided: object
) -> None:
    (name, value), *_ = fields.items()
    control = SilentControl()
    with pytest.raises(TypeError) as caught:
        run_virtual(sent(plan, fields, control))
    assert control.bodies == []
    assert str(caught.value) == (
        f"{name} is {value!r}, the endpoint's plan has {decided!r}; change the plan of `serve`"
    )


@pytest.mark.parametrize(
    ("plan", "fields"),
    [
        (StreamPlan(send_codec="PCMA"), {CODEC: "PCMA", RATE: 8000, MODE: "rtp", LEGS: "self"}),
        (StreamPlan(), {TRACK: "both_tracks", LEGS: "both"}),
        (other_leg(), {TRACK: "both_tracks", LEGS: "both"}),
        (StreamPlan(send_codec="G722"), {RATE: 16000}),
        (StreamPlan(), {RECEIVED: "G722"}),
        (StreamPlan(receive_codec="PCMA"), {RECEIVED: "PCMA"}),
        (StreamPlan(mode="mp3"), {CODEC: "PCMA", RATE: 8000}),
        (StreamPlan(), {"client_state": b"mine", "strict": True, "extra_body": {"new": 1}}),
    ],
)
def test_equal_values_and_those_that_add_to_the_plan_are_sent(plan: StreamPlan, fields: dict[str, Any]) -> None:
    assert run_virtual(sent(plan, fields, SilentControl())) == [{**plan.command_fields(), **fields}]


@pytest.mark.parametrize("plan", [StreamPlan(send_codec="PCMA"), StreamPlan(mode="mp3"), StreamPlan(send_codec="L16")])
def test_none_leaves_the_field_to_the_plan_and_not_to_the_carriers_default(plan: StreamPlan) -> None:
    nothing: dict[str, Any] = dict.fromkeys((CODEC, RATE, MODE, LEGS, TRACK, RECEIVED))
    assert run_virtual(sent(plan, nothing, SilentControl())) == [plan.command_fields()]


def test_a_plan_that_asks_dial_and_answer_for_silence_can_be_streamed() -> None:
    plan = StreamPlan(send_silence_when_idle=True)
    assert run_virtual(sent(plan, {}, SilentControl())) == [StreamPlan().command_fields()]


def test_extra_body_cannot_override_the_plan() -> None:
    async def main() -> None:
        async with (
            Carrier("KEY") as carrier,
            AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve() as endpoint,
        ):
            call = carrier.new_call(b"")
            with pytest.raises(StreamNotStarted, match="extra_body has stream_bidirectional_codec, which is a param"):
                await endpoint.stream(control, call.call_control_id, extra_body={CODEC: "PCMA"})
            assert call.commands == []

    run_virtual(main())
