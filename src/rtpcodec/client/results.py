"""Results of accepted commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol, Self, TypeVar

from rtpcodec.carriers.telnyx import commands, members

_IDS: Final = (members.CALL_CONTROL_ID, members.CALL_LEG_ID, members.CALL_SESSION_ID)


class Outcome(Protocol):
    """Result of an accepted command; `NEEDS` names the member of `data` that it needs."""

    NEEDS: ClassVar[str]

    @classmethod
    def read(cls, data: Mapping[str, object], command_id: str, raw: Mapping[str, object]) -> Self | None:
        """Return the outcome in `data`; None if `data` does not have its documented shape."""


R = TypeVar("R", bound=Outcome)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The carrier accepted the command. A stream runs once its `start` message has arrived."""

    NEEDS: ClassVar[str] = commands.RESULT

    result: str
    command_id: str
    raw: Mapping[str, object] = field(repr=False)
    """The whole answer as parsed JSON."""

    @classmethod
    def read(cls, data: Mapping[str, object], command_id: str, raw: Mapping[str, object]) -> Self | None:
        """Return the result, usually `ok`; None without one.

        Args:
            data: member `data` of the answer.
            command_id: id of the command.
            raw: the whole answer.
        """
        result = data.get(cls.NEEDS)
        return cls(result, command_id, raw) if isinstance(result, str) else None


@dataclass(frozen=True, slots=True)
class DialedCall:
    """A call that the carrier begins to dial; webhooks report whether it is answered."""

    NEEDS: ClassVar[str] = members.CALL_CONTROL_ID

    call_control_id: str
    call_leg_id: str | None
    call_session_id: str | None
    command_id: str
    raw: Mapping[str, object] = field(repr=False)
    """The whole answer as parsed JSON."""

    @classmethod
    def read(cls, data: Mapping[str, object], command_id: str, raw: Mapping[str, object]) -> Self | None:
        """Return the call; None without the id that commands need.

        Args:
            data: member `data` of the answer.
            command_id: id of the command.
            raw: the whole answer.
        """
        control, leg, session = map(data.get, _IDS)
        if not isinstance(control, str) or not control:
            return None
        return cls(
            control,
            leg if isinstance(leg, str) else None,
            session if isinstance(session, str) else None,
            command_id,
            raw,
        )


@dataclass(frozen=True, slots=True)
class Conference:
    """A conference that was created, with its first participant."""

    NEEDS: ClassVar[str] = "id"

    conference_id: str
    name: str | None
    command_id: str
    raw: Mapping[str, object] = field(repr=False)
    """The whole answer as parsed JSON."""

    @classmethod
    def read(cls, data: Mapping[str, object], command_id: str, raw: Mapping[str, object]) -> Self | None:
        """Return the conference; None without the id that commands need.

        Args:
            data: member `data` of the answer.
            command_id: id of the command.
            raw: the whole answer.
        """
        conference_id, name = data.get(cls.NEEDS), data.get(members.NAME)
        if not isinstance(conference_id, str) or not conference_id:
            return None
        return cls(conference_id, name if isinstance(name, str) else None, command_id, raw)
