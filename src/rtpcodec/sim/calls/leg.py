"""One leg of a call as commands and webhooks see it: direction, state, and the commands it allows. No I/O."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rtpcodec.carriers.telnyx import commands, errors
from rtpcodec.sim.commands.error_answers import refused

MAX_COMMAND_IDS: Final = 1000
"""Commands whose repetition is recognised; beyond that, the oldest are dropped."""

State = Literal["parked", "ringing", "answered", "bridged", "ended"]
Direction = Literal["incoming", "outgoing"]
Side = Literal["caller", "callee"]

_BEFORE_ANSWER: Final = (commands.ANSWER, commands.REJECT, commands.HANGUP, commands.CLIENT_STATE_UPDATE)
"""Actions that need no answered call."""


class CommandIds:
    """The ids of the last commands, each with its answer."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def answer_to(self, command_id: object) -> dict[str, Any] | None:
        """Return the answer to the command of that id; None: the id is new."""
        return self._answers.get(command_id) if isinstance(command_id, str) else None

    def remember(self, command_id: object, answer: dict[str, Any]) -> None:
        """Record that a command of that id was executed."""
        if isinstance(command_id, str):
            self._answers[command_id] = answer
            if len(self._answers) > MAX_COMMAND_IDS:
                self._answers.popitem(last=False)


@dataclass(slots=True, kw_only=True)
class Leg:
    """State and names of one leg."""

    direction: Direction
    state: State
    call_leg_id: str
    connection_id: str
    client_state: str | None = field(default=None, repr=False)
    command_ids: CommandIds = field(default_factory=CommandIds, repr=False)
    hangup_cause: str = ""
    hangup_source: Side | None = None
    """The side that ended it."""

    @property
    def ended(self) -> bool:
        """Whether it was hung up; every command is refused then."""
        return self.state == "ended"

    @property
    def ours(self) -> Side:
        """The side that the commands act for."""
        return "callee" if self.direction == "incoming" else "caller"

    @property
    def theirs(self) -> Side:
        """The side of the phone."""
        return "caller" if self.direction == "incoming" else "callee"

    def require(self, action: str) -> None:
        """Refuse an action that the state forbids: 90018, 90034, 90102 (docs/carrier.md, "Codes of refusals")."""
        if self.ended:
            raise refused(errors.CALL_ENDED, "the call has ended")
        if action in (commands.ANSWER, commands.REJECT):
            if self.direction == "outgoing":
                raise refused(errors.COMMAND_INVALID, f"{action} is for incoming calls, this one is outgoing")
            if self.state != "parked":
                raise refused(errors.COMMAND_INVALID, "the call is already answered")
        elif self.state in ("parked", "ringing") and action not in _BEFORE_ANSWER:
            raise refused(errors.CALL_NOT_ANSWERED, "the call has not been answered yet")

    def end(self, cause: str, source: Side) -> None:
        """Hang up; a second end changes nothing."""
        if not self.ended:
            self.state, self.hangup_cause, self.hangup_source = "ended", cause, source
