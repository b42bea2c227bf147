"""The blocking and the asyncio client have the same methods, in the same order."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import rtpcodec.client.aio
import rtpcodec.client.sync
from rtpcodec.client import AsyncCallControl, CallControl
from rtpcodec.client.aio_http import AsyncHttp
from rtpcodec.client.sync_http import BlockingHttp


def test_the_shells_are_short_mirror_images() -> None:
    """A reader of one knows the other: they differ in `async` and `await` alone."""

    def lines_of_code(module: Any) -> int:
        """Return the number of lines that are not part of a docstring."""
        text = Path(module.__file__).read_text()
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        docstrings = [node.body[0] for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
        strings = [one for one in docstrings if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)]
        return len(text.splitlines()) - sum((one.end_lineno or one.lineno) - one.lineno + 1 for one in strings)

    def members(kind: type) -> list[str]:
        return [
            name.replace("__a", "__").replace("aclose", "close") for name in vars(kind) if callable(vars(kind)[name])
        ]

    assert max(lines_of_code(rtpcodec.client.sync), lines_of_code(rtpcodec.client.aio)) < 80
    assert members(CallControl) == members(AsyncCallControl)
    assert members(BlockingHttp) == members(AsyncHttp)
