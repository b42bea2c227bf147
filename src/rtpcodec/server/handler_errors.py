"""Errors of handlers: recognise those that only report the end of the stream, and drop their tracebacks."""

from __future__ import annotations

from rtpcodec.errors import ReplyInterrupted, StreamEnded


def is_stream_ended(error: BaseException) -> bool:
    """Return whether an error only reports the end of the stream, or is a group of such errors."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_stream_ended(part) for part in error.exceptions)
    return isinstance(error, StreamEnded | ReplyInterrupted)


def drop_tracebacks(error: BaseException) -> None:
    """Drop the tracebacks of an error that is no longer handled, and of all errors that it refers to.

    A traceback holds the variables of the handler. A variable that holds the error makes this a cycle, as in the task
    groups of asyncio before Python 3.13.
    """
    found: list[BaseException | None] = [error]
    seen: set[int] = set()
    while found:
        one = found.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        found += (one.__cause__, one.__context__)
        if isinstance(one, BaseExceptionGroup):
            found += one.exceptions
