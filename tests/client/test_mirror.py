"""The two shells are one, written twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rtpcodec.client.aio
import rtpcodec.client.sync
from rtpcodec.client import AsyncCallControl, CallControl
from rtpcodec.client.aio_http import AsyncHttp
from rtpcodec.client.sync_http import BlockingHttp


def test_the_shells_are_short_mirror_images() -> None:
    """Whoever reads one has read the other; only the words of await differ."""

    def read(module: Any) -> list[str]:
        return Path(module.__file__).read_text().splitlines()

    def members(kind: type) -> list[str]:
        return [
            name.replace("__a", "__").replace("aclose", "close") for name in vars(kind) if callable(vars(kind)[name])
        ]

    assert max(len(read(rtpcodec.client.sync)), len(read(rtpcodec.client.aio))) < 80
    assert members(CallControl) == members(AsyncCallControl)
    assert members(BlockingHttp) == members(AsyncHttp)
