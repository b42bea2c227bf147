"""Public names of a package that are loaded at their first use, so that importing the package costs nothing.

A package calls `public_names` for its `__getattr__` (PEP 562); `TYPE_CHECKING` imports beside it serve type checkers.
"""

from __future__ import annotations

import sys
from _thread import RLock  # threading would take a millisecond
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

_LOADING = RLock()
"""One thread at a time: where one imports a package and another a module of it, the import system raises an error."""


def public_names(
    package: str, modules: tuple[str, ...], names: Mapping[str, str] | None = None
) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package.

    Args:
        package: its dotted name.
        modules: its public modules.
        names: the public names that are defined in its modules, with the module of each below the package.
    """
    defined_in = names or {}

    def load(name: str) -> Any:
        """Load a public name, or the object that a renamed one stands for."""
        with _LOADING:
            if name in modules:
                return import_module(f"{package}.{name}")  # the import system sets the attribute
            if name in defined_in:
                value = getattr(import_module(f"{package}.{defined_in[name]}"), name)
                setattr(sys.modules[package], name, value)
                return value
            return import_module("rtpcodec.renamed").lookup(package, name)

    return load
