"""The finding of one check of the doctor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import urlsplit

from rtpcodec.client.redaction import Redaction
from rtpcodec.pickling import Value

Result = Literal["ok", "warning", "failed", "skipped"]

OK: Final = "ok"
WARNING: Final = "warning"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"


@dataclass(frozen=True, slots=True)
class Finding(Value):
    """The result of one check."""

    name: str
    result: Result
    """"skipped": it was not made, and `seen` says why."""
    seen: str
    remedy: str = ""
    """What to do; empty if there is nothing to do."""


def ok(name: str, seen: str) -> Finding:
    """Make the finding of a check that found nothing wrong."""
    return Finding(name, OK, seen)


def warning(name: str, seen: str, remedy: str) -> Finding:
    """Make the finding of a check whose result may be intended."""
    return Finding(name, WARNING, seen, remedy)


def failed(name: str, seen: str, remedy: str) -> Finding:
    """Make the finding of a check that found what prevents a call."""
    return Finding(name, FAILED, seen, remedy)


def skipped(name: str, why: str, remedy: str = "") -> Finding:
    """Make the finding of a check that was not made."""
    return Finding(name, SKIPPED, why, remedy)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 if a check failed, else 0."""
    return int(any(finding.result == FAILED for finding in findings))


class Secrets:
    """Strikes keys, tokens, numbers and the paths of URLs out of findings."""

    __slots__ = ("_redaction",)

    def __init__(self, keys: Iterable[str | None], values: Iterable[str | None]) -> None:
        """Take the secrets.

        Args:
            keys: the API key and tokens; they are found in any spelling.
            values: numbers, and paths with query.
        """
        self._redaction = Redaction([key for key in keys if key], [value for value in values if value])

    def words(self, words: str) -> str:
        """Return words without secrets."""
        return self._redaction.words(words)

    def struck(self, finding: Finding) -> Finding:
        """Return a finding without secrets."""
        words = self._redaction.words
        return replace(finding, seen=words(finding.seen), remedy=words(finding.remedy))


def path_of(url: str | None) -> str | None:
    """Return path and query of a URL, which may be its only protection; None if both are empty."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return path if len(path) > 1 else None
