"""When webhook events about a phone call occurred, by the carrier's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class Occurred:
    """The latest event, and the one since which events count. None: none has occurred."""

    latest: datetime | None = None
    since: datetime | None = None
    """Events that occurred before it are stale."""
