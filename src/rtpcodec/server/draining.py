"""Time limits of a drain: for calls, handlers and files, and the grace period that the supervisor must allow."""

from __future__ import annotations

import os
from typing import Any, Final

from rtpcodec.errors import EndpointError

RUN_DRAIN_S: Final = 3600.0
"""Default of `run` and of the command: nearly all phone calls are shorter, so a deploy does not cut them."""
SERVE_DRAIN_S: Final = 10.0
"""Default of `serve`, because its program decides when it ends."""
HANDLER_GRACE_S: Final = 10.0
"""Time for a handler after its stream, for example to wait for its services."""
FILES_LEAD_S: Final = 5.0
"""Files are closed this long before the end of the drain, because a supervisor may kill the process then. A recording
waits 2 s for audio that the caller still hears; headers, sidecars and checksums take the rest."""
END_MARGIN_S: Final = 5.0
"""Time for cancelled handlers (ENDING_GRACE_S), the last files and the exit of the interpreter."""

VARIABLES: Final = {"drain_s": "RTPCODEC_DRAIN_S", "handler_grace_s": "RTPCODEC_HANDLER_GRACE_S"}
"""Environment variables that override settings, so that a deployment can match its supervisor."""


def override(options: Any, *names: str) -> None:
    """Override options by environment variables. Raises EndpointError if a value is not a number.

    Args:
        options: the keyword arguments of the program.
        names: keys of VARIABLES.
    """
    for name in names:
        variable = VARIABLES[name]
        text = os.environ.get(variable, "").strip()
        if not text:
            continue
        try:
            options[name] = float(text)
        except ValueError as error:
            raise EndpointError(f"{variable} is {text!r}, a number of seconds is needed") from error


def files_lead_s(drain_s: float) -> float:
    """Return how long before the end of the draining files are closed: at most half of it."""
    return min(FILES_LEAD_S, drain_s / 2)


def supervisor_grace_s(drain_s: float, handler_grace_s: float) -> float:
    """Return the time that a supervisor must allow between SIGTERM and SIGKILL."""
    return drain_s + handler_grace_s + END_MARGIN_S
