"""Shared empty collections: an empty deque has 760 octets, and an idle call would have six of them."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

NO_ITEMS: Final[deque[Any]] = deque(maxlen=0)
"""Always empty, and shared by all calls. Before a caller appends, it replaces this by its own deque."""
NO_NAMES: Final[frozenset[Any]] = frozenset()
"""The same for a set, which has 216 octets. To add, a caller replaces it by a larger set (`|=`)."""
