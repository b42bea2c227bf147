"""KeyboardInterrupt within a callback of a socket: it must end the program, which some event loops do not do."""

from __future__ import annotations

import asyncio
from typing import NoReturn


def end_loop(interrupt: KeyboardInterrupt) -> None:
    """Raise an interrupt out of the running event loop, in its next turn.

    uvloop treats an exception in a callback of a socket as an error of that socket, and continues.
    """
    asyncio.get_running_loop().call_soon(_raise, interrupt)


def _raise(interrupt: KeyboardInterrupt) -> NoReturn:
    raise interrupt
