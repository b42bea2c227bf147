"""Public names of earlier versions: they work for one minor version, with a DeprecationWarning that names the new one.

A package or module of RENAMED ends its `__getattr__` with `lookup`. To rename a public name, add one line.
docs/api/renamed.md lists the same names.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any, Final

GONE_IN: Final = "0.3.0"
"""The version without the old names."""

RENAMED: Final = {
    "rtpcodec.ComfortNoise": "rtpcodec.audio.comfort_noise.ComfortNoise",
    "rtpcodec.bed_source": "rtpcodec.background_source",
    "rtpcodec.client.Exchange": "rtpcodec.client.CommandAttempts",
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
