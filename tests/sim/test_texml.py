"""TeXML documents on the simulator: it reads the plan from the element, and continues after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec import StreamPlan
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, SignedPaths
from rtpcodec.sim import CallReport, Carrier, SimulatedCall
from tests.server.conversation import tone

G722 = StreamPlan(send_codec="G722", send_rate_hz=16000)


def executed(
    document: Callable[[str], str],
    handler: Callable[[Call], Awaitable[object]],
    *,
    plan: StreamPlan = G722,
    speech_ms: int = 2000,
    then: Callable[[SimulatedCall], Awaitable[object]] | None = None,
) -> tuple[CallReport, str]:
    """Execute a document, made from the stream's URL. Returns the report and the state of the call 0.1 s later."""

    async def main() -> tuple[CallReport, str]:
        paths = SignedPaths(bytes(range(32)))
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.serve(handler, plan=plan, path=None, authorize=paths.authorize) as endpoint,
        ):
            phone = carrier.new_call(bytes(16 * speech_ms))
            phone.texml(f"<Response>{document(endpoint.url.rstrip('/') + paths.new('/texml'))}</Response>")
            report = await phone.finished()
            await asyncio.sleep(0.1)
            state = phone.state
            if then is not None:
                await then(phone)
            return report, state

    return run_virtual(main())


async def speak(call: Call) -> None:
    await call.play(tone(1, 1600), pcm_hz=16000)


def test_the_stream_follows_the_plan_of_the_element() -> None:
    parameters: list[Any] = []

    async def handler(call: Call) -> None:
        parameters.append(call.started.custom_parameters)
        await speak(call)

    report, _ = executed(lambda url: G722.texml(url, parameters={"tenant": "t&1"}), handler)
    assert (report.return_codec, report.heard_hz) == ("G722", 16000)
    assert any(report.heard_pcm)
    assert parameters == [{"tenant": "t&1"}]


def test_connect_without_a_verb_behind_it_ends_the_call_with_the_stream() -> None:
    report, state = executed(G722.texml, speak)
    assert report.end_reason == "app_closed"
    assert state == "ended"


def test_connect_waits_for_the_stream_before_the_next_verb() -> None:
    states: list[str] = []

    async def then(phone: SimulatedCall) -> None:
        await asyncio.sleep(4)
        states.append(phone.state)
        await asyncio.sleep(1)
        states.append(phone.state)

    _, state = executed(lambda url: G722.texml(url) + '<Pause length="5"/>', speak, then=then)
    assert [state, *states] == ["answered", "answered", "ended"]


def test_start_continues_beside_the_stream() -> None:
    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass

    report, state = executed(lambda url: G722.texml(url, verb="Start") + '<Pause length="1"/>', listen)
    assert (report.end_reason, state) == ("hang_up", "ended")
    assert report.media_sent == pytest.approx(50, abs=2), "the document ended after 1 s, and with it the call"
    report, state = executed(
        lambda url: G722.texml(url, verb="Start") + '<Pause length="1"/><Stop><Stream/></Stop><Pause length="9"/>',
        listen,
    )
    assert (report.end_reason, state) == ("streaming_stop", "answered")


def test_the_phone_may_hang_up_first() -> None:
    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass

    report, state = executed(lambda url: G722.texml(url) + '<Pause length="60"/>', listen, speech_ms=500)
    assert (report.end_reason, state) == ("speech_ended", "ended")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<Response>", "the document is not XML"),
        ("<Start/>", "the root is 'Start', Response is needed"),
        ("<Response><Say>x</Say></Response>", "the simulator does not know the verb 'Say'"),
        ("<Response><Connect/></Response>", "Connect has nothing in it, one Stream is needed"),
        ("<Response><Connect><Stream/></Connect></Response>", "Stream has no url"),
        ('<Response><Start><Stream url="ws://h" authToken="x"/></Start></Response>', "no attribute 'authToken'"),
        (
            '<Response><Start><Stream url="ws://h" bidirectionalCodec="L16"/></Start></Response>',
            "bidirectionalCodec is 'L16', one of PCMU",
        ),
        (
            '<Response><Start><Stream url="ws://h" bidirectionalSamplingRate="48000"/></Start></Response>',
            "bidirectionalSamplingRate is '48000', one of 8000, 16000, 24000 is needed",
        ),
    ],
)
def test_urls_that_a_carrier_would_not_accept_are_refused(document: str, text: str) -> None:
    async def main() -> None:
        async with Carrier("KEY") as carrier:
            phone = carrier.new_call(bytes(16 * 100))
            with pytest.raises(ValueError, match=text):
                phone.texml(document)
            assert phone.state == "answered"
            phone.hang_up()

    run_virtual(main())


def test_a_call_executes_one_document() -> None:
    async def main() -> None:
        async with Carrier("KEY") as carrier:
            phone = carrier.new_call(bytes(16 * 100))
            phone.texml('<Response><Pause length="1"/></Response>')
            with pytest.raises(RuntimeError, match=r"^the call already executes a document$"):
                phone.texml("<Response/>")
            phone.hang_up()
            with pytest.raises(RuntimeError, match=r"^the call is ended, a document is executed once it is answered$"):
                phone.texml("<Response/>")

    run_virtual(main())
