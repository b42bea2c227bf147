from collections.abc import Iterable
from typing import Self, SupportsIndex, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

@disjoint_base
class _Bank:
    @property
    def rows(self) -> int: ...
    @property
    def mode(self) -> int: ...
    def __new__(cls, rows: SupportsIndex, *, mode: int = 1) -> Self: ...
    def reset(self, row: SupportsIndex | None = None) -> None: ...
    def copy_row(self, source: SupportsIndex, target: SupportsIndex, /) -> None: ...
    def copy(self) -> Self: ...

@final
class G722EncoderBank(_Bank):
    def encode(
        self,
        pcm: NDArray[np.int16],
        /,
        *,
        rows: Iterable[SupportsIndex] | None = None,
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]: ...

@final
class G722DecoderBank(_Bank):
    def decode(
        self,
        codes: NDArray[np.uint8],
        /,
        *,
        rows: Iterable[SupportsIndex] | None = None,
        out: NDArray[np.int16] | None = None,
    ) -> NDArray[np.int16]: ...
