"""Conferences, as far as a warm transfer needs them: who hears whom. No audio is mixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rtpcodec.carriers.telnyx import commands, errors, members, webhooks
from rtpcodec.pickling import Live
from rtpcodec.sim.calls.joined_calls import JoinableCall
from rtpcodec.sim.commands.bodies import JoinCommand
from rtpcodec.sim.commands.error_answers import refused

Notify = Callable[[str, dict[str, Any]], None]
"""Takes a webhook's event type and payload."""


class ConferringCall(JoinableCall, Protocol):
    """A call as its conference sees it."""

    @property
    def call_control_id(self) -> str:
        """The id by which commands name it."""

    def named(self) -> dict[str, Any]:
        """Return members of the events of the call itself."""


@dataclass(slots=True)
class Participant:
    """One call in a conference."""

    call: ConferringCall
    held: bool = False
    ends: bool = False
    """All others are hung up when it leaves."""
    soft_ends: bool = False
    """The conference ends when it leaves."""


class SimulatedConference(Live):
    """A conference. `hears` returns who hears whom."""

    def __init__(self, conference_id: str, name: str, creator: ConferringCall, notify: Notify) -> None:
        """Make a conference with its first participant.

        Args:
            conference_id: its id.
            name: its name, which serves as an id too.
            creator: its first participant.
            notify: posts a webhook.
        """
        self._notify = notify
        self._participants: dict[str, Participant] = {}
        self.conference_id = conference_id
        """The id by which commands name it; its name serves as well."""
        self.name = name
        self.ended = False
        """Whether the conference is over: it has no participant."""
        self._report(webhooks.CONFERENCE_CREATED, creator)
        self.join(creator, JoinCommand(call_control_id=creator.call_control_id))

    @property
    def participants(self) -> tuple[str, ...]:
        """The call_control_ids of the participants."""
        return tuple(self._participants)

    def hears(self, listener: str, speaker: str) -> bool:
        """Return whether one participant hears another one: both are in it, and neither is on hold."""
        both = [self._participants.get(one) for one in (listener, speaker)]
        return listener != speaker and all(one is not None and not one.held for one in both)

    def join(self, call: ConferringCall, command: JoinCommand) -> None:
        """Add a call. Raises Refused (90102) if it is bridged, or in a conference."""
        if self.ended:
            raise refused(errors.RESOURCE_NOT_FOUND, "the conference has ended")
        if call.joined.peer is not None or call.joined.conference is not None:
            raise refused(errors.COMMAND_INVALID, "the call is bridged, or in a conference")
        call.joined.conference = self
        self._participants[call.call_control_id] = Participant(call, command.hold, command.ends, command.soft_ends)
        self._report(webhooks.CONFERENCE_PARTICIPANT_JOINED, call)

    def require(self, call_control_id: str) -> None:
        """Raise Refused (90102) if a call is not in the conference."""
        if call_control_id not in self._participants:
            raise refused(errors.COMMAND_INVALID, "the call is not in the conference")

    def hold(self, call_control_ids: tuple[str, ...], *, held: bool) -> None:
        """Put participants on hold, or take them off hold; an empty tuple means all."""
        for one in call_control_ids:
            self.require(one)
        for one in call_control_ids or self.participants:
            self._participants[one].held = held

    def leave(self, call_control_id: str) -> None:
        """Remove a participant; nothing if it is not in it."""
        left = self._participants.pop(call_control_id, None)
        if left is None:
            return
        left.call.joined.conference = None
        self._report(webhooks.CONFERENCE_PARTICIPANT_LEFT, left.call)
        others = [one.call for one in self._participants.values()]
        if others and not (left.ends or left.soft_ends):
            return
        self.ended = True
        self._participants.clear()
        for call in others:
            call.joined.conference = None
            if left.ends and not call.ended:
                call.leave("hang_up")
        self._report(webhooks.CONFERENCE_ENDED, left.call)

    def described(self) -> dict[str, Any]:
        """Return the data in the answer to the command that creates it."""
        return {webhooks.ID: self.conference_id, members.NAME: self.name, webhooks.RECORD_TYPE: "conference"}

    def _report(self, event_type: str, call: ConferringCall) -> None:
        self._notify(event_type, call.named() | {commands.CONFERENCE_ID: self.conference_id})

    def __repr__(self) -> str:
        return f"<SimulatedConference {self.conference_id} of {len(self._participants)} calls>"
