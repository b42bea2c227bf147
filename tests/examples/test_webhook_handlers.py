"""The webhook handlers of docs/webhooks.md and docs/call.md answer signed events with 200, and all others with 401."""

from __future__ import annotations

import collections
import re
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

import rtpcodec
from tests.client.test_webhook import BODY, KEY, signed

DOCS = Path(__file__).parents[2] / "docs"
_FENCED = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def names_of(page: str, mark: str, **names: Any) -> dict[str, Any]:
    """Run the example of a page that contains a text, and return its names."""
    (source,) = [block for block in _FENCED.findall((DOCS / page).read_text("utf-8")) if mark in block]
    exec(source, names)
    return names


def in_fastapi() -> tuple[FastAPI, str]:
    app = FastAPI()
    app.post("/webhook")(names_of("webhooks.md", "async def webhook")["webhook"])
    return app, "/webhook"


def in_starlette() -> tuple[Starlette, str]:
    handler = names_of("webhooks.md", "async def webhook")["webhook"]
    return Starlette(routes=[Route("/webhook", handler, methods=["POST"])]), "/webhook"


def of_calls_on_another_server() -> tuple[FastAPI, str]:
    app = FastAPI()
    names = {"app": app, "collections": collections, "rtpcodec": rtpcodec}
    names_of("call.md", '@app.post("/hooks")', HTTPException=HTTPException, Request=Request, **names)
    return app, "/hooks"


@pytest.mark.parametrize("app", [in_fastapi, in_starlette, of_calls_on_another_server])
def test_a_handler_accepts_signed_webhooks_only(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", KEY)
    asgi, path = app()
    with TestClient(asgi) as client:
        headers = signed(BODY, int(time.time()))
        assert client.post(path, content=BODY, headers=headers).status_code == 200
        assert client.post(path, content=BODY + b" ", headers=headers).status_code == 401
        assert client.post(path, content=BODY).status_code == 401
