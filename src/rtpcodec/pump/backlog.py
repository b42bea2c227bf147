"""Octets of a connection that were not acknowledged: in the transport and in the operating system."""

from __future__ import annotations

import asyncio
import socket
import sys
from array import array
from collections.abc import Callable
from typing import Final, TypeAlias

SO_NWRITE: Final = 0x1024
"""macOS: octets in the send buffer of a socket. The module `socket` does not define it."""

Backlog: TypeAlias = Callable[[], int | None]
"""Returns the octets that are not acknowledged, unsent ones included; None: the system does not report them."""

if sys.platform == "linux":
    from fcntl import ioctl
    from termios import TIOCOUTQ  # the number of SIOCOUTQ (tcp(7))

    def backlog_of(transport: asyncio.Transport) -> Backlog:
        """Return a function that reads the backlog of a connection, and must not be called after its end."""
        fd = transport.get_extra_info("socket").fileno()
        buffered = transport.get_write_buffer_size
        octets = array("i", (0,))  # one for all reads: a new one would take twice the time

        def read() -> int | None:
            try:
                ioctl(fd, TIOCOUTQ, octets, True)
            except OSError:
                return None
            return octets[0] + buffered()

        return read

elif sys.platform == "darwin":

    def backlog_of(transport: asyncio.Transport) -> Backlog:
        """Return a function that reads the backlog of a connection, as on Linux."""
        connected = transport.get_extra_info("socket")

        def read() -> int | None:
            try:
                octets: int = connected.getsockopt(socket.SOL_SOCKET, SO_NWRITE)
            except OSError:
                return None
            return octets + transport.get_write_buffer_size()

        return read

else:

    def backlog_of(transport: asyncio.Transport) -> Backlog:
        """Return a function that returns None, because the system does not report it."""
        return lambda: None
