"""The calls of one carrier: makes them, knows the phones that can be dialled, and passes on what happens to them."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from rtpcodec.sim.call import Notify, SimulatedCall
from rtpcodec.sim.carrier import Line
from rtpcodec.sim.commands import DialRequest
from rtpcodec.sim.dialling import Dialer
from rtpcodec.sim.home import Home
from rtpcodec.sim.leg import CommandIds, Leg, State
from rtpcodec.sim.network import Faults
from rtpcodec.sim.party import Opened, Party

CONNECTION_ID: Final = "1700000000000000001"
"""The application that incoming calls belong to."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can be dialled."""

    party: Party
    answers_after_s: float | None
    """None: never."""


_NOBODY: Final = Phone(Party(b""), None)


class Switchboard:
    """Makes calls; everything here runs in the loop's thread."""

    def __init__(self, seed: int, faults: Faults, notify: Notify, dialogflow_url: str | None) -> None:
        self._seed = seed
        self._faults = faults
        self._notify = notify
        self.dialogflow_url = dialogflow_url
        """Where streams for Dialogflow go; None: nowhere."""
        # Chance for tests, no secrets: the seed must repeat it.
        self._rng = random.Random(seed)  # noqa: S311
        self._home: Home
        self._dialer: Dialer
        self.command_ids = CommandIds()
        """Of the dial commands."""
        self.calls: dict[str, SimulatedCall] = {}
        self.phones: dict[str, Phone] = {}

    def open(self, home: Home, dialer: Dialer) -> None:
        """Calls live in this loop from now on."""
        self._home, self._dialer = home, dialer

    def add(self, opened: Opened, party: Party, numbers: tuple[str, str], state: State) -> SimulatedCall:
        """A call that came in; its numbers are those of caller and callee."""
        leg = self._new_leg(direction="incoming", state=state, connection_id=CONNECTION_ID)
        call = self._new(opened, party, numbers, leg)
        if state == "parked":
            call.announce()
        return call

    def dial(self, request: DialRequest) -> tuple[dict[str, Any], Callable[[], None]]:
        """Dial a number: the answer's data, and what makes it ring. Refused (90046): its stream could not begin.

        A number without a phone rings until the time is over.
        """
        phone = self.phones.get(request.to_number, _NOBODY)
        leg = self._new_leg(
            direction="outgoing",
            state="ringing",
            connection_id=request.connection_id,
            client_state=request.client_state,
        )
        numbers = (request.from_number, request.to_number)
        call = self._new(phone.party.open(), phone.party, numbers, leg)
        try:
            call.prepare(request.stream, request.preferred_codecs)
        except BaseException:
            del self.calls[call.call_control_id]
            raise
        ring = partial(
            call.ring, phone.answers_after_s, float(request.timeout_s), request.stream, first=request.stream_first
        )
        return call.description(), ring

    def _new(self, opened: Opened, party: Party, numbers: tuple[str, str], leg: Leg) -> SimulatedCall:
        line = Line(
            call_control_id=f"v3:{base64.urlsafe_b64encode(self._rng.randbytes(24)).decode()}",
            call_session_id=self._new_uuid(),
            user_id=self._new_uuid(),
            from_number=numbers[0],
            to_number=numbers[1],
            speech=opened.speech,
            dtmf=opened.dtmf,
            tail_ms=party.tail_ms,
            playout_delay_ms=party.playout_delay_ms,
            max_call_ms=party.max_call_s * 1000,
            variations=party.variations,
            faults=self._faults if party.faults is None else party.faults,
            seed=f"{self._seed}/{len(self.calls)}",
        )
        rng = random.Random(line.seed)  # noqa: S311 -- as above
        call = SimulatedCall(self._home, self._dialer, line, opened.media, leg=leg, rng=rng, notify=self._notify)
        self.calls[line.call_control_id] = call
        return call

    def _new_leg(self, **what: Any) -> Leg:
        return Leg(call_leg_id=self._new_uuid(), **what)

    def _new_uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
