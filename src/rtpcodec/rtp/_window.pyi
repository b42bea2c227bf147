from typing import Any, Final, final

from typing_extensions import disjoint_base

REMEMBERED: Final[int]
Content = tuple[str, int | None, int]

def digest(payload: bytes, /) -> int: ...

@final
class Contents:
    def __len__(self) -> int: ...
    def remember(self, number: int, content: Content | None) -> None: ...
    def of(self, number: int) -> Content | None: ...
    def clear(self) -> None: ...

@disjoint_base
class WindowState:
    next: int
    first: int | None
    _held: dict[int, Any]
    _stray: tuple[int, Any, Content | None] | None
    _refused: list[tuple[int, Any, bool]]
    _contents: Contents
    def follows(self, number: int, content: Content | None) -> bool: ...
