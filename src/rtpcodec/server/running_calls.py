"""The running calls of one endpoint, and the counters of those that have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from rtpcodec.server.endpoint_statistics import EndpointTotals
from rtpcodec.server.phone_facts import PhoneEvent
from rtpcodec.server.runner import CallRunner

GOING_AWAY: Final = 1001
ENDING_GRACE_S: Final = 1.0
"""Time for handlers after the endpoint has ended their stream, and again after their cancellation."""


class RunningCalls:
    """The running calls, and the totals of those that have ended. Use it in the event loop's thread only."""

    __slots__ = ("_idle", "_runners", "totals")

    def __init__(self) -> None:
        self._runners: set[CallRunner] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.totals = EndpointTotals()
        """The counters of the calls that have ended."""

    def __len__(self) -> int:
        return len(self._runners)

    def __iter__(self) -> Iterator[CallRunner]:
        return iter(tuple(self._runners))

    def add(self, runner: CallRunner) -> None:
        """Add a call whose socket has opened."""
        self._runners.add(runner)
        self.totals.taken += 1
        self._idle.clear()

    def remove(self, runner: CallRunner) -> None:
        """Remove a call that has ended on both sides, and keep its counters."""
        self._runners.discard(runner)
        add_to(self.totals, runner)
        self.totals.failed += runner.failed_call
        if not self._runners:
            self._idle.set()

    def handle(self, event: PhoneEvent) -> bool:
        """Pass a webhook event to the calls that it is about. Returns whether there was one."""
        handled = [runner.phone.handle(event) for runner in self if runner.phone.is_about(event)]
        return any(handled)

    async def wait_idle(self, timeout_s: float) -> None:
        """Wait until no call runs, for timeout_s at most."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return

    def stop_files(self) -> int:
        """End the recordings, captures and taps of all calls. Returns how many were open."""
        return sum(runner.stop_files() for runner in self)

    async def end(self, grace_s: float) -> None:
        """Close all streams with 1001, and cancel handlers that still run grace_s later."""
        # 1. Close the streams.
        for runner in self:
            runner.close(GOING_AWAY, "endpoint_closed")
        await self.wait_idle(grace_s)
        # 2. Cancel the handlers that still run.
        for runner in self:
            runner.cancel()
        await self.wait_idle(ENDING_GRACE_S)
        # 3. Report those that do not end.
        for runner in self:
            runner.log.error("the handler still runs after its cancellation; it is abandoned")


def add_to(totals: EndpointTotals, runner: CallRunner) -> None:
    """Add the counters of a call so far."""
    pump = runner.pump
    totals.add(pump.machine.session, runner.readers, runner.phone.totals, pump.now_ms())
