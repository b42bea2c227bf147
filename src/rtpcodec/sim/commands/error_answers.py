"""Refusals of commands: HTTP status, error number, and the body around it (docs/carrier.md, rule C12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rtpcodec.carriers.telnyx import errors, members
from rtpcodec.pickling import Raised


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of the list of errors."""

    code: str
    detail: str
    pointer: str | None = None
    """JSON pointer to the wrong member (RFC 6901)."""

    def as_json(self) -> dict[str, Any]:
        """Return the entry as the body has it."""
        _, title = errors.COMMAND_ERRORS[self.code]
        entry: dict[str, Any] = {members.CODE: self.code, members.TITLE: title, members.DETAIL: self.detail}
        return entry if self.pointer is None else entry | {errors.SOURCE: {errors.POINTER: self.pointer}}


class Refused(Raised, Exception):
    """A command that is answered with an error."""

    def __init__(self, *problems: Problem, status: int | None = None) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems
        self.status = status or errors.COMMAND_ERRORS[problems[0].code][0]

    def as_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {errors.ERRORS: [problem.as_json() for problem in self.problems]}


def refused(code: str, detail: str, *, status: int | None = None) -> Refused:
    """Make a refusal for one reason."""
    return Refused(Problem(code, detail), status=status)
