"""When a command is retried and how long to wait before: by status and headers. Reads no clock itself."""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final

from rtpcodec.carriers.telnyx import commands

MAX_ASKED_WAIT_S: Final = 60.0
"""A longer wait that the carrier requests is ignored, and our own is used."""
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 8.0
"""Our own waits double from FIRST_WAIT_S to LONGEST_WAIT_S."""
SHORTEST_SHARE: Final = 0.75
"""Each own wait is multiplied by a random factor from this share to 1, so that clients do not retry in step."""
UNIX_TIME_FROM_S: Final = 1e9
"""A larger value of the rate limit's reset header is a Unix time, a smaller one seconds left."""

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")


def chance() -> float:
    """Return a number from 0 up to 1. Unlike `random.random` it is pickled by its name, without the generator."""
    return random.random()  # noqa: S311 -- spreads waits, keeps no secret


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a command is retried, and the sources of randomness and time for its waits."""

    retries: int = 2
    """Attempts after the first one; 0: none."""
    random: Callable[[], float] = field(default=chance, repr=False)
    """A number from 0 up to 1."""
    unix_time_s: Callable[[], float] = field(default=time.time, repr=False)
    """The time as Unix seconds, for waits that the carrier gives as a date."""

    def wait_s(self, repeats: int, headers: Mapping[str, str]) -> float:
        """Return the seconds to wait before the next retry, after `repeats` of them."""
        asked_s = asked_wait_s(headers, self.unix_time_s())
        if asked_s is not None and 0 < asked_s <= MAX_ASKED_WAIT_S:
            return asked_s
        own_s = min(math.ldexp(FIRST_WAIT_S, min(repeats, 16)), LONGEST_WAIT_S)
        return own_s * (SHORTEST_SHARE + (1 - SHORTEST_SHARE) * self.random())


DEFAULT_RETRY: Final = Retry()


def may_succeed_later(status: int, headers: Mapping[str, str]) -> bool:
    """Return whether the same command may succeed later: by `x-should-retry`, else for 408, 409, 429, 5xx."""
    word = headers.get(commands.SHOULD_RETRY_HEADER, "").strip().lower()
    if word in ("true", "false"):
        return word == "true"
    return status in (408, 409, 429) or status >= 500


def asked_wait_s(headers: Mapping[str, str], unix_time_s: float) -> float | None:
    """Return the wait in seconds that the carrier requests, negative for a time in the past; None: no wait."""
    if (milliseconds := _number(headers.get(commands.RETRY_AFTER_MS_HEADER))) is not None:
        return milliseconds / 1000
    if (after := headers.get(commands.RETRY_AFTER_HEADER)) is not None:
        seconds = _number(after)
        return seconds if seconds is not None else _until(after, unix_time_s)
    reset = _number(headers.get(commands.RATE_RESET_HEADER))
    if reset is not None and reset > UNIX_TIME_FROM_S:
        return reset - unix_time_s
    return reset


def _number(words: str | None) -> float | None:
    """Read a plain decimal number; Python's float would also accept `inf`, `nan` and `1_0`."""
    return float(words) if words is not None and _NUMBER.fullmatch(words.strip()) else None


def _until(words: str, unix_time_s: float) -> float | None:
    """Return seconds until an HTTP date (RFC 9110 section 5.6.7)."""
    try:
        return parsedate_to_datetime(words).timestamp() - unix_time_s
    except (ValueError, OverflowError, TypeError):
        return None
