"""The location of reference vectors: a small part in tests/data, the whole set in the folder of RTPCODEC_VECTORS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "RTPCODEC_VECTORS"
SHIPPED = Path(__file__).parent / "data"


def whole_set(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of the whole set; None if the variable is unset. FileNotFoundError: it is not a folder."""
    name = environment.get(VARIABLE)
    if not name:
        return None
    folder = Path(name)
    if not folder.is_dir():
        raise FileNotFoundError(f"{VARIABLE} is set to {name}, but that is not a folder")
    return folder
