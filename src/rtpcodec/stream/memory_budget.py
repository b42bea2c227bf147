"""Limits on the octets that calls hold for their readers, per call and for all calls that share one budget.

A part of a call (its queue of events, its reorder window, a fragmented message) counts its own octets, and compares
them with its OctetLimit. Below FREE_OCTETS nothing else happens, so an ordinary message costs one comparison. Above
it, the part requests more from the budget in steps of GRAIN_OCTETS. If the budget is used up, the call that holds
the most drops its oldest events, which one Overrun in its queue counts.
"""

from __future__ import annotations

from typing import Final, Protocol
from weakref import ReferenceType, WeakSet, ref

__all__ = ["HeldBudget"]

FREE_OCTETS: Final = 256 * 1024
"""Each part of a call may hold this much without a request: 5 s of PCMU with its events, for a slow handler."""
GRAIN_OCTETS: Final = 64 * 1024
"""Step of requests to the budget, so that they are rare."""
MAX_HELD_OCTETS: Final = 256 * 1024 * 1024
"""Limit for all calls together: 500 calls (`max_calls`) with 5 s of unread L16 at 16 kHz hold 200 MB."""


class Shedding(Protocol):
    """A part of a call that can drop what it holds."""

    def shed(self, octets: int) -> int:
        """Drop the oldest items, to give back this many octets if possible. Returns the octets that were given back."""


class HeldBudget:
    """The octets that all calls of one endpoint may hold together. Use from one thread at a time."""

    __slots__ = ("_accounts", "held_octets", "max_octets")

    def __init__(self, max_octets: int = MAX_HELD_OCTETS) -> None:
        """Make an unused budget.

        max_octets: Limit on the octets of all calls above FREE_OCTETS per part.
        Raises: ValueError if it is negative.
        """
        if max_octets < 0:
            raise ValueError(f"max_octets is {max_octets}, 0 or more is needed")
        self.max_octets = max_octets
        self.held_octets = 0
        """Octets that are granted now."""
        self._accounts: WeakSet[Account] = WeakSet()

    def grant(self, account: Account, octets: int) -> bool:
        """Grant octets to a call; if they do not fit, calls that hold more drop events. False: it holds the most."""
        # 1. Let the largest calls drop events until the octets fit. 2. Grant them if they do.
        wanted = account.granted_octets + octets
        missing = self.held_octets + octets - self.max_octets
        for payer in sorted(self._accounts, key=_granted, reverse=True) if missing > 0 else ():
            if missing <= 0 or payer is account or payer.granted_octets < wanted:
                break
            missing -= payer.shed(missing)
        if missing > 0:
            return False
        self.take(account, octets)
        return True

    def take(self, account: Account, octets: int) -> None:
        """Count octets of a call, also beyond the limit; a negative number gives octets back."""
        account.granted_octets += octets
        self.held_octets += octets
        if account.granted_octets:
            self._accounts.add(account)
        else:
            self._accounts.discard(account)


class Account:
    """The octets of a budget that one call holds. They are given back when the call is freed."""

    __slots__ = ("__weakref__", "_parts", "budget", "granted_octets")

    def __init__(self, budget: HeldBudget) -> None:
        self.budget = budget
        self.granted_octets = 0
        # Weak references, so that an ended call is freed at once and not by the cycle collector.
        self._parts: list[ReferenceType[Shedding]] = []

    def attach(self, part: Shedding) -> None:
        """Add a part that can drop its items."""
        # Drop dead references: calls may have many readers one after the other.
        self._parts = [reference for reference in self._parts if reference() is not None]
        self._parts.append(ref(part))

    def shed(self, octets: int) -> int:
        """Drop the oldest items of the call, to give back this many octets. Returns the octets that were given back."""
        freed = 0
        for reference in self._parts:
            part = reference()
            if part is not None and freed < octets:
                freed += part.shed(octets - freed)
        return freed

    def __del__(self) -> None:
        self.budget.held_octets -= self.granted_octets


class OctetLimit:
    """The limit on what one part of a call holds, which grows with the budget. Without an account it is fixed."""

    __slots__ = ("_account", "_free_octets", "_max_octets", "limit_octets", "low_octets")

    def __init__(self, max_octets: int, account: Account | None = None) -> None:
        """Make the limit of a part that holds nothing.

        max_octets: Limit of the part, independent of the budget.
        account: The call's account; None: max_octets is the only limit.
        """
        self._max_octets = max_octets
        self._account = account
        self._free_octets = max_octets if account is None else min(FREE_OCTETS, max_octets)
        self.limit_octets: int = self._free_octets
        """The part must call `covers` before it holds more than this."""
        self.low_octets = -1
        """If the part holds less, it must call `shrink`."""

    def covers(self, octets: int) -> bool:
        """Request a limit of at least this many octets. False: the part must not hold as many."""
        # 1. Within the limit? 2. Beyond the part's own limit? 3. Does the budget grant the difference?
        if octets < self.low_octets:
            self.shrink(octets)
        if octets <= self.limit_octets:
            return True
        account = self._account
        if account is None or octets > self._max_octets:
            return False
        more = -(-(octets - self.limit_octets) // GRAIN_OCTETS) * GRAIN_OCTETS
        if not account.budget.grant(account, more):
            return False
        self._set(self.limit_octets + more)
        return True

    def shrink(self, octets: int) -> int:
        """Give back octets that are not needed to hold this many. Returns the octets that were given back."""
        limit = self._free_octets + max(0, -(-(octets - self._free_octets) // GRAIN_OCTETS)) * GRAIN_OCTETS
        back = self.limit_octets - limit
        if self._account is None or back <= 0:
            return 0
        self._account.budget.take(self._account, -back)
        self._set(limit)
        return back

    def _set(self, limit_octets: int) -> None:
        self.limit_octets = limit_octets
        self.low_octets = -1 if limit_octets == self._free_octets else limit_octets - 2 * GRAIN_OCTETS


def _granted(account: Account) -> int:
    return account.granted_octets
