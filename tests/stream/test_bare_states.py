"""Objects of the native receive path that were made without `__init__`: their methods raise, and never crash."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rtpcodec.rtp import _window
from rtpcodec.stream import _event_queue, _receive_path, _receive_states, _session

CALLS = """
import importlib, sys
made = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
arguments = [
    (), (None,), (1,), ("a",), (bytes(640),), ((1, 2, 3),), (1, 1.0), ("a", 1.0), (b"ab", 1.0), (None, 1.0),
    (1, ("a", 1, 2)), (1, 2.0, 3.0), (None, 2.0, 3.0),
]
for name in dir(made):
    if name in ("__class__", "__init_subclass__", "__new__", "__subclasshook__"):
        continue
    for given in arguments:
        try:
            getattr(made.__new__(made), name)(*given)
        except Exception:
            pass
"""
MODULES = (_event_queue, _receive_path, _receive_states, _session, _window)
BARE = [
    (module.__name__, name)
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, type) and value.__module__ == module.__name__
]


@pytest.mark.parametrize("module", [module.__name__ for module in MODULES])
def test_methods_of_a_bare_object_do_not_crash(module: str) -> None:
    names = [name for of, name in BARE if of == module]
    assert names
    for name in names:
        done = subprocess.run([sys.executable, "-c", CALLS, module, name], capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, (module, name, done.returncode, done.stderr[-500:])


def test_a_bare_clock_and_a_bare_receiving_half_say_that_they_lack_parts() -> None:
    with pytest.raises(AttributeError, match="take_chunk"):
        _receive_states.ClockState.__new__(_receive_states.ClockState).advance(None, 0.0, 20.0)
    with pytest.raises(AttributeError, match="has no deadline"):
        _ = _receive_states.IncomingState.__new__(_receive_states.IncomingState).deadline_ms
