"""Objects of this package that are alive after the end of their call, counted with the cycle collector off.

A reference cycle keeps them until the collector comes, which may be minutes and hundreds of megabytes later.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import types
from collections.abc import Collection, Iterator
from typing import Any, Final, Self

PACKAGES: Final = ("rtpcodec.", "picows.", "aiofastnet.")
"""Modules whose types are counted, including the WebSocket libraries, because references to a call keep it alive."""
STEPS: Final = 12
"""The longest chain of references to describe."""
ROUNDS: Final = 500
"""Rounds of the event loop that the libraries may need to drop a closed connection, at least 1 s."""


class Census:
    """Count the objects made within the block, which runs with the cycle collector off and without logs."""

    def __enter__(self) -> Self:
        # pytest keeps log records, with the tracebacks of errors and the frames of handlers.
        logging.disable(logging.CRITICAL)
        gc.freeze()  # older objects are not examined, which also makes each pass fast
        gc.disable()
        return self

    def __exit__(self, *_failure: object) -> None:
        gc.enable()
        gc.unfreeze()
        logging.disable(logging.NOTSET)

    async def settled(self, kept: Collection[str] = ()) -> list[str]:
        """Wait until only objects of the kept types are alive, and return `left`."""
        for _ in range(ROUNDS):
            if not _objects(kept):
                break
            await asyncio.sleep(0.002)
        return self.left(kept)

    def left(self, kept: Collection[str] = ()) -> list[str]:
        """Describe each object that is alive: its type, and what refers to it. `kept` names types that may be alive."""
        found = _objects(kept)
        return [f"{type(one).__name__} <- {' <- '.join(_chain(one, found))}" for one in found]


def _objects(kept: Collection[str]) -> list[Any]:
    return [one for one in gc.get_objects() if _is_ours(one) and type(one).__name__ not in kept]


def _is_ours(one: object) -> bool:
    return str(type(one).__module__).startswith(PACKAGES) and type(one) is not type


def _chain(one: object, looked_at: list[Any]) -> Iterator[str]:
    """Yield a referrer of an object, a referrer of that, and so on, until the cycle is closed.

    looked_at: the list of the objects, which refers to them only for this look.
    """
    seen = {id(one)}
    for _ in range(STEPS):
        referrers = [found for found in gc.get_referrers(one) if found is not looked_at and not _is_of_this_file(found)]
        closing = next((found for found in referrers if id(found) in seen), None)
        if closing is not None:
            yield f"{_name(closing, one)}, a cycle"
            return
        if not referrers:
            return
        yield _name(referrers[0], one)
        seen.add(id(referrers[0]))
        one = referrers[0]


def _is_of_this_file(found: object) -> bool:
    frame = found.gi_frame if isinstance(found, types.GeneratorType) else found
    return isinstance(frame, types.FrameType) and frame.f_code.co_filename == __file__


def _name(owner: object, member: object) -> str:
    """Return the type of an owner and the attribute by which it refers to a member."""
    if isinstance(owner, types.FrameType):
        return f"frame of {owner.f_code.co_qualname}"
    if isinstance(owner, types.MethodType | types.FunctionType):
        return f"{type(owner).__name__} {owner.__qualname__}"
    names = [name for kind in type(owner).__mro__ for name in kind.__dict__.get("__slots__", ())]
    names += getattr(owner, "__dict__", {})
    name = next((name for name in names if getattr(owner, name, None) is member), "")
    return f"{type(owner).__name__}{name and f'.{name}'}"
