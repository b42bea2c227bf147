"""The entry point: runs a command line, and shows every failure as one line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

from rtpcodec.cli.printing import printable
from rtpcodec.errors import CommandError, InvalidCommand, MissingExtra, RtpcodecError

WRONG_INPUT = 2
"""Exit code of wrong arguments or input; a failure of the work itself is 1."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of the process, and return its exit code. Failures are one line."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        code = _exit_code(error)
        if code is None:
            raise
        line = " ".join(getattr(error, "format_message", error.__str__)().split())
        print(f"rtpcodec: {printable(line)}", file=sys.stderr)
        return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        from rtpcodec.cli.commands import run
    except ImportError as error:
        raise MissingExtra("the command line", str(error.name or error), "cli") from error
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        given = sys.argv[1:] if arguments is None else arguments
        return run(given or ["--help"]) or (0 if given else WRONG_INPUT)


def _exit_code(error: Exception) -> int | None:
    """Return the exit code of an error that is printed as one line; None: a bug, which prints its traceback."""
    if isinstance(error, CommandError) and not isinstance(error, InvalidCommand):
        return 1
    if isinstance(error, OSError):
        return 1
    if isinstance(error, RtpcodecError | ValueError) and not isinstance(error, UnicodeError):
        return WRONG_INPUT
    # The parser's own errors: their class depends on its version, their shape does not.
    return int(getattr(error, "exit_code", WRONG_INPUT)) if hasattr(error, "format_message") else None


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del category, filename, lineno, file, line  # people at a shell need the text alone
    print(f"rtpcodec: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
