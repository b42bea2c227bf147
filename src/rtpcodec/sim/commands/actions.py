"""What each command does to its call. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Protocol

from rtpcodec.sim.calls.leg import CommandIds, Leg
from rtpcodec.sim.commands.refusals import refused
from rtpcodec.sim.commands.requests import (
    AnswerRequest,
    DialRequest,
    StreamRequest,
    read_answer,
    read_bridge,
    read_other,
    read_start,
    read_stop,
)

Then = Callable[[], None]
"""What happens once the answer is on its way."""


class CommandedCall(Protocol):
    """What a command finds of a call."""

    leg: Leg
    commands: list[tuple[str, dict[str, Any]]]

    def begin(self, request: StreamRequest) -> Then:
        """Take the line for a stream; what comes back starts it. Refused: 90045, 90046."""

    def cease(self, stream_id: str | None) -> None:
        """Stop the stream. Refused: 90048."""

    def answer(self, request: AnswerRequest) -> Then:
        """Answer an incoming call; what comes back tells of it and starts its stream. Refused: 90046."""

    def bridge(self, other: Any) -> None:
        """Join it with another call."""

    def leave(self, reason: Literal["hang_up"], cause: str = "normal_clearing", *, by_us: bool = False) -> None:
        """Hang up."""


class CommandedCarrier(Protocol):
    """What commands find of the carrier."""

    @property
    def calls(self) -> Mapping[str, CommandedCall]:
        """By their call_control_id."""

    @property
    def command_ids(self) -> CommandIds:
        """Of the dial commands."""

    @property
    def dialogflow_url(self) -> str | None:
        """Where streams for Dialogflow go."""

    def dial(self, request: DialRequest) -> tuple[dict[str, Any], Then]:
        """Make a call: the answer's data, and what makes it ring. Refused: 90046."""


def _start(carrier: CommandedCarrier, call: CommandedCall, body: Mapping[str, Any]) -> Then:
    return call.begin(read_start(body, carrier.dialogflow_url))


def _stop(_carrier: CommandedCarrier, call: CommandedCall, body: Mapping[str, Any]) -> None:
    call.cease(read_stop(body))


def _answer(_carrier: CommandedCarrier, call: CommandedCall, body: Mapping[str, Any]) -> Then:
    return call.answer(read_answer(body))


def _hang_up(_carrier: CommandedCarrier, call: CommandedCall, body: Mapping[str, Any]) -> None:
    read_other(body)
    _keep_state(call, body)  # before the webhook of the end
    call.leave("hang_up", by_us=True)


def _reject(_carrier: CommandedCarrier, call: CommandedCall, body: Mapping[str, Any]) -> None:
    read_other(body)
    _keep_state(call, body)
    call.leave("hang_up", "call_rejected", by_us=True)


def _bridge(carrier: CommandedCarrier, call: CommandedCall, body: Mapping[str, Any]) -> None:
    other = carrier.calls.get(read_bridge(body))
    if other is None:
        raise refused("90015", "no other call has the call_control_id of the body")
    other.leg.require("bridge")
    if other is call or "bridged" in (call.leg.state, other.leg.state):
        raise refused("90102", "a call can be bridged with one other call")
    call.bridge(other)


def _note(_carrier: CommandedCarrier, _call: CommandedCall, body: Mapping[str, Any]) -> None:
    read_other(body)


def _keep_state(call: CommandedCall, body: Mapping[str, Any]) -> None:
    call.leg.client_state = body.get("client_state") or call.leg.client_state


_NOTED: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("client_state_update", "enqueue", "leave_queue", "refer", "send_dtmf", "send_sip_info", "speak", "transfer"),
    "ai_assistant_": ("start", "stop"),
    "fork_": ("start", "stop"),
    "gather": ("", "_stop", "_using_ai", "_using_audio", "_using_speak"),
    "playback_": ("start", "stop"),
    "record_": ("start", "stop", "pause", "resume"),
    "siprec_": ("start", "stop"),
    "suppression_": ("start", "stop"),
    "transcription_": ("start", "stop"),
}
"""Actions of the carrier that have no effect here; a name beyond them is refused as misspelt."""

_ACTIONS: Final[Mapping[str, Callable[[CommandedCarrier, CommandedCall, Mapping[str, Any]], Then | None]]] = {
    **{stem + end: _note for stem, ends in _NOTED.items() for end in ends},
    "streaming_start": _start,
    "streaming_stop": _stop,
    "answer": _answer,
    "hangup": _hang_up,
    "reject": _reject,
    "bridge": _bridge,
}


def is_known(action: str | None) -> bool:
    """Whether there is such an action."""
    return action in _ACTIONS


def carry_out(carrier: CommandedCarrier, call: CommandedCall, action: str, body: dict[str, Any]) -> Then | None:
    """Do what a command asks for. Refused: the call's state does not allow it, or the body is wrong."""
    call.leg.require(action)
    then = _ACTIONS[action](carrier, call, body)
    _keep_state(call, body)
    call.commands.append((action, body))
    return then
