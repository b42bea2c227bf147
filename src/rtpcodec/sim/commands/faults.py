"""Fault injection for commands: late, missing and broken answers, and refusals. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from rtpcodec.carriers.telnyx import commands, errors
from rtpcodec.sim.commands.error_answers import refused

HUGE_OCTETS: Final = 4 * 1024 * 1024
"""Far more than a client needs to read of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFault:
    """The faults of one command; the fields can be combined.

    Raises:
        ValueError: the status is outside 300 to 599 or the delay is below 0.
    """

    delay_s: float = 0.0
    """How late the answer is; the command has had its effect by then."""
    drop: Literal["before", "after"] | None = None
    """Cut the connection instead of an answer: before the command takes effect, or after it."""
    status: int | None = None
    """Answer with this status and the carrier's error for it, without executing the command."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the answer."""
    body: Literal["whole", "cut", "not_json", "empty", "huge"] = "whole"
    """How the body of the answer is broken."""

    def __post_init__(self) -> None:
        if self.status is not None and not 300 <= self.status <= 599:
            raise ValueError(f"status is {self.status}, 300 to 599 are allowed")
        if not self.delay_s >= 0:
            raise ValueError(f"delay_s is {self.delay_s}, at least 0 is needed")

    @property
    def prevents(self) -> bool:
        """Whether the command is not executed."""
        return self.drop == "before" or self.status is not None

    def error_body(self) -> bytes:
        """Return the carrier's error for the status, as JSON."""
        status = self.status or 500
        code = errors.CODE_OF_STATUS.get(status, errors.UNEXPECTED_ERROR if status >= 500 else errors.BAD_REQUEST)
        return msgspec.json.encode(refused(code, "asked for by the test").as_json())

    def spoil(self, body: bytes) -> bytes:
        """Return the body as it is sent; one that is cut is announced in full length."""
        return {"not_json": b"<html>Bad Gateway</html>", "empty": b"", "huge": b" " * HUGE_OCTETS + body}.get(
            self.body, body
        )


NO_FAULT: Final = CommandFault()


def rate_limited(
    *, limit: int = 1, reset_s: int = 1, retry_after: str | None = None, epoch_s: int | None = None
) -> CommandFault:
    """Make a 429 with the carrier's three headers (docs/carrier.md, rule C50).

    Args:
        limit: value of `x-ratelimit-limit`.
        reset_s: seconds until the limit is reset.
        retry_after: value of a further header `retry-after`, which the carrier does not document.
        epoch_s: the reset as a Unix time in place of `reset_s`; the carrier's pages show both.

    Returns:
        A fault for `Carrier.disturb`.
    """
    headers = {
        commands.RATE_LIMIT_HEADER: str(limit),
        commands.RATE_REMAINING_HEADER: "0",
        commands.RATE_RESET_HEADER: str(reset_s if epoch_s is None else epoch_s),
    }
    return CommandFault(
        status=429, headers=headers if retry_after is None else headers | {commands.RETRY_AFTER_HEADER: retry_after}
    )


class FaultInjector:
    """Faults of the next commands, one per command."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[CommandFault | None] = deque()

    def add(self, *faults: CommandFault | None) -> None:
        """Append faults; None lets a command pass."""
        self._waiting.extend(faults)

    def next(self) -> CommandFault:
        """Take the fault of the next command."""
        return (self._waiting.popleft() if self._waiting else None) or NO_FAULT
