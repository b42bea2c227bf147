"""The entry point: the commands by name, and every failure as one line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from rtpcodec.errors import CommandError, InvalidCommand, MissingExtra, RtpcodecError

WRONG_INPUT = 2
"""The exit code of a command that was not understood or refused here; failures of the work itself are 1."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (that of the process by default); its exit code. No failure shows a traceback."""
    try:
        from rtpcodec.cli.commands import app
    except ImportError as error:
        missing = MissingExtra("the command line", str(error.name or error), "cli")
        return _complain(str(missing), WRONG_INPUT)
    warnings.showwarning = _show_warning
    try:
        return app(args=arguments, prog_name="rtpcodec", standalone_mode=False) or 0
    except KeyboardInterrupt:
        return 130
    except CommandError as error:
        return _complain(str(error), WRONG_INPUT if isinstance(error, InvalidCommand) else 1)
    except ConnectionError as error:
        return _complain(str(error), 1)
    except (RtpcodecError, ValueError, OSError) as error:
        return _complain(str(error), WRONG_INPUT)
    except Exception as error:
        # The parser's own errors: their class depends on its version, their shape does not.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        return _complain(message(), int(getattr(error, "exit_code", WRONG_INPUT)))


def _complain(message: str, code: int) -> int:
    print("rtpcodec: " + " ".join(message.split()), file=sys.stderr)
    return code


def _show_warning(message: Warning | str, *_where: object) -> None:
    print(f"rtpcodec: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
