"""TypedKeys: the keys of one call that no entry has taken yet."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Final

from rtpcodec.errors import LocalProtocolError
from rtpcodec.pump.pump import Pump
from rtpcodec.stream.machine import CallMachine

MAX_TYPED_KEYS: Final = 128
"""Limit on stored keys, more than callers type ahead; beyond it the oldest are dropped."""
KEY_OCTETS: Final = 4
"""Octets that a key counts in the budget: the widest character."""


class TypedKeys:
    """Stores keys until an entry takes them, one entry at a time. Use it in the event loop's thread only.

    The keys are secret, so they appear in no log or repr.
    """

    __slots__ = (
        "_changed",
        "_collecting",
        "_late_end",
        "_late_end_until_ms",
        "_pump",
        "_skipped",
        "_text",
        "ended",
        "last_ms",
    )

    def __init__(self, pump: Pump[CallMachine]) -> None:
        """Begin without keys. pump: the pump of the call."""
        self._pump = pump
        self._text = ""
        self._changed: asyncio.Future[None] | None = None
        self._collecting = False
        self._skipped = 0  # keys that arrived before an entry with typed_ahead=False, and were not reported yet
        self._late_end = ""
        self._late_end_until_ms = -inf
        self.last_ms = -inf
        """When the last key was reported, on the pump's clock."""
        self.ended = False
        """Whether no more keys will arrive."""

    @property
    def text(self) -> str:
        """The stored keys."""
        return self._text

    def put(self, digit: str) -> None:
        """Add a key, and wake the entry."""
        late_end, self._late_end = self._late_end, ""
        now_ms = self._pump.now_ms()
        if self._skipped:
            self._skipped -= 1
        elif not (digit in late_end and now_ms <= self._late_end_until_ms):
            self.last_ms = now_ms
            self._set((self._text + digit)[-MAX_TYPED_KEYS:])
        self.wake()

    def end(self) -> None:
        """Record that no more keys will arrive."""
        self.ended = True
        self.wake()

    # For a collection

    def begin(self, *, typed_ahead: bool) -> None:
        """Begin an entry.

        Args:
            typed_ahead: False drops the stored keys, and those that have arrived and were not reported yet.

        Raises:
            LocalProtocolError: another one runs.
        """
        if self._collecting:
            raise LocalProtocolError("another collect_dtmf of this call is running, at most 1 at a time is allowed")
        self._collecting = True
        if not typed_ahead:
            self._set("")
            self._skipped = self._pump.machine.session.waiting_keys

    def finish(self) -> None:
        """End the entry. Keys that it has not taken stay for the next one."""
        self._collecting = False
        self._changed = None

    def take(self, count: int) -> str:
        """Remove and return the first keys."""
        taken = self._text[:count]
        self._set(self._text[count:])
        return taken

    def drop_late_end(self, end: str, until_ms: float) -> None:
        """Drop the next key if it is one of `end`, and is already stored or arrives until then."""
        if not self._text:
            self._late_end, self._late_end_until_ms = end, until_ms
        elif self._text[0] in end:
            self.take(1)

    async def wait(self, until_ms: float) -> None:
        """Wait for a change, at most until then."""
        loop = asyncio.get_running_loop()
        self._changed = changed = loop.create_future()
        timer = None if until_ms == inf else loop.call_at(until_ms / 1000, self.wake)
        try:
            await changed
        finally:
            self._changed = None
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """Wake the waiting entry."""
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    def _set(self, text: str) -> None:
        account = self._pump.machine.session.account
        if account is not None and len(text) != len(self._text):
            account.budget.take(account, KEY_OCTETS * (len(text) - len(self._text)))
        self._text = text
