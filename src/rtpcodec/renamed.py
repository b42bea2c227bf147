"""Public names of earlier versions: they work for one minor version, with a DeprecationWarning that names the new one.

A package or module of RENAMED ends its `__getattr__` with `lookup`. To rename a public name, add one line.
docs/api/renamed.md lists the same names.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

GONE_IN: Final = "0.3.0"
"""The version without the old names."""

RENAMED: Final = {
    "rtpcodec.ComfortNoise": "rtpcodec.audio.comfort_noise.ComfortNoise",
    "rtpcodec.bed_source": "rtpcodec.background_source",
    "rtpcodec.client.Exchange": "rtpcodec.client.CommandAttempts",
    "rtpcodec.server.other_servers.request_refusal": "rtpcodec.server.request_refusal",
    "rtpcodec.sim.Trouble": "rtpcodec.sim.CommandFault",
    "rtpcodec.stream.held.HeldBudget": "rtpcodec.stream.memory_budget.HeldBudget",
    "rtpcodec.stream.speaking.bed_source.bed_source": "rtpcodec.background_source",
    "rtpcodec.stream.speaking.beds.Bed": "rtpcodec.stream.BackgroundSound",
}
"""The dotted name of an earlier version: the new one."""


def lookup(module: str, name: str) -> Any:
    """Return the object that an old name of a module stands for, with a warning at the caller's line.

    Raises:
        AttributeError: the module never had such a name.
    """
    new = RENAMED.get(f"{module}.{name}")
    if new is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    warnings.warn(
        f"{module}.{name} is now {new}; the old name goes in {GONE_IN}",
        DeprecationWarning,
        stacklevel=3,
    )
    owner, _, attribute = new.rpartition(".")
    return getattr(import_module(owner), attribute)


def renamed_argument(old: str, new: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator of functions one of whose arguments has a new name: the old keyword works, with a warning."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if old in kwargs:
                warnings.warn(
                    f"{function.__qualname__}({old}=) is now {new}=; the old name goes in {GONE_IN}",
                    DeprecationWarning,
                    stacklevel=2,
                )
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate
