"""What can befall a command on its way: a late answer, none, a broken one, a refusal for its rate. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from rtpcodec.sim.commands.refusals import refused

HUGE_OCTETS: Final = 4 * 1024 * 1024
"""Much more than any client needs to read of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFault:
    """What befalls one command; the fields can be combined.

    ValueError: a status that is none, a delay below 0.
    """

    delay_s: float = 0.0
    """How late the answer is; the command has taken its effect by then."""
    drop: Literal["before", "after"] | None = None
    """The connection is cut instead of an answer: before the command took effect, or after it."""
    status: int | None = None
    """Answer with this status and the carrier's error for it instead of carrying the command out."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the answer."""
    body: Literal["whole", "cut", "not_json", "empty", "huge"] = "whole"
    """What becomes of the answer's body."""

    def __post_init__(self) -> None:
        if self.status is not None and not 300 <= self.status <= 599:
            raise ValueError(f"status is {self.status}, 300 to 599 are possible")
        if not self.delay_s >= 0:
            raise ValueError(f"delay_s is {self.delay_s}, at least 0 is needed")

    @property
    def prevents(self) -> bool:
        """Whether the command is not carried out."""
        return self.drop == "before" or self.status is not None

    def error_body(self) -> bytes:
        """The carrier's error for the status."""
        code = _CODES.get(self.status or 500, "10007" if (self.status or 500) >= 500 else "10015")
        return msgspec.json.encode(refused(code, "asked for by the test").as_json())

    def spoil(self, body: bytes) -> bytes:
        """The body as it goes out; what is cut is announced in full length."""
        return {"not_json": b"<html>Bad Gateway</html>", "empty": b"", "huge": b" " * HUGE_OCTETS + body}.get(
            self.body, body
        )


_CODES: Final = {401: "10009", 403: "10010", 404: "10005", 429: "10011"}
NO_FAULT: Final = CommandFault()


def rate_limited(
    *, limit: int = 1, reset_s: int = 1, retry_after: str | None = None, epoch_s: int | None = None
) -> CommandFault:
    """A 429 with the carrier's three headers (media streaming, section 2.7).

    `x-ratelimit-reset` is reset_s, or with epoch_s that Unix time: both are documented. retry_after is a further header
    that the carrier does not document.
    """
    headers = {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(reset_s if epoch_s is None else epoch_s),
    }
    return CommandFault(status=429, headers=headers if retry_after is None else headers | {"retry-after": retry_after})


class FaultInjector:
    """Faults in waiting: each command takes the next one."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[CommandFault | None] = deque()

    def add(self, *faults: CommandFault | None) -> None:
        """Put some at the end; None lets a command pass."""
        self._waiting.extend(faults)

    def next(self) -> CommandFault:
        """What befalls the next command."""
        return (self._waiting.popleft() if self._waiting else None) or NO_FAULT
