"""Settings of a control: key, address, time limits, and the HTTP library."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from rtpcodec.client import AsyncCallControl, CallControl, Retry, transport
from rtpcodec.errors import InvalidCommand, MissingExtra
from tests.client.conftest import RecordingCarrier

KEY = "KEY0123456789_abcdefghij"


def test_settings_come_from_the_environment(carrier: RecordingCarrier, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidCommand, match="api_key is missing"):
        CallControl()
    monkeypatch.setenv("TELNYX_API_KEY", "KEYenv")
    monkeypatch.setenv("TELNYX_BASE_URL", carrier.url)
    with CallControl() as control:
        control.stop_streaming("v3:x")
        control.stop_streaming("v3:x")
    control.close()
    assert [each.headers["authorization"] for each in carrier.received] == ["Bearer KEYenv"] * 2


@pytest.mark.parametrize("kind", [CallControl, AsyncCallControl])
@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "5", None])
def test_impossible_timeouts(kind: Callable[..., object], seconds: object, http_library: str) -> None:
    with pytest.raises(
        InvalidCommand, match=r"was not set up: timeout_s is .*, must be a number of seconds greater than 0"
    ):
        kind(KEY, timeout_s=seconds)


@pytest.mark.parametrize("kind", [CallControl, AsyncCallControl])
@pytest.mark.parametrize("host", ["256.1.1.1", "xn--"])
def test_impossible_hosts(kind: Callable[..., object], host: str, http_library: str) -> None:
    with pytest.raises(
        InvalidCommand, match="call control was not set up: base_url is not a URL: its host cannot be read"
    ):
        kind(KEY, base_url=f"https://{host}/v2")


@pytest.mark.parametrize("kind", [CallControl, AsyncCallControl])
def test_a_missing_library_names_the_extra(kind: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in transport.LIBRARIES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra) as caught:
        kind(KEY)
    assert str(caught.value) == f"{getattr(kind, '__name__', '')} needs httpx2: pip install 'rtpcodec[client]'"


def test_httpx2_is_preferred_and_httpx_serves_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with CallControl(KEY) as control:
        assert type(control._client).__module__ == "httpx2"
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with CallControl(KEY) as control:
        assert type(control._client).__module__ == "httpx"


@pytest.mark.parametrize("kind", [CallControl, AsyncCallControl])
@pytest.mark.parametrize(("retries", "rule"), [(-1, "is -1, must be 0 or greater"), (1.5, "is float, must be int")])
def test_impossible_retries(kind: Callable[..., object], retries: object, rule: str) -> None:
    with pytest.raises(InvalidCommand, match=f"^call control was not set up: retries {rule}$"):
        kind(KEY, retry=Retry(retries))  # type: ignore[arg-type] # the wrong type is the test
