"""Addresses that an endpoint answers on."""

from __future__ import annotations

import ipaddress
from typing import Final

HEALTH_PATH: Final = "/healthz"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address. Of names only `localhost` counts."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
