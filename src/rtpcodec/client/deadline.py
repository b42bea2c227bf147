"""One deadline for all waits of a blocking attempt."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Iterator


class Deadline(threading.local):
    """The moment at which the calling thread's attempt ends; each thread has its own."""

    ends_s: float = math.inf
    """On the monotonic clock."""

    @contextlib.contextmanager
    def within(self, limit_s: float | None) -> Iterator[None]:
        """Set the deadline of the block to `limit_s` from now, or to that of an outer block if it is earlier."""
        outer_s = self.ends_s
        if limit_s is not None:
            self.ends_s = min(outer_s, time.monotonic() + limit_s)
        try:
            yield
        finally:
            self.ends_s = outer_s

    def left_s(self) -> float:
        """Return the seconds that are left, greater than 0.

        Raises:
            TimeoutError: none is left.
        """
        left_s = self.ends_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the deadline has passed")
        return left_s
