"""The calls of one carrier, and the phones that can be dialled."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from rtpcodec.carriers.telnyx import errors
from rtpcodec.sim.calls import transfers
from rtpcodec.sim.calls.call import SimulatedCall
from rtpcodec.sim.calls.conferences import SimulatedConference
from rtpcodec.sim.calls.dialling import CallServices, Dialer, Notify
from rtpcodec.sim.calls.leg import CommandIds, Leg, State
from rtpcodec.sim.calls.phones import DialledPhone, OpenedPhone, PhoneSettings
from rtpcodec.sim.commands.bodies import DialCommand, TransferCommand
from rtpcodec.sim.commands.error_answers import refused
from rtpcodec.sim.loop_thread import LoopThread
from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.wires.ids import DialectName, new_account_id, new_call_id, new_uuid

CONNECTION_ID: Final = "1700000000000000001"
"""The application that incoming calls belong to."""

_UNKNOWN_PHONE: Final = DialledPhone(PhoneSettings(b""), None)


class CallRegistry:
    """Makes calls. All methods run in the loop's thread."""

    def __init__(
        self, seed: int, faults: Faults, notify: Notify, dialogflow_url: str | None, dialect: DialectName
    ) -> None:
        self._seed = seed
        self._faults = faults
        self._notify = notify
        self.dialect = dialect
        """The carrier whose messages the streams have."""
        self.dialogflow_url = dialogflow_url
        """Where streams for Dialogflow go; None: they are refused."""
        # Chance for tests, no secrets: the seed must repeat it.
        self._rng = random.Random(seed)  # noqa: S311
        self._services: CallServices
        self.command_ids = CommandIds()
        """Of the dial commands."""
        self.calls: dict[str, SimulatedCall] = {}
        self.phones: dict[str, DialledPhone] = {}
        self.conferences: list[SimulatedConference] = []

    def open(self, loop_thread: LoopThread, dialer: Dialer) -> None:
        """Run calls in this loop from now on."""
        self._services = CallServices(loop_thread, dialer, self._notify)

    def add(self, phone: OpenedPhone, settings: PhoneSettings, numbers: tuple[str, str], state: State) -> SimulatedCall:
        """Add an incoming call; `numbers` are those of caller and callee."""
        leg = self._new_leg(direction="incoming", state=state, connection_id=CONNECTION_ID)
        call = self._new(phone, settings, numbers, leg)
        if state == "parked":
            call.announce()
        return call

    def dial(self, command: DialCommand) -> tuple[dict[str, Any], Callable[[], None]]:
        """Dial a number: the answer's data, and a function that makes it ring. Refused (90046): its stream is wrong.

        A number without a phone rings until the time is over.
        """
        phone = self.phones.get(command.to_number, _UNKNOWN_PHONE)
        leg = self._new_leg(
            direction="outgoing",
            state="ringing",
            connection_id=command.connection_id,
            client_state=command.client_state,
        )
        numbers = (command.from_number, command.to_number)
        call = self._new(phone.settings.open(), phone.settings, numbers, leg)
        try:
            call.prepare(command.stream, command.preferred_codecs)
        except BaseException:
            del self.calls[call.call_control_id]
            raise
        ring = partial(
            call.ring,
            phone.answers_after_s,
            float(command.timeout_s),
            command.stream,
            first=command.stream_first,
            refuses_with=phone.refuses_with,
        )
        return call.description(), ring

    def confer(self, name: str, creator: SimulatedCall) -> SimulatedConference:
        """Create a conference. Raises Refused (90102) if the name is in use, or the call cannot join."""
        if self.conference(name) is not None:
            raise refused(errors.COMMAND_INVALID, "another conference has this name")
        if creator.joined.peer is not None or creator.joined.conference is not None:
            raise refused(errors.COMMAND_INVALID, "the call is bridged, or in a conference")
        conference = SimulatedConference(self._new_uuid(), name, creator, self._notify)
        self.conferences.append(conference)
        return conference

    def conference(self, id_or_name: str) -> SimulatedConference | None:
        """Return the conference of that id or name that has not ended."""
        running = (one for one in self.conferences if not one.ended)
        return next((one for one in running if id_or_name in (one.conference_id, one.name)), None)

    def transfer(self, call: SimulatedCall, command: TransferCommand) -> Callable[[], None]:
        """Make the second leg of a transfer; the function that is returned makes it ring."""
        phone = self.phones.get(command.to_number, _UNKNOWN_PHONE)
        leg = self._new_leg(
            direction="outgoing",
            state="ringing",
            connection_id=call.leg.connection_id,
            client_state=command.target_client_state,
        )
        numbers = (command.from_number or call.to_number, command.to_number)
        second = self._new(phone.settings.open(), phone.settings, numbers, leg, session_id=call.call_session_id)
        return partial(transfers.transfer, call, second, phone, command)

    def _new(
        self,
        phone: OpenedPhone,
        settings: PhoneSettings,
        numbers: tuple[str, str],
        leg: Leg,
        *,
        session_id: str | None = None,
    ) -> SimulatedCall:
        facts = CallFacts(
            call_control_id=new_call_id(self.dialect, self._rng),
            call_session_id=session_id or self._new_uuid(),
            user_id=new_account_id(self.dialect, self._rng),
            from_number=numbers[0],
            to_number=numbers[1],
            dtmf=phone.dtmf,
            tail_ms=settings.tail_ms,
            playout_delay_ms=settings.playout_delay_ms,
            max_call_ms=settings.max_call_s * 1000,
            variations=settings.variations,
            faults=self._faults if settings.faults is None else settings.faults,
            timing=settings.timing,
            signalling=settings.signalling,
            keeps_audio=settings.keeps_audio,
            logs_playout=settings.logs_playout,
            dialect=self.dialect,
            seed=f"{self._seed}/{len(self.calls)}",
        )
        rng = random.Random(facts.seed)  # noqa: S311 -- as above
        call = SimulatedCall(self._services, facts, phone, leg=leg, rng=rng)
        self.calls[facts.call_control_id] = call
        return call

    def _new_leg(self, **members: Any) -> Leg:
        return Leg(call_leg_id=self._new_uuid(), **members)

    def _new_uuid(self) -> str:
        return new_uuid(self._rng)
