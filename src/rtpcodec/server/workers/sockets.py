"""The listening sockets of workers."""

from __future__ import annotations

import socket
from typing import Final

from rtpcodec.errors import EndpointError
from rtpcodec.server.tcp_listener import BACKLOG, RECEIVE_BUFFER_OCTETS

EVERYWHERE: Final = ("", "0.0.0.0", "::")  # noqa: S104 -- compared, not bound
"""Hosts that carriers cannot dial."""


def bound_socket(host: str, port: int, *, listening: bool = False) -> socket.socket:
    """Return a socket that is bound to the first address of a host; "" is every IPv4 address.

    Args:
        host: a name or an address.
        port: the port; 0: any free one.
        listening: whether it listens already.

    Raises:
        EndpointError: the address is not available.
    """
    opened: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host or EVERYWHERE[1], port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it. TCP announces it in the handshake, which the system completes before any accept.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
        opened.setblocking(False)
        opened.bind(address)
        if listening:
            opened.listen(BACKLOG)
    except OSError as error:
        if opened is not None:
            opened.close()
        raise EndpointError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
    return opened
