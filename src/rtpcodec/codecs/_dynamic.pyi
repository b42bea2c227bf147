from os import PathLike
from typing import Self, final

def loader_folders() -> list[str]: ...

@final
class SharedLibrary:
    @property
    def path(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    def __new__(
        cls, name: str | PathLike[str], functions: tuple[str, ...], version_function: str | None = None
    ) -> Self: ...
