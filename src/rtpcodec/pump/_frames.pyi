from collections import deque
from typing import Any

from typing_extensions import disjoint_base

@disjoint_base
class TurnState:
    idle: bool
    _held: deque[Any] | None
    _count: int
    _handling: bool

def take_frame(self: Any, transport: Any, frame: Any) -> None: ...
