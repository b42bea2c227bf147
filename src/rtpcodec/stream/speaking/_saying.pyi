from typing import Any, final

@final
class Saying:
    def __new__(cls, parts: Any, releaser: Any, resolver: Any, stopper: Any, listener: Any) -> Saying: ...

@final
class Form:
    def __new__(cls, parts: Any) -> Form: ...
