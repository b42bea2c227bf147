"""What the operating system holds of a TCP connection because the other side has not acknowledged it."""

from __future__ import annotations

import socket
import sys
from array import array
from typing import Any, Final

SO_NWRITE: Final = 0x1024
"""macOS: octets in the send buffer of a socket. `socket` does not name it."""


class KernelBacklog:
    """Reads the unacknowledged octets of one socket. Closed sockets must not be read: another one may get their number.

    It reads into a buffer of its own, which takes half the time of a new object per read.
    """

    __slots__ = ("_fd", "_octets", "_socket")

    def __init__(self, connected: Any) -> None:
        """Take the socket of a transport, as `get_extra_info("socket")` returns it."""
        self._socket = connected
        self._fd: int = connected.fileno()
        self._octets = array("i", (0,))

    def octets(self) -> int | None:
        """Return the octets that are not acknowledged, those that were not sent included; None: the system hides it."""
        return _octets_of(self._fd, self._socket, self._octets)


if sys.platform == "linux":
    from fcntl import ioctl
    from termios import TIOCOUTQ  # the number of SIOCOUTQ (tcp(7))

    def _octets_of(fd: int, _connected: Any, octets: array[int]) -> int | None:
        try:
            ioctl(fd, TIOCOUTQ, octets, True)
        except OSError:
            return None
        return octets[0]

elif sys.platform == "darwin":

    def _octets_of(_fd: int, connected: Any, _octets: array[int]) -> int | None:
        try:
            return int(connected.getsockopt(socket.SOL_SOCKET, SO_NWRITE))
        except OSError:
            return None

else:

    def _octets_of(_fd: int, _connected: Any, _octets: array[int]) -> int | None:
        return None
