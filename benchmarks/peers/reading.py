"""Results of peers as arrays of codes or samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def codes(result: Any) -> NDArray[np.uint8]:
    """Octets of any buffer."""
    return np.frombuffer(result, np.uint8)


def samples(result: Any) -> NDArray[np.int16]:
    """Native int16 samples of any buffer."""
    return np.frombuffer(result, np.int16)
