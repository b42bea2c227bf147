"""Transfers: calls a second leg, and bridges it with the first one when it is answered."""

from __future__ import annotations

from functools import partial

from rtpcodec.carriers.telnyx import commands
from rtpcodec.carriers.telnyx.webhooks import CALL_BRIDGED
from rtpcodec.sim.calls.call import SimulatedCall
from rtpcodec.sim.calls.joined_calls import join
from rtpcodec.sim.calls.phones import DialledPhone
from rtpcodec.sim.commands.bodies import TransferCommand


def transfer(call: SimulatedCall, leg: SimulatedCall, phone: DialledPhone, command: TransferCommand) -> None:
    """Let the phone of a new leg ring for a call, and bridge both when it is answered.

    If it is not answered, only its `call.hangup` reports that; the first call continues then.
    """
    call.joined.called = leg
    call.joined.parks = command.park_after_unbridge == commands.PARK_SELF
    if call.signalling.bridged_when == "ringing":
        leg.joined.on_ring = partial(_report, call, leg)
    leg.joined.on_answer = partial(_bridge, call, leg)
    leg.ring(phone.answers_after_s, float(command.timeout_s), None, refuses_with=phone.refuses_with)


def _bridge(call: SimulatedCall, leg: SimulatedCall) -> None:
    call.joined.called = None
    if call.ended:
        return
    join(call, leg)
    if call.signalling.bridged_when == "answered":
        _report(call, leg)


def _report(call: SimulatedCall, leg: SimulatedCall) -> None:
    legs = call.signalling.bridged_legs
    if legs != "new":
        call.report(CALL_BRIDGED)
    if legs != "first":
        leg.report(CALL_BRIDGED)
