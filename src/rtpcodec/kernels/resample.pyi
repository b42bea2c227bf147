from typing import Final

RATES_HZ: Final[tuple[int, int, int, int, int, int, int, int, int]]

def coefficients(from_hz: int, to_hz: int, /) -> tuple[tuple[int, ...], ...]: ...
