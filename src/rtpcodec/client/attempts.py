"""One command over all its attempts, as values: the request, the waits, the result.

Nothing here opens a connection or sleeps, so any HTTP library can send it, as in `sync_http` and `aio_http`:

    attempts = CommandAttempts(command, access, Retry())
    for wait_s in attempts:  # ends when there is nothing to repeat
        sleep(wait_s)
        ...  # send attempts.request; report attempts.answered(status, headers) or attempts.lost(why, ...)
    attempts.result()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic
from urllib.parse import urlsplit

from rtpcodec.client.access import Access
from rtpcodec.client.answer import Answer, one_line, read_answer
from rtpcodec.client.command import Command
from rtpcodec.client.redaction import Redaction
from rtpcodec.client.results import R
from rtpcodec.client.retry import Retry, may_succeed_later
from rtpcodec.errors import CommandError, CommandUnreachable, OutcomeUnknown, UnreadableAnswer
from rtpcodec.pickling import Live


class CommandAttempts(Live, Generic[R]):
    """One command over all its attempts. Iterate over it for the seconds to wait before each attempt.

    Every attempt sends the same `request`. Report the end of each attempt by `answered` or `lost` before the next
    iteration. Use it from one thread at a time.

    Args:
        command: the checked command.
        access: address and API key.
        retry: how often and when to retry.
    """

    __slots__ = ("_access", "_answer", "_attempts", "_command", "_loss", "_retry", "_unknown", "request")

    def __init__(self, command: Command[R], access: Access, retry: Retry) -> None:
        self.request = access.request(command)
        self._command = command
        self._access = access
        self._retry = retry
        self._attempts = 0
        self._answer: Answer | None = None
        self._loss: tuple[str, bool, Exception | None] = ("not sent", True, None)
        self._unknown = False
        """Whether an earlier attempt may have taken effect without an answer that says so."""

    def __iter__(self) -> Iterator[float]:
        """Yield the waits in seconds: 0 before the first attempt, then one before each retry that makes sense."""
        wait_s = 0.0
        for repeats in range(self._retry.retries + 1):
            self._answer = None
            self._attempts += 1
            yield wait_s
            self._unknown |= self._leaves_unknown()
            if not self._is_worth_repeating():
                return
            wait_s = self._retry.wait_s(repeats, self._headers())

    def answered(self, status: int, headers: Mapping[str, str]) -> Answer:
        """Report the status of an attempt; the answer that is returned collects the body.

        Args:
            status: HTTP status.
            headers: headers, whose names are in lower case or compare without regard to case.

        Returns:
            The answer: `add` each part of the body, and set `ended` at its end.
        """
        self._answer = Answer(status, headers)
        return self._answer

    def lost(self, why: str, *, nothing_sent: bool, cause: Exception | None = None) -> None:
        """Report that an attempt ended without a status.

        Args:
            why: the reason, in words for people.
            nothing_sent: whether certainly no octet of the request was sent.
            cause: the error of the HTTP library.
        """
        self._loss = (why, nothing_sent, cause)

    def result(self) -> R:
        """Return the outcome of the command after the last attempt.

        Raises:
            CommandRefused: the carrier refused it.
            UnreadableAnswer: accepted, but the answer lacks the outcome.
            CommandUnreachable: nothing was sent.
            OutcomeUnknown: there was no answer, and the command may have taken effect.
        """
        if self._answer is None:
            raise self._unreachable()
        try:
            return read_answer(self._command, self._answer, self._access, self._retry.unix_time_s())
        except CommandError as error:
            error.outcome_unknown |= self._unknown
            error.attempts = self._attempts
            raise

    def _headers(self) -> Mapping[str, str]:
        return {} if self._answer is None else self._answer.headers

    def _leaves_unknown(self) -> bool:
        """Return whether the last attempt may have taken effect without an answer that says so."""
        if self._answer is None:
            return not self._loss[1]
        status = self._answer.status
        return 200 <= status < 300 or status == 408 or status >= 500

    def _is_worth_repeating(self) -> bool:
        if self._answer is None:
            return True
        if self._answer.ended or not 200 <= self._answer.status < 300:
            return may_succeed_later(self._answer.status, self._answer.headers)
        return self._is_cut()

    def _is_cut(self) -> bool:
        """Return whether the command succeeded, but the connection broke before its answer could be read."""
        try:
            self.result()
        except UnreadableAnswer:
            return True
        return False

    def _unreachable(self) -> CommandUnreachable:
        why, nothing_sent, cause = self._loss
        redaction = Redaction(self._access.secrets, self._command.secrets)
        why = one_line(redaction.words(why))
        name, command_id = self._command.name, self._command.command_id
        host = urlsplit(self.request.url).netloc
        tries = f" in {self._attempts} attempts" if self._attempts > 1 else ""
        if nothing_sent and not self._unknown:
            words = f"{name} found no connection to {host}{tries} ({why}); nothing was sent"
            error = CommandUnreachable(f"{words} (command_id {command_id})", nothing_sent=True, command_id=command_id)
        else:
            words = f"{name} got no answer from {host}{tries} ({why}); whether it took effect is unknown"
            error = OutcomeUnknown(f"{words} (command_id {command_id})", command_id=command_id)
        error.attempts = self._attempts
        # A traceback shows the cause, which may quote the other side's answer.
        error.__cause__ = cause if redaction.is_clean(cause) else None
        return error
