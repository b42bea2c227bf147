"""The path of health checks, and which hosts are loopback."""

from __future__ import annotations

import ipaddress
from typing import Final

HEALTH_PATH: Final = "/healthz"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the host. Names are not resolved; `localhost` is the only one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
