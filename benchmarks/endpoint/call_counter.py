"""Counts Python frames and C functions of a server's process between two signals."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any, Final

TOGGLE: Final = signal.SIGUSR1
FILE: Final = "calls.json"


class CallCounter:
    """Counts from the first signal to the second, which writes a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._counted: Counter[str] = Counter()
        asyncio.get_running_loop().add_signal_handler(TOGGLE, self._toggle)

    def _toggle(self) -> None:
        if sys.getprofile() is None:
            sys.setprofile(self._count)
            return
        sys.setprofile(None)
        written = self._file.with_suffix(".new")
        written.write_text(json.dumps(self._counted))
        written.rename(self._file)

    def _count(self, frame: FrameType, event: str, called: Any) -> None:
        code = frame.f_code
        if event == "call":
            place = Path(code.co_filename)
            self._counted[f"frame {place.parent.name}/{place.name} {code.co_qualname}"] += 1
        elif event == "c_call":
            self._counted[f"C {getattr(called, '__qualname__', called)}"] += 1
