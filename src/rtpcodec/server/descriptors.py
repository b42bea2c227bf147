"""File descriptors: how many an endpoint needs, the process may open, and the process has open."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

from rtpcodec.server.options import FILES_PER_CALL
from rtpcodec.server.settings import EndpointSettings

if sys.platform != "win32":
    import resource

RESERVED: Final = 64
"""For listening sockets, the event loop, standard streams, logs and other files of the program."""

_FOLDERS: Final = ("/proc/self/fd", "/dev/fd")
"""List the open descriptors, on Linux and on BSD and macOS."""

_log = logging.getLogger("rtpcodec.server")


def descriptors_needed(settings: EndpointSettings) -> int:
    """Return the descriptors of an endpoint with all its calls and all sockets before their upgrade.

    A call is one socket. Ready-made recorders open a file per track as well; the files and connections of other
    handlers are unknown and not counted.
    """
    per_call: int = 1 + getattr(settings.handler, FILES_PER_CALL, 0)
    return settings.max_calls * per_call + settings.max_half_open + RESERVED


def raise_limit(needed: int) -> None:
    """Raise the process's soft limit on descriptors to what is needed, as far as the hard limit allows."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:  # some systems refuse what their hard limit allows
        _log.warning("RLIMIT_NOFILE stays at %d: %s", soft, error)


def warn_if_short(settings: EndpointSettings) -> None:
    """Log a warning with all numbers if the process may open fewer descriptors than the endpoint needs."""
    soft = descriptor_limit()
    needed = descriptors_needed(settings)
    if soft is None or soft >= needed:
        return
    _log.warning(
        "RLIMIT_NOFILE is %d, and max_calls=%d needs %d: %d per call, %d before the upgrade (max_half_open), %d "
        "for the rest; raise the limit or lower max_calls",
        soft,
        settings.max_calls,
        needed,
        1 + getattr(settings.handler, FILES_PER_CALL, 0),
        settings.max_half_open,
        RESERVED,
    )


def open_descriptors() -> int | None:
    """Return how many descriptors the process has open; None: the system does not list them."""
    for folder in _FOLDERS:
        try:
            return len(os.listdir(folder)) - 1  # noqa: PTH208 -- fast; without the one that lists them
        except OSError:
            continue
    return None


def descriptor_limit() -> int | None:
    """Return how many descriptors the process may open (RLIMIT_NOFILE); None: no limit, or the system has none."""
    if sys.platform == "win32":
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
