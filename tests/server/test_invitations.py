"""`endpoint.stream` with a scripted carrier: which sockets are accepted, and what ends the wait."""

from __future__ import annotations

import asyncio
import pickle
import re
from dataclasses import dataclass
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError, StreamEnded, StreamNotStarted
from rtpcodec.server import Call, Endpoint
from rtpcodec.server.invitations import Invitation
from tests.server.dialler import dial, get, refused_with, run, until


@dataclass
class Event:
    event_type: str
    call_control_id: str | None
    stream_url: str | None = None
    failure_reason: str | None = None
    hangup_cause: str | None = None


class SilentControl:
    """A carrier that accepts the command and does nothing."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        self.asked = asyncio.Event()

    async def start_streaming(self, call_control_id: str, **body: Any) -> None:
        self.body = {"call_control_id": call_control_id, **body}
        self.asked.set()


async def requested(endpoint: Endpoint, control: SilentControl, **options: Any) -> asyncio.Task[Call]:
    waiting = asyncio.create_task(endpoint.stream(control, "v3:a", **options))
    await control.asked.wait()
    return waiting


@pytest.mark.parametrize(
    ("event", "reason", "sentence"),
    [
        (
            Event("streaming.failed", "v3:a", failure_reason="connection_failed"),
            "failed",
            "call v3:a is not streamed: the carrier could not start it: connection_failed",
        ),
        (
            Event("streaming.failed", "v3:a"),
            "failed",
            "call v3:a is not streamed: the carrier could not start it: no reason is given",
        ),
        (Event("call.hangup", "v3:a", hangup_cause="busy"), "hung_up", "call v3:a is not streamed: the call has ended"),
    ],
)
def test_a_webhook_ends_the_wait(event: Event, reason: str, sentence: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            control = SilentControl()
            waiting = await requested(endpoint, control)
            for other in (
                Event(event.event_type, "v3:b"),
                Event("streaming.failed", "v3:a", stream_url="wss://an.earlier/one"),
                Event("streaming.started", "v3:a"),
                Event("streaming.stopped", "v3:a"),
                Event("call.answered", None),
            ):
                assert not endpoint.webhook(other)
            assert endpoint.webhook(event)
            with pytest.raises(StreamNotStarted) as why:
                await waiting
            assert (why.value.reason, str(why.value)) == (reason, sentence)
            again = pickle.loads(pickle.dumps(why.value))
            assert (str(again), vars(again)) == (sentence, vars(why.value))
            assert not endpoint.webhook(event), "no caller waits any more"

    run(main)


def test_without_a_socket_the_wait_times_out_and_a_late_socket_is_refused() -> None:
    async def main() -> None:
        async with rtpcodec.serve(path="/media") as endpoint:
            control = SilentControl()
            with pytest.raises(StreamNotStarted) as why:
                await endpoint.stream(control, "v3:a", timeout_s=0.05)
            assert str(why.value) == "call v3:a is not streamed: no socket was opened within 0.05 s"
            assert why.value.reason == "timeout"
            assert await refused_with(control.body["stream_url"], token=control.body["stream_auth_token"]) == 404

    run(main)


def test_path_and_token_are_random_and_valid_for_one_socket() -> None:
    async def main() -> None:
        async with rtpcodec.serve(path="/media") as endpoint:
            bodies = []
            for _ in range(2):
                control = SilentControl()
                waiting = await requested(endpoint, control)
                url, token = control.body["stream_url"], control.body["stream_auth_token"]
                bodies.append((url, token))
                assert re.fullmatch(rf"ws://127\.0\.0\.1:{endpoint.port}/media/[\w-]{{32}}", url)
                assert re.fullmatch(r"[\w-]{43}", token)
                assert await refused_with(url) == 401
                assert await refused_with(url, token=token[:-1]) == 401
                assert await refused_with(url, token=bodies[0][1] + "x") == 401
                assert await refused_with(endpoint.url, token=token) == 404, "no handler, so no other path is accepted"
                assert not waiting.done()
                async with dial(url + "?from=proxy", token=token) as carrier:
                    await carrier.start()
                    call = await waiting
                    assert await refused_with(url, token=token) == 404, "it was used"
                    await call.close()
                    assert await carrier.close_code() == 1000
            assert len({url for url, _ in bodies} | {token for _, token in bodies}) == 4

    run(main)


def test_a_proxy_may_change_the_path_before_its_last_part() -> None:
    async def main() -> None:
        async with rtpcodec.serve(public_url="wss://media.example.com/calls/") as endpoint:
            control = SilentControl()
            waiting = await requested(endpoint, control)
            assert control.body["stream_url"].startswith("wss://media.example.com/calls/")
            name = control.body["stream_url"].rpartition("/")[2]
            async with dial(
                f"ws://127.0.0.1:{endpoint.port}/{name}", token=control.body["stream_auth_token"]
            ) as carrier:
                await carrier.start()
                await (await waiting).close()
                await carrier.close_code()

    run(main)


def test_a_socket_that_closes_before_start_ends_the_wait() -> None:
    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            control = SilentControl()
            waiting = await requested(endpoint, control)
            async with dial(control.body["stream_url"], token=control.body["stream_auth_token"]):
                pass
            with pytest.raises(StreamNotStarted) as why:
                await waiting
            assert why.value.reason == "lost"
            assert str(why.value) == "call v3:a is not streamed: the socket closed before the stream began"

    run(main)


def test_a_call_that_starts_after_its_wait_was_cancelled_is_closed() -> None:
    async def main() -> None:
        handled = []

        async def handler(call: Call) -> None:
            handled.append(call)

        async with rtpcodec.serve(handler) as endpoint:
            control = SilentControl()
            waiting = await requested(endpoint, control)
            async with dial(control.body["stream_url"], token=control.body["stream_auth_token"]) as carrier:
                await until(lambda: endpoint.statistics().calls_running == 1)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                await carrier.start()
                assert await carrier.close_code() == 1000
        assert handled == []

    run(main)


@pytest.mark.parametrize("handled", [False, True])
def test_a_call_that_starts_at_the_moment_of_cancellation_is_closed(
    monkeypatch: pytest.MonkeyPatch, *, handled: bool
) -> None:
    """No caller receives this call, so no caller could close it."""

    async def handler(call: Call) -> None:
        async for _ in call.audio():
            pass

    async def main() -> None:
        async with rtpcodec.serve(handler if handled else None) as endpoint:
            control = SilentControl()
            waiting = await requested(endpoint, control)
            started = Invitation.started

            def started_and_cancelled(invitation: Invitation, call: Call) -> None:
                started(invitation, call)
                waiting.cancel()

            monkeypatch.setattr(Invitation, "started", started_and_cancelled)
            async with dial(control.body["stream_url"], token=control.body["stream_auth_token"]) as carrier:
                await carrier.start()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                assert await carrier.close_code() == 1000

    run(main)


@pytest.mark.parametrize("end", ["drain", "close"])
def test_an_endpoint_that_closes_ends_the_wait(end: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            waiting = await requested(endpoint, SilentControl(), timeout_s=1000.0)
            await getattr(endpoint, end)()
            with pytest.raises(StreamNotStarted) as why:
                await waiting
            assert why.value.reason == "closed"
            assert str(why.value) == "call v3:a is not streamed: the endpoint accepts no more calls"

    run(main)


class UnansweredControl(SilentControl):
    """A carrier that has received the command and has not answered it yet."""

    async def start_streaming(self, call_control_id: str, **body: Any) -> None:
        await super().start_streaming(call_control_id, **body)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.body["cancelled"] = True
            raise


def test_a_stream_may_start_before_its_command_is_answered() -> None:
    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            control = UnansweredControl()
            waiting = await requested(endpoint, control)
            async with dial(control.body["stream_url"], token=control.body["stream_auth_token"]) as carrier:
                await carrier.start()
                call = await waiting
                assert control.body["cancelled"]
                await call.close()

    run(main)


@pytest.mark.parametrize("event", ["streaming.failed", "call.hangup"])
def test_a_failure_may_be_reported_before_the_command_is_answered(event: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            control = UnansweredControl()
            waiting = await requested(endpoint, control)
            assert endpoint.webhook(Event(event, "v3:a", failure_reason="connection_failed"))
            with pytest.raises(StreamNotStarted):
                await waiting
            assert control.body["cancelled"]

    run(main)


def test_an_error_of_the_control_other_than_a_command_error_is_raised_unchanged() -> None:
    class Broken:
        async def start_streaming(self, _id: str, **_body: Any) -> None:
            raise KeyError("ours")

    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            with pytest.raises(KeyError, match="ours"):
                await endpoint.stream(Broken(), "v3:a")

    run(main)


def test_stream_is_refused_where_carriers_cannot_dial_or_while_draining() -> None:
    async def main() -> None:
        async with rtpcodec.serve(host="0.0.0.0") as endpoint:
            with pytest.raises(EndpointError, match=r"carriers cannot dial host '0\.0\.0\.0': pass public_url"):
                await endpoint.stream(SilentControl(), "v3:a")
            await endpoint.drain()
            with pytest.raises(EndpointError, match="the endpoint is draining and accepts no calls"):
                await endpoint.stream(SilentControl(), "v3:a")
            assert (await get(endpoint.port, "/readyz"))[0] == 503

    run(main)


def test_reprs_and_logs_contain_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            control = SilentControl()
            waiting = await requested(endpoint, control)
            url, token = control.body["stream_url"], control.body["stream_auth_token"]
            (invitation,) = endpoint._invitations._open.values()
            assert repr(invitation) == "<Invitation v3:a open>"
            async with dial(url, token=token) as carrier:
                await carrier.start()
                call = await waiting
                shown = repr(call) + repr(endpoint)
                # The test's own WebSocket client logs its requests, so its records are left out.
                shown += "".join(one.getMessage() for one in caplog.records if not one.name.startswith("websockets"))
                assert "started" in shown
                assert token not in shown
                assert url.rpartition("/")[2] not in shown
                await call.close()
                with pytest.raises(StreamEnded):
                    await call.play(bytes(320))

    run(main)


def test_streaming_failed_as_the_simulator_sends_it_ends_the_wait() -> None:
    """The webhook body in the simulator's form, read by the client's own parser."""

    async def main() -> None:
        from rtpcodec.client.webhook_events import read

        async with rtpcodec.serve() as endpoint:
            control = SilentControl()
            waiting = await requested(endpoint, control)
            body = (
                b'{"data":{"event_type":"streaming.failed","payload":{"call_control_id":"v3:a","failure_reason":'
                b'"connection_failed","stream_params":{"stream_url":"%s"}}}}' % control.body["stream_url"].encode()
            )
            assert endpoint.webhook(read(body))
            with pytest.raises(StreamNotStarted, match="connection_failed"):
                await waiting

    run(main)
