"""Octets that calls hold for their readers: bounded per call, and for all calls that share one budget.

A part of a call (its queue of events, its reorder window, a message in fragments) counts its own octets, and compares
them with the limit of its Share. Below FREE_OCTETS nothing else happens, so an ordinary message costs one comparison.
Beyond it the part asks the budget, in steps of GRAIN_OCTETS. If the budget is used up, the call that holds the most
pays: it drops its oldest events, which one Overrun in its queue counts.
"""

from __future__ import annotations

from typing import Final, Protocol
from weakref import ReferenceType, WeakSet, ref

__all__ = ["HeldBudget"]

FREE_OCTETS: Final = 256 * 1024
"""Each part of a call may hold as much without asking: 5 s of PCMU with its events, which a slow handler may leave."""
GRAIN_OCTETS: Final = 64 * 1024
"""The budget is asked in steps of this size, so that it is asked rarely."""
MAX_HELD_OCTETS: Final = 256 * 1024 * 1024
"""Of all calls together: 500 calls (`max_calls`) with 5 s of unread L16 at 16 kHz each hold 200 MB."""


class Shedding(Protocol):
    """A part of a call that can drop what it holds."""

    def shed(self, octets: int) -> int:
        """Drop the oldest of what is held, and return how much of its share was given back: octets, if it can."""


class HeldBudget:
    """The octets that all calls of one endpoint may hold together. Use from one thread at a time."""

    __slots__ = ("_accounts", "held_octets", "max_octets")

    def __init__(self, max_octets: int = MAX_HELD_OCTETS) -> None:
        """Make a budget that nobody has used yet.

        max_octets: limit on what calls hold beyond FREE_OCTETS per part.
        Raises: ValueError if it is negative.
        """
        if max_octets < 0:
            raise ValueError(f"max_octets is {max_octets}, 0 or more is needed")
        self.max_octets = max_octets
        self.held_octets = 0
        """Octets that were granted and not given back."""
        self._accounts: WeakSet[Account] = WeakSet()

    def grant(self, account: Account, octets: int) -> bool:
        """Grant octets to a call. If they do not fit, calls that hold more than it pay. False: it holds the most."""
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
        """Count octets of a call, or fewer if negative, whether they fit or not."""
        account.granted_octets += octets
        self.held_octets += octets
        if account.granted_octets:
            self._accounts.add(account)
        else:
            self._accounts.discard(account)


class Account:
    """What one call holds of a budget. It is given back when the call is freed."""

    __slots__ = ("__weakref__", "_parts", "budget", "granted_octets")

    def __init__(self, budget: HeldBudget) -> None:
        self.budget = budget
        self.granted_octets = 0
        # Weak, so that a call that has ended is freed at once and not by the cycle collector.
        self._parts: list[ReferenceType[Shedding]] = []

    def attach(self, part: Shedding) -> None:
        """Add a part that can drop what it holds."""
        # Readers come and go: without this, their references would add up.
        self._parts = [reference for reference in self._parts if reference() is not None]
        self._parts.append(ref(part))

    def shed(self, octets: int) -> int:
        """Drop the oldest of what the call holds, until so many octets were given back. Returns how many were."""
        freed = 0
        for reference in self._parts:
            part = reference()
            if part is not None and freed < octets:
                freed += part.shed(octets - freed)
        return freed

    def __del__(self) -> None:
        self.budget.held_octets -= self.granted_octets


class Share:
    """The limit of one part of a call. Without an account it is fixed."""

    __slots__ = ("_account", "_free_octets", "_max_octets", "limit_octets", "low_octets")

    def __init__(self, max_octets: int, account: Account | None = None) -> None:
        """Make a share of which nothing is used.

        max_octets: what the part may hold at most, whatever the budget has.
        account: the call's account; None: max_octets is the only limit.
        """
        self._max_octets = max_octets
        self._account = account
        self._free_octets = max_octets if account is None else min(FREE_OCTETS, max_octets)
        self.limit_octets: int = self._free_octets
        """What the part may hold before it must call `covers`."""
        self.low_octets = -1
        """If the part holds less, it must call `shrink`."""

    def covers(self, octets: int) -> bool:
        """Ask for more. False: the part must not hold so many octets."""
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
        """Give back what is not needed to hold so many octets. Returns how much that is."""
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
