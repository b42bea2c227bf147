"""Calls all methods of Cython classes with fitting and wrong arguments: `python -m tests.isolated.junk_calls`.

Objects are made by the `__new__` of each class and of each of its bases, without and with arguments. Whatever happens
has to be an exception. A crash ends the process, so this runs in one of its own.
"""

from __future__ import annotations

import array
import importlib
import pkgutil
import sys
import warnings
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import rtpcodec
from rtpcodec.codecs import codec

INFO = codec("PCMU")
RECEIVERS: tuple[tuple[Any, ...], ...] = (
    (),
    (None,),
    (b"",),
    (bytes(320),),
    (bytes(640),),
    (bytearray(320),),
    (memoryview(bytes(641)),),
    (array.array("h", [1] * 320),),
    (array.array("d", [1.0]),),
    (0,),
    (160,),
    (320,),
    (-1,),
    (1 << 80,),
    ("text",),
    (3.5,),
    ([],),
    (bytes(320), bytearray(1280)),
    (bytes(40), 320),
    (0, 1),
    (None, None),
    (INFO, 8000),
    (INFO, 16000),
    (INFO, 0),
    (INFO, -1),
    (INFO, 1 << 30),
    (8000, 16000),
    ("inbound", b"", b"", 8000, 0.0, 20.0),
)
KEYWORDS: tuple[dict[str, Any], ...] = (
    {},
    {"byte_order": "little"},
    {"mode": 3},
    {"payload_type": 0, "sequence_number": 1, "timestamp": 2, "ssrc": 3},
    {"rows": [0], "out": None},
)
NOT_CALLED = {"__class__", "__init_subclass__", "__subclasshook__", "__new__", "__getattribute__", "__dir__"}


def extension_classes() -> Iterator[type]:
    """Return every class of every extension module of the package, with its bases."""
    found: dict[type, None] = {}
    for module in pkgutil.walk_packages(rtpcodec.__path__, "rtpcodec."):
        file = getattr(module.module_finder, "path", "")
        name = module.name.rpartition(".")[2]
        if any((Path(file) / (name + suffix)).exists() for suffix in EXTENSION_SUFFIXES):
            loaded = importlib.import_module(module.name)
            for value in vars(loaded).values():
                if isinstance(value, type) and value.__module__.startswith("rtpcodec."):
                    found.update(dict.fromkeys(base for base in value.__mro__ if base is not object))
    yield from (one for one in found if not issubclass(one, BaseException) and is_static(one))


def is_static(one: type) -> bool:
    """Report whether a class is made in C: Python's own have a writable dictionary."""
    return not one.__flags__ & (1 << 9)


def attempt(call: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Return the result of a call, or None after an exception."""
    try:
        return call(*arguments, **keywords)
    except (Exception, CancelledError) as error:
        return error


def instances(one: type) -> Iterator[Any]:
    """Return objects of a class, and of a Python subclass if possible, made by each __new__ that accepts them."""
    classes = [one]
    subclass = attempt(type, "Sub" + one.__name__, (one,), {})
    if isinstance(subclass, type):
        classes.append(subclass)
    for cls in classes:
        for maker in one.__mro__:
            for arguments in RECEIVERS:
                for keywords in KEYWORDS:
                    made = attempt(maker.__new__, cls, *arguments, **keywords)
                    if isinstance(made, one):
                        yield made


def misuse(one: Any) -> int:
    """Call and read all members of an object; return the number of calls."""
    calls = 0
    for name in dir(type(one)):
        if name in NOT_CALLED:
            continue
        member = attempt(getattr, one, name)
        attempt(setattr, one, name, 1 << 40)
        if not callable(member) or isinstance(member, Exception):
            continue
        for arguments in (*RECEIVERS, (one,)):
            for keywords in KEYWORDS:
                calls += 1
                attempt(member, *arguments, **keywords)
    attempt(repr, one)
    return calls


def main() -> None:
    """Misuse one object of each kind that can be made."""
    warnings.simplefilter("ignore")
    calls, classes, made = 0, 0, 0
    for cls in extension_classes():
        classes += 1
        seen: set[str] = set()
        for one in instances(cls):
            kind = f"{type(one).__name__} {attempt(repr, one)}"
            if kind not in seen:
                seen.add(kind)
                made += 1
                calls += misuse(one)
    sys.stdout.write(f"{classes} classes, {made} kinds of objects, {calls} calls\n")


if __name__ == "__main__":
    main()
