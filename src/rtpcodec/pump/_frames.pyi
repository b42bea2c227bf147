from collections import deque
from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

@disjoint_base
class TurnState:
    received: Callable[[str], object]
    joining: bool
    idle: bool
    _held: deque[Any] | None
    _count: int
    _most: int
    _handling: bool

def take_frame(self: Any, transport: Any, frame: Any) -> None: ...
