"""Whether the ports can be listened on."""

from __future__ import annotations

import asyncio
import socket

from rtpcodec.doctor.finding import Finding, failed, ok, skipped, warning
from rtpcodec.doctor.network.address import Address
from rtpcodec.doctor.network.request import ask
from rtpcodec.server.addresses import HEALTH_PATH

HEALTH_LIMIT_S = 2.0
"""Limit of the answer of a server on this machine, in seconds."""


async def check_port(use: str, host: str, port: int | None, limit_s: float) -> tuple[Finding, bool]:
    """Try to listen on a port.

    Args:
        use: name of the port.
        host: the address to listen on.
        port: number of the port; None: not given.
        limit_s: limit of the answer of a server that uses it, at most HEALTH_LIMIT_S.

    Returns: the finding, and whether the doctor may listen there.
    """
    name = f"{use} port"
    if port is None:
        return skipped(name, "no port is given"), False
    try:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, host, port, reuse_port=False)
    except socket.gaierror:
        return failed(name, f"{host} is not an address of this machine", "correct --host"), False
    except OSError as error:
        return await _in_use(name, host, port, error, min(limit_s, HEALTH_LIMIT_S)), False
    server.close()
    return ok(name, f"{host} port {port} is free"), True


async def _in_use(name: str, host: str, port: int, error: OSError, limit_s: float) -> Finding:
    why = error.strerror or str(error)
    try:
        where = Address("http", "127.0.0.1" if host in ("", "0.0.0.0", "::") else host, port, HEALTH_PATH)  # noqa: S104 -- compared
        answer = await ask(where, "GET", {}, limit_s=limit_s)
    except OSError:  # TimeoutError is one
        return failed(
            name,
            f"{host} port {port} cannot be listened on ({why}), and what holds it does not speak HTTP",
            "stop the program that holds it, or choose another port",
        )
    if answer.status in (200, 503):
        return ok(name, f"{host} port {port} is in use by a server that answers {HEALTH_PATH} with {answer.status}")
    return warning(
        name,
        f"{host} port {port} is in use by a server that answers {HEALTH_PATH} with {answer.status}",
        "if it is not yours, choose another port",
    )
