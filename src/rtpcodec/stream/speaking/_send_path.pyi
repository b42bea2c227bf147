from typing import Any, Final, final

NUMBERS: Final[tuple[float, ...]]

@final
class SendPath:
    def __new__(cls, parts: Any, releaser: Any, resolver: Any, stopper: Any, feedback: Any) -> SendPath: ...
    def follow(self) -> None: ...

@final
class Form:
    def __new__(cls, parts: Any) -> Form: ...
