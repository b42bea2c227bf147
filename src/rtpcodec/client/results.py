"""What the carrier says to a command that it accepts (spec 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self, TypeVar


class Outcome(Protocol):
    """What an accepted command gives; `NEEDS` names the member of `data` without which there is none."""

    NEEDS: ClassVar[str]

    @classmethod
    def read(cls, data: Mapping[str, object], command_id: str, raw: Mapping[str, object]) -> Self | None:
        """The outcome that `data` tells, None where it is not in its documented shape."""


R = TypeVar("R", bound=Outcome)


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The carrier accepted the command, which does not yet say that a stream runs: that is the `start` message."""

    NEEDS: ClassVar[str] = "result"

    result: str
    command_id: str
    raw: Mapping[str, object] = field(repr=False)
    """The whole answer as parsed JSON."""

    @classmethod
    def read(cls, data: Mapping[str, object], command_id: str, raw: Mapping[str, object]) -> Self | None:
        """The result, usually `ok`; None without one."""
        result = data.get("result")
        return cls(result, command_id, raw) if isinstance(result, str) else None


@dataclass(frozen=True, slots=True)
class DialedCall:
    """A call that the carrier begins to dial; whether somebody answers is told by webhooks."""

    NEEDS: ClassVar[str] = "call_control_id"

    call_control_id: str
    call_leg_id: str | None
    call_session_id: str | None
    command_id: str
    raw: Mapping[str, object] = field(repr=False)
    """The whole answer as parsed JSON."""

    @classmethod
    def read(cls, data: Mapping[str, object], command_id: str, raw: Mapping[str, object]) -> Self | None:
        """The call; None without the id that commands need."""
        control, leg, session = (data.get(f"call_{part}_id") for part in ("control", "leg", "session"))
        if not isinstance(control, str) or not control:
            return None
        return cls(
            control,
            leg if isinstance(leg, str) else None,
            session if isinstance(session, str) else None,
            command_id,
            raw,
        )
