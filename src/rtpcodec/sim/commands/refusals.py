"""How the carrier says no: HTTP status, error number, and the body around it (media streaming, section 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

_KINDS: Final = {
    "10003": (422, "Invalid URL"),
    "10004": (422, "Missing required parameter"),
    "10005": (404, "Resource not found"),
    "10007": (500, "Unexpected error"),
    "10009": (401, "Authentication failed"),
    "10010": (403, "Authorization failed"),
    "10011": (429, "Too many requests"),
    "10015": (400, "Bad Request"),
    "10023": (400, "Invalid JSON"),
    "10025": (422, "String length out of range"),
    "10026": (422, "Invalid parameter type"),
    "10029": (400, "Expected JSON Content-Type"),
    "10032": (422, "Invalid enumerated value"),
    "90015": (422, "Invalid Call Control ID"),
    "90017": (422, "Invalid value for client_state"),
    "90018": (422, "Call has already ended"),
    "90034": (422, "Call has not been answered yet"),
    "90045": (422, "Media Streaming is used"),
    "90046": (422, "Media Streaming Failed"),
    "90048": (422, "Media Streaming is not used"),
    "90102": (422, "Command is invalid"),
    "100001": (422, "Invalid Dialogflow API"),
}
"""Code: status and title. Where no status is published, 422 stands for a well-formed command that is refused."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of the list of errors."""

    code: str
    detail: str
    pointer: str | None = None
    """The JSON pointer to the member that is meant (RFC 6901)."""

    def as_json(self) -> dict[str, Any]:
        """The entry as it stands in the body."""
        entry: dict[str, Any] = {"code": self.code, "title": _KINDS[self.code][1], "detail": self.detail}
        return entry if self.pointer is None else entry | {"source": {"pointer": self.pointer}}


class Refused(Exception):
    """A command that is answered with an error."""

    def __init__(self, *problems: Problem, status: int | None = None) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems
        self.status = status or _KINDS[problems[0].code][0]

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"errors": [problem.as_json() for problem in self.problems]}


def refused(code: str, detail: str, *, status: int | None = None) -> Refused:
    """A refusal for one reason."""
    return Refused(Problem(code, detail), status=status)
