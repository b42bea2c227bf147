"""Base classes that define pickling and copying: values support it, live objects refuse it."""

from __future__ import annotations

from typing import Any, NoReturn, SupportsIndex

FIRST_PROTOCOL_WITH_SLOTS = 2
"""Older protocols refuse a class with `__slots__`, but can store the reduced form of this one (PEP 307)."""


class Value:
    """Base of a class with `__slots__` whose objects are pickled by every protocol."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        """Return the reduced form for pickle and copy."""
        return super().__reduce_ex__(max(protocol.__index__(), FIRST_PROTOCOL_WITH_SLOTS))


class Live:
    """Base of a class whose objects have a socket, a task, a thread or the state of a stream, and are not values."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Refuse pickle and copy with TypeError."""
        raise TypeError(f"{type(self).__name__} belongs to its process and its state, it cannot be pickled or copied")


class Raised:
    """Base of an exception whose constructor has other arguments than its message."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return the reduced form for pickle and copy."""
        attributes = dict(vars(self))
        if isinstance(self, ImportError):
            attributes |= {"name": self.name, "path": self.path, "msg": self.msg}
        return restored, (type(self), getattr(self, "args", ())), attributes


def restored(kind: type[BaseException], args: tuple[object, ...]) -> BaseException:
    """Restore an exception without its constructor."""
    error = kind.__new__(kind)
    error.args = args
    return error
