"""Tests of the endpoint on picows for the endpoint on `websockets`, which must pass them too."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from types import ModuleType
from typing import Any

import pytest

import rtpcodec


def use_websockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `rtpcodec.serve`, by which tests open their endpoints, use `websockets`."""
    monkeypatch.setattr(rtpcodec, "serve", partial(rtpcodec.serve, transport="websockets"))


def all_of(modules: Collection[ModuleType], but: Collection[str] = ()) -> dict[str, Callable[..., Any]]:
    """Return the tests of modules by their names, for the globals of another module; pytest collects them there.

    but: names of tests about picows itself.
    """
    found = {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("test_") and callable(value)
    }
    absent = set(but) - found.keys()
    assert not absent, absent
    return {name: value for name, value in found.items() if name not in but}
