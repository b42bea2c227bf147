"""A plan per call: a function of path and query parameters, and `endpoint.stream(plan=...)`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

import rtpcodec
from rtpcodec import StreamPlan
from rtpcodec.errors import EndpointError
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, EndpointSettings
from rtpcodec.sim import Carrier
from tests.server.dialler import call, dial, run, until

G722 = StreamPlan(send_codec="G722")


async def wait_for(call: Call) -> None:
    async for _ in call.audio():
        pass


def test_a_function_is_asked_for_path_and_parameters() -> None:
    asked: list[tuple[str, Mapping[str, str]]] = []
    plans: list[StreamPlan] = []

    def plan(path: str, parameters: Mapping[str, str]) -> StreamPlan:
        asked.append((path, parameters))
        return StreamPlan(send_codec=parameters.get("codec", "PCMA"))

    async def handler(call: Call) -> None:
        plans.append(call.plan)

    async def main() -> None:
        async with rtpcodec.serve(handler, plan=plan, path=None) as endpoint:
            for target in ("a/b?codec=G722&codec=PCMU&empty=&x=%2Fy", "c"):
                async with call(f"{endpoint.url}{target}") as carrier:
                    await carrier.close_code()

    run(main)
    assert asked == [("/a/b", {"codec": "G722", "empty": "", "x": "/y"}), ("/c", {})]
    assert [one.send_codec for one in plans] == ["G722", "PCMA"]


def failing(_path: str, _parameters: Mapping[str, str]) -> StreamPlan:
    raise SystemExit("no tenant")


def wrong(_path: str, _parameters: Mapping[str, str]) -> Any:
    return "PCMU"


@pytest.mark.parametrize(
    ("plan", "text"),
    [(failing, "no tenant"), (wrong, "plan returned a value of type str, a StreamPlan is needed")],
)
def test_a_function_that_fails_closes_its_call_alone(plan: Any, text: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with rtpcodec.serve(wait_for, plan=plan) as endpoint:
            async with dial(endpoint.url) as carrier:
                assert await carrier.close_code() == 1011
            await until(lambda: not endpoint.statistics().calls_running)
            assert endpoint.statistics().calls_failed == 1

    run(main)
    assert "the function plan raised an exception; the call is closed" in caplog.text
    assert text in caplog.text


def test_a_requested_stream_has_its_own_plan() -> None:
    async def main() -> list[str]:
        codecs = []
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(wait_for, plan=lambda _path, _parameters: StreamPlan()) as endpoint,
        ):
            phone = carrier.new_call(bytes(16 * 1000))
            with pytest.raises(EndpointError, match=r"which stream\(\) generates: pass plan=$"):
                await endpoint.stream(control, phone.call_control_id)
            with pytest.raises(TypeError, match="the endpoint's plan has 'G722'"):
                await endpoint.stream(control, phone.call_control_id, plan=G722, stream_bidirectional_codec="PCMU")
            asked = await endpoint.stream(control, phone.call_control_id, plan=G722)
            codecs.append(asked.plan.send_codec)
            await phone.finished()
            _, body = phone.commands[-1]
            codecs.append(body["stream_bidirectional_codec"])
        return codecs

    assert run_virtual(main()) == ["G722", "G722"]


@pytest.mark.parametrize(("plan", "kind"), [("PCMU", "str"), (failing, "function")])
def test_a_requested_stream_needs_a_plan_itself(plan: Any, kind: str) -> None:
    async def main() -> None:
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(wait_for) as endpoint,
        ):
            phone = carrier.new_call(b"")
            with pytest.raises(TypeError, match=rf"^plan is of type {kind}, a StreamPlan is needed$"):
                await endpoint.stream(control, phone.call_control_id, plan=plan)
            assert phone.commands == []
            phone.hang_up()

    run_virtual(main())


def test_a_plan_that_is_neither_is_refused() -> None:
    async def later(_path: str, _parameters: Mapping[str, str]) -> StreamPlan:
        await asyncio.sleep(0)
        return G722

    with pytest.raises(EndpointError, match=r"^plan is a coroutine function, a plain one is needed$"):
        EndpointSettings(handler=wait_for, plan=later)  # type: ignore[arg-type]
    with pytest.raises(EndpointError, match=r"^plan is of type str, a StreamPlan or a function is needed$"):
        EndpointSettings(handler=wait_for, plan="PCMU")  # type: ignore[arg-type]
