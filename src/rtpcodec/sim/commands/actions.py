"""The effect of each command on its call. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Protocol

from rtpcodec.carriers.telnyx import commands, errors, members
from rtpcodec.carriers.telnyx.webhooks import CALL_REJECTED, NORMAL_CLEARING
from rtpcodec.sim.calls.joined_calls import JoinedCalls
from rtpcodec.sim.calls.leg import CommandIds, Leg
from rtpcodec.sim.commands.bodies import (
    AnswerCommand,
    DialCommand,
    StreamSettings,
    TransferCommand,
    read_answer,
    read_bridge,
    read_dtmf,
    read_other,
    read_start,
    read_stop,
    read_transfer,
)
from rtpcodec.sim.commands.conferring import ConferringCarrier
from rtpcodec.sim.commands.error_answers import refused

Then = Callable[[], None]
"""Called once the answer was sent."""


class CommandedCall(Protocol):
    """A call as commands see it."""

    leg: Leg
    commands: list[tuple[str, dict[str, Any]]]

    def begin(self, settings: StreamSettings) -> Then:
        """Reserve the call for a stream; the function that is returned starts it. Raises Refused (90045, 90046)."""

    def cease(self, stream_id: str | None) -> None:
        """Stop the stream. Raises Refused (90048)."""

    def answer(self, command: AnswerCommand) -> Then:
        """Answer an incoming call; the function that is returned reports it and starts its stream. Refused (90046)."""

    def bridge(self, other: Any) -> None:
        """Join it with another call."""

    @property
    def joined(self) -> JoinedCalls:
        """The calls that it is joined with."""

    def leave(self, reason: Literal["hang_up"], cause: str = NORMAL_CLEARING, *, by_us: bool = False) -> None:
        """Hang up."""


class CommandedCarrier(ConferringCarrier, Protocol):
    """The carrier as commands see it."""

    @property
    def calls(self) -> Mapping[str, CommandedCall]:
        """Calls by their call_control_id."""

    @property
    def command_ids(self) -> CommandIds:
        """Ids of the dial commands."""

    @property
    def dialogflow_url(self) -> str | None:
        """URL of the streams for Dialogflow; None: they are refused."""

    def transfer(self, call: Any, command: TransferCommand) -> Then:
        """Make the second leg of a transfer; the function that is returned makes it ring."""

    def dial(self, command: DialCommand) -> tuple[dict[str, Any], Then]:
        """Make a call; return the answer's data, and a function that makes it ring. Raises Refused (90046)."""


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
    call.leave("hang_up", CALL_REJECTED, by_us=True)


def _bridge(carrier: CommandedCarrier, call: CommandedCall, body: Mapping[str, Any]) -> None:
    other = carrier.calls.get(read_bridge(body))
    if other is None:
        raise refused(errors.INVALID_CALL_CONTROL_ID, "no other call has the call_control_id of the body")
    other.leg.require(commands.BRIDGE)
    if other is call or "bridged" in (call.leg.state, other.leg.state):
        raise refused(errors.COMMAND_INVALID, "a call can be bridged with one other call")
    call.bridge(other)


def _transfer(carrier: CommandedCarrier, call: CommandedCall, body: Mapping[str, Any]) -> Then:
    command = read_transfer(body)
    if call.joined.ringing is not None or call.leg.state == "bridged":
        raise refused(errors.COMMAND_INVALID, "the call is being transferred, or is bridged")
    return carrier.transfer(call, command)


def _send_dtmf(_carrier: CommandedCarrier, _call: CommandedCall, body: Mapping[str, Any]) -> None:
    read_dtmf(body)


def _record(_carrier: CommandedCarrier, _call: CommandedCall, body: Mapping[str, Any]) -> None:
    """Do nothing but check: actions without an effect here stay in `call.commands`."""
    read_other(body)


def _keep_state(call: CommandedCall, body: Mapping[str, Any]) -> None:
    call.leg.client_state = body.get(members.CLIENT_STATE) or call.leg.client_state


_ACTIONS: Final[Mapping[str, Callable[[CommandedCarrier, CommandedCall, Mapping[str, Any]], Then | None]]] = {
    **dict.fromkeys(commands.ACTION_METHODS, _record),
    commands.STREAMING_START: _start,
    commands.STREAMING_STOP: _stop,
    commands.ANSWER: _answer,
    commands.HANGUP: _hang_up,
    commands.REJECT: _reject,
    commands.BRIDGE: _bridge,
    commands.SEND_DTMF: _send_dtmf,
    commands.TRANSFER: _transfer,
}
"""Any other name is a 404, so that a misspelt one is noticed."""


def is_known(action: str, method: str) -> bool:
    """Return whether there is such an action, by this HTTP method."""
    return commands.ACTION_METHODS.get(action) == method


def carry_out(carrier: CommandedCarrier, call: CommandedCall, action: str, body: dict[str, Any]) -> Then | None:
    """Execute a command.

    Raises:
        Refused: the state of the call does not allow it, or the body is wrong.
    """
    call.leg.require(action)
    then = _ACTIONS[action](carrier, call, body)
    _keep_state(call, body)
    call.commands.append((action, body))
    return then
