"""Stand for collections that nothing was put into: an empty deque has 760 octets, and an idle call would have six."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

NO_ITEMS: Final[deque[Any]] = deque(maxlen=0)
"""Empty for ever, and shared by all calls. Before it appends, a caller replaces it by a deque of its own."""
NO_NAMES: Final[frozenset[Any]] = frozenset()
"""The same for a set, of 216 octets. To add, a caller replaces it by a larger one (`|=`)."""
