"""TypedKeys: the keys of one call that no collection has taken yet."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Final

from rtpcodec.errors import LocalProtocolError
from rtpcodec.pump.pump import Pump
from rtpcodec.stream.machine import CallMachine

MAX_TYPED_KEYS: Final = 128
"""Keys that wait for a collection. No caller types ahead as many; beyond it the oldest are dropped."""
KEY_OCTETS: Final = 4
"""What a key counts as held: the widest character."""


class TypedKeys:
    """Keeps keys until a collection takes them, one collection at a time. Use it in the event loop's thread only.

    The keys are secret: nothing shows them.
    """

    __slots__ = (
        "_collecting",
        "_late_end",
        "_late_end_until_ms",
        "_pump",
        "_skipped",
        "_text",
        "_wake",
        "ended",
        "last_ms",
    )

    def __init__(self, pump: Pump[CallMachine]) -> None:
        """Make an empty store for the call of this pump."""
        self._pump = pump
        self._text = ""
        self._wake: asyncio.Future[None] | None = None
        self._collecting = False
        self._skipped = 0  # keys that had arrived before a collection that does not want them
        self._late_end = ""
        self._late_end_until_ms = -inf
        self.last_ms = -inf
        """When the last key was reported, on the pump's clock."""
        self.ended = False
        """Whether no more keys will come."""

    @property
    def text(self) -> str:
        """The keys that wait."""
        return self._text

    def put(self, digit: str) -> None:
        """Add a key, and wake the collection."""
        late_end, self._late_end = self._late_end, ""
        now_ms = self._pump.now_ms()
        if self._skipped:
            self._skipped -= 1
        elif not (digit in late_end and now_ms <= self._late_end_until_ms):
            self.last_ms = now_ms
            self._set((self._text + digit)[-MAX_TYPED_KEYS:])
        self.wake()

    def end(self) -> None:
        """Record that no more keys will come."""
        self.ended = True
        self.wake()

    # For a collection

    def begin(self, *, typed_ahead: bool) -> None:
        """Begin a collection.

        Args:
            typed_ahead: False drops the keys that wait, and those that have arrived and were not reported yet.

        Raises:
            LocalProtocolError: another one runs.
        """
        if self._collecting:
            raise LocalProtocolError("another collect_dtmf of this call runs already, at most 1 may run at a time")
        self._collecting = True
        if not typed_ahead:
            self._set("")
            self._skipped = self._pump.machine.session.waiting_keys

    def finish(self) -> None:
        """End the collection. Keys that it has not taken wait for the next one."""
        self._collecting = False
        self._wake = None

    def take(self, count: int) -> str:
        """Remove and return the first keys."""
        taken = self._text[:count]
        self._set(self._text[count:])
        return taken

    def drop_late_end(self, end: str, until_ms: float) -> None:
        """Drop the next key if it is one of `end` and comes by then, or waits already."""
        if not self._text:
            self._late_end, self._late_end_until_ms = end, until_ms
        elif self._text[0] in end:
            self.take(1)

    async def wait(self, until_ms: float) -> None:
        """Wait until something may have changed, at most until then."""
        loop = asyncio.get_running_loop()
        self._wake = changed = loop.create_future()
        timer = None if until_ms == inf else loop.call_at(until_ms / 1000, self.wake)
        try:
            await changed
        finally:
            self._wake = None
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """Let the collection look again."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _set(self, text: str) -> None:
        account = self._pump.machine.session.account
        if account is not None and len(text) != len(self._text):
            account.budget.take(account, KEY_OCTETS * (len(text) - len(self._text)))
        self._text = text
