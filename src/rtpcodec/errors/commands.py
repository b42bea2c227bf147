"""Errors of commands to the carrier's HTTP interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtpcodec.errors.root import RtpcodecError


class CommandError(RtpcodecError):
    """A command to the carrier's HTTP interface failed.

    `attempts` counts how often it was sent. Repeating it with the same `command_id` is always safe: the carrier ignores
    a command that it has already executed.
    """

    attempts: int = 0
    outcome_unknown: bool = False
    """Whether an attempt may have taken effect, whatever the answer to a later one."""

    @property
    def is_retryable(self) -> bool:
        """Whether the unchanged command may succeed later."""
        return False


@dataclass(frozen=True, slots=True)
class CommandProblem:
    """One field of a command and the rule that it breaks; `str` gives a sentence without secret values."""

    field: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field} {self.rule}"


class InvalidCommand(CommandError, ValueError):
    """A command or a setting that was refused here, before anything was sent; `problems` lists all reasons."""

    def __init__(self, message: str, *, problems: tuple[CommandProblem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class RefusalReason:
    """One entry of the carrier's list of errors; secrets that we sent are redacted in its texts."""

    code: str | None = None
    title: str | None = None
    detail: str | None = None
    pointer: str | None = None
    """The JSON pointer to the wrong member of the body."""
    parameter: str | None = None
    """The wrong query parameter."""
    meta: Mapping[str, object] = field(default_factory=dict, repr=False)
    """Further members, unchanged; often a `url` that explains the code."""
    source: Mapping[str, object] = field(default_factory=dict, repr=False)
    """The member `source`, unchanged."""


class CommandRefused(CommandError):
    """The carrier answered with an error: `status` is HTTP's; `code`, `title` and `detail` are of the first entry.

    `errors` has all entries and is empty if the answer's body could not be read. `command_id` is that of the command.
    Codes without their own class raise this class. `retry_after_s` is the delay that the carrier requests, if any.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        errors: tuple[RefusalReason, ...] = (),
        command_id: str | None = None,
        retryable: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors
        self.command_id = command_id
        self.retry_after_s = retry_after_s
        self._retryable = retryable

    @property
    def is_retryable(self) -> bool:
        """Whether the status (408, 409, 429, 5xx) or the carrier's header permits a retry."""
        return self._retryable

    @property
    def code(self) -> str | None:
        """The carrier's error number, a string of digits."""
        return self.errors[0].code if self.errors else None

    @property
    def title(self) -> str | None:
        """The short name of the error."""
        return self.errors[0].title if self.errors else None

    @property
    def detail(self) -> str | None:
        """The carrier's description of the error."""
        return self.errors[0].detail if self.errors else None


class AuthenticationFailed(CommandRefused):
    """The API key is missing or wrong."""


class PermissionRefused(CommandRefused):
    """The API key is known, but lacks the permission."""


class ResourceNotFound(CommandRefused):
    """The carrier does not have a resource at this address."""


class RateLimited(CommandRefused):
    """Too many requests; the command was not executed."""


class InvalidCallControlId(CommandRefused):
    """The carrier does not have a call with this id."""


class InvalidClientState(CommandRefused):
    """The carrier could not read `client_state` as base64."""


class CallEnded(CommandRefused):
    """The call has already ended."""


class CallNotAnswered(CommandRefused):
    """The call has not been answered yet."""


class StreamingInUse(CommandRefused):
    """The call already streams, and only one stream per call is allowed."""


class StreamingFailed(CommandRefused):
    """The carrier could not start the stream."""


class StreamingNotInUse(CommandRefused):
    """The call is not streaming."""


class UnreadableAnswer(CommandError, ValueError):
    """The carrier answered with success, but not in the documented form: the command probably took effect."""

    outcome_unknown = True

    def __init__(self, message: str, *, status: int = 0, command_id: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.command_id = command_id


class CommandUnreachable(CommandError, ConnectionError):
    """There was no answer. With `nothing_sent` no attempt reached the carrier; otherwise it is an OutcomeUnknown."""

    def __init__(self, message: str, *, nothing_sent: bool = False, command_id: str | None = None) -> None:
        super().__init__(message)
        self.nothing_sent = nothing_sent
        self.command_id = command_id

    @property
    def is_retryable(self) -> bool:
        """True: there is no evidence that the command is wrong."""
        return True


class OutcomeUnknown(CommandUnreachable):
    """There was no answer, and the command may have taken effect: send it again with this `command_id` to find out."""

    outcome_unknown = True
