"""The doctor's checks of webhooks and of the carrier's HTTP interface, against servers of every kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.client.webhook import verify_webhook
from rtpcodec.doctor.examination import examine
from rtpcodec.doctor.finding import Finding
from rtpcodec.doctor.network.address import Address
from rtpcodec.doctor.network.request import ask
from rtpcodec.doctor.settings import DoctorSettings
from rtpcodec.errors import WebhookError
from tests.doctor.site import HIDDEN_PATH, KEY, found_by, free_port, site


@pytest.mark.parametrize(
    ("date", "result"),
    [("Wed, 01 Jan 2020 00:00:00 GMT", "failed"), ("not a date", "skipped")],
)
def test_the_clock_is_compared_with_the_carriers(date: str, result: str) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=401, headers={"Date": date})

    async def main() -> list[Finding]:
        async with site(answer) as port:
            return await examine(DoctorSettings(api_key=KEY, base_url=f"http://127.0.0.1:{port}", port=free_port()))

    assert found_by(main)["clock"].result == result


@pytest.mark.parametrize(("key", "seen"), [("not base64!", "is not base64"), ("YWJj", "has 3 octets, 32 are needed")])
def test_a_public_key_of_another_form(key: str, seen: str) -> None:
    found = found_by(lambda: examine(DoctorSettings(public_key=key, port=free_port())))
    assert (found["public key"].result, found["public key"].seen) == ("failed", seen)


async def verifying(request: web.Request) -> web.StreamResponse:
    try:
        verify_webhook(await request.read(), request.headers, "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
    except WebhookError:
        return web.Response(status=403)
    return web.Response()


async def trusting(_request: web.Request) -> web.StreamResponse:
    return web.Response()


async def broken(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


@pytest.mark.parametrize(
    ("app", "result", "remedy"),
    [
        (verifying, "ok", ""),
        (trusting, "warning", "verify_webhook"),
        (broken, "failed", "log"),
    ],
)
def test_an_app_that_takes_webhooks_already(app: Any, result: str, remedy: str) -> None:
    async def main() -> list[Finding]:
        async with site(app) as port:
            url = f"http://127.0.0.1:{port}{HIDDEN_PATH}"
            return await examine(DoctorSettings(webhook_url=url, webhook_port=port, port=free_port(), limit_s=30.0))

    found = found_by(main)["webhook endpoint"]
    assert found.result == result
    assert remedy in found.remedy


async def posted_on(request: web.Request, port: int, change: str) -> web.StreamResponse:
    """Return a proxy that forwards a webhook, and changes something."""
    body, fields = await request.read(), {name: value for name, value in request.headers.items() if "-" in name}
    if change == "spaces":
        body = json.dumps(json.loads(body), indent=1).encode()
    elif change == "no body":
        body = b""
    elif change == "no signature":
        fields = {name: value for name, value in fields.items() if not name.lower().startswith("telnyx")}
    fields.pop("Content-Length", None)
    address = Address("http", "127.0.0.1", port, request.path_qs)
    answer = await ask(address, "POST", {**fields, "Host": "x"}, body, limit_s=30.0)
    return web.Response(status=answer.status)


@pytest.mark.parametrize(
    ("change", "result", "seen"),
    [
        ("nothing", "ok", "the doctor's listener was recognised"),
        ("spaces", "failed", "the body arrives changed"),
        ("no body", "failed", "the body arrives changed"),
        ("no signature", "failed", "the headers of the signature do not arrive"),
    ],
)
def test_a_proxy_that_changes_webhooks(change: str, result: str, seen: str) -> None:
    port = free_port()

    async def main() -> list[Finding]:
        async def passed_on(request: web.Request) -> web.StreamResponse:
            return await posted_on(request, port, change)

        async with site(passed_on) as public:
            url = f"http://127.0.0.1:{public}{HIDDEN_PATH}"
            return await examine(DoctorSettings(webhook_url=url, webhook_port=port, port=free_port(), limit_s=30.0))

    found = found_by(main)["webhook endpoint"]
    assert found.result == result
    assert seen in found.seen


def test_an_app_that_answers_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "ANSWER_TIMEOUT_S", 0.0)

    async def main() -> list[Finding]:
        async with site(verifying) as port:
            url = f"http://127.0.0.1:{port}/"
            return await examine(DoctorSettings(webhook_url=url, webhook_port=port, port=free_port(), limit_s=30.0))

    found = found_by(main)["webhook endpoint"]
    assert (found.result, found.remedy[:22]) == ("warning", "answer before the work")


ERRORS = '{"errors":[{"code":"90015","title":"Invalid Call Control ID"}]}'


@pytest.mark.parametrize(
    ("status", "text", "result", "remedy"),
    [
        (422, ERRORS, "ok", ""),
        (404, ERRORS, "ok", ""),
        (404, "no such page", "failed", "check the base URL"),
        (403, ERRORS, "failed", "permit call control"),
        (429, ERRORS, "warning", "later"),
        (503, "", "warning", "later"),
        (302, "", "failed", "check the base URL"),
        (200, '{"data":{"result":"ok"}}', "warning", "check the base URL"),
        (200, "a web page", "failed", "check the base URL"),
    ],
)
def test_answers_of_the_interface(status: int, text: str, result: str, remedy: str) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers={"Location": "/"} if status == 302 else None)

    async def main() -> list[Finding]:
        async with site(answer) as port:
            settings = DoctorSettings(
                api_key=KEY, base_url=f"http://127.0.0.1:{port}/v2", port=free_port(), limit_s=30.0
            )
            return await examine(settings)

    found = found_by(main)["api key"]
    assert found.result == result
    assert remedy in found.remedy


def test_a_webhook_url_that_leads_elsewhere() -> None:
    async def main() -> list[Finding]:
        async with site(trusting) as port:
            url = f"http://127.0.0.1:{port}/"
            return await examine(DoctorSettings(webhook_url=url, webhook_port=free_port(), port=free_port()))

    found = found_by(main)["webhook endpoint"]
    assert found.result == "failed"
    assert "did not come to" in found.seen
