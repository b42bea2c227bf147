"""Stand for collections that nothing was put into: an empty deque has 760 octets, and an idle call would have six."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

NO_ITEMS: Final[deque[Any]] = deque(maxlen=0)
"""Empty for ever, and shared by all calls. Who appends replaces it by a deque of its own first."""
NO_NAMES: Final[frozenset[Any]] = frozenset()
"""The same for a set, of 216 octets. Who adds replaces it by a larger one (`|=`)."""
