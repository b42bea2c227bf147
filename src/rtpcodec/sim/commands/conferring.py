"""The effect of each command on its conference. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rtpcodec.carriers.telnyx import commands, errors
from rtpcodec.sim.calls.conferences import ConferringCall, SimulatedConference
from rtpcodec.sim.calls.leg import Leg
from rtpcodec.sim.commands.bodies import read_conference, read_hold, read_join, read_leave
from rtpcodec.sim.commands.error_answers import refused


class ConferringLeg(ConferringCall, Protocol):
    """A call as commands about its conference see it."""

    leg: Leg
    commands: list[tuple[str, dict[str, Any]]]


class ConferringCarrier(Protocol):
    """The carrier as these commands see it."""

    @property
    def calls(self) -> Mapping[str, Any]:
        """Calls by their call_control_id."""

    def confer(self, name: str, creator: Any) -> SimulatedConference:
        """Create a conference. Raises Refused (90102)."""

    def conference(self, id_or_name: str) -> SimulatedConference | None:
        """Return the conference of that id or name that has not ended."""


def create(carrier: ConferringCarrier, body: dict[str, Any]) -> dict[str, Any]:
    """Create a conference. Returns the answer's data.

    Raises:
        Refused: the state of the call does not allow it, or the body is wrong.
    """
    call_control_id, name = read_conference(body)
    call = _call(carrier, call_control_id, commands.JOIN)
    conference = carrier.confer(name, call)
    call.commands.append((commands.CREATE_CONFERENCE, body))
    return conference.described()


def carry_out(carrier: ConferringCarrier, id_or_name: str, action: str, body: dict[str, Any]) -> None:
    """Execute a command about a conference.

    Raises:
        Refused: there is no such conference, the state of a call does not allow it, or the body is wrong.
    """
    conference = carrier.conference(id_or_name)
    if conference is None:
        raise refused(errors.RESOURCE_NOT_FOUND, "no conference has this id or name")
    if action == commands.JOIN:
        command = read_join(body)
        named = [_call(carrier, command.call_control_id, action)]
        conference.join(named[0], command)
    elif action == commands.LEAVE:
        call_control_id = read_leave(body)
        conference.require(call_control_id)
        named = [_call(carrier, call_control_id, action)]
        conference.leave(call_control_id)
    else:
        holds = action == commands.HOLD
        ids = read_hold(body, required=not holds)
        conference.hold(ids, held=holds)
        named = [_call(carrier, one, action) for one in ids or conference.participants]
    for call in named:
        call.commands.append((action, body))


def _call(carrier: ConferringCarrier, call_control_id: str, action: str) -> ConferringLeg:
    call: ConferringLeg | None = carrier.calls.get(call_control_id)
    if call is None:
        raise refused(errors.INVALID_CALL_CONTROL_ID, "no call has the call_control_id of the body")
    call.leg.require(action)
    return call
