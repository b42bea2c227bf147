"""Checks the names of keyword arguments: the error names the called function, and the closest setting."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def require_known(function: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Check the names of keyword arguments.

    Args:
        function: the name of the function that was called.
        given: the passed names.
        known: all valid names.

    Raises:
        TypeError: for the first name that is not known.
    """
    names = set(known)
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, sorted(names), 1)
            hint = f"; {near[0]!r} is one" if near else ""
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")
