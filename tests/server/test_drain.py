"""The end of an endpoint: by `drain`, by leaving its block, or by a signal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import EndpointError
from rtpcodec.server import Call
from tests.server.dialler import LOOPS, call, raw, refused_with, run, until


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


@pytest.mark.parametrize("loop", LOOPS)
def test_a_draining_endpoint_lets_calls_end_and_refuses_new_ones(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint, call(endpoint.url) as carrier:
            await until(lambda: endpoint.calls)
            draining = asyncio.create_task(endpoint.drain())
            await asyncio.sleep(0)
            assert await refused_with(endpoint.url) == 503
            assert not draining.done()
            await carrier.stop()
            assert await carrier.close_code() == 1000
            await draining
            assert endpoint.statistics().calls_refused == 1

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_calls_that_still_run_after_drain_s_are_closed(loop: str) -> None:
    seen: list[events.Event] = []

    async def listen_to_all(call: Call) -> None:
        seen.extend([event async for event in call.events()])

    async def main() -> None:
        async with rtpcodec.serve(listen_to_all, drain_s=5) as endpoint, call(endpoint.url) as carrier:
            await until(lambda: endpoint.calls)
            draining = asyncio.create_task(endpoint.drain(0.05))
            assert await carrier.close_code() == 1001
            await draining
            assert endpoint.calls == ()

    run(main, loop)
    assert seen[-1] == events.Stopped("closed_here")


@pytest.mark.parametrize("loop", LOOPS)
def test_leaving_the_block_closes_calls_and_lets_handlers_finish(loop: str) -> None:
    ends: list[str] = []

    async def finish(call: Call) -> None:
        async for _ in call.audio():
            pass
        await asyncio.sleep(0.02)
        ends.append("finished")

    async def main() -> None:
        async with contextlib.AsyncExitStack() as carriers:
            async with rtpcodec.serve(finish) as endpoint:
                carrier = await carriers.enter_async_context(call(endpoint.url))
                await until(lambda: endpoint.calls)
            assert ends == ["finished"]
            assert await carrier.close_code() == 1001

    run(main, loop)


def test_leaving_the_block_by_an_error_closes_as_well() -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as carriers:
            with contextlib.suppress(RuntimeError):
                async with rtpcodec.serve(listen) as endpoint:
                    carrier = await carriers.enter_async_context(call(endpoint.url))
                    await until(lambda: endpoint.calls)
                    raise RuntimeError
            assert await carrier.close_code() == 1001

    run(main)


def test_handlers_that_do_not_end_are_cancelled_and_then_abandoned(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("rtpcodec.server.running_calls.ENDING_GRACE_S", 0.05)
    released = asyncio.Event()
    ends: list[str] = []

    async def stay(_call: Call) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cancelled")

    async def be_stubborn(_call: Call) -> None:
        while not released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await released.wait()
        ends.append("released")

    async def main() -> None:
        for handler in (stay, be_stubborn):
            async with contextlib.AsyncExitStack() as carriers, rtpcodec.serve(handler) as endpoint:
                await carriers.enter_async_context(call(endpoint.url))
                await until(lambda: endpoint.calls)
        assert ends == ["cancelled"]
        released.set()
        await until(lambda: "released" in ends)
        await asyncio.sleep(0)

    run(main)
    assert "the handler still runs after its cancellation; it is abandoned" in caplog.text


def test_sockets_without_a_request_are_cut() -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as sockets:
            async with rtpcodec.serve(listen) as endpoint:
                socket = await sockets.enter_async_context(raw(endpoint.port))
                async with call(endpoint.url):
                    await until(lambda: endpoint.calls)
            with contextlib.suppress(ConnectionError):
                assert await socket.reader.read() == b""

    run(main)


PROGRAM = """
import asyncio, sys
import rtpcodec

async def listen(call):
    try:
        async for audio in call.audio():
            await call.play(audio.pcm)
        print("stream ended", flush=True)
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise

async def stay(call):
    try:
        await asyncio.Event().wait()
    finally:
        print("ended", flush=True)

def ready(endpoint):
    print(type(asyncio.get_running_loop()).__module__.partition(".")[0], endpoint.url, flush=True)

if sys.argv[2] == "no uvloop":
    sys.modules["uvloop"] = None
rtpcodec.run({"listen": listen, "stay": stay}[sys.argv[1]], port=0, drain_s=float(sys.argv[3]), on_ready=ready)
print("over", flush=True)
"""


@contextlib.contextmanager
def program(handler: str, drain_s: float, uvloop: str = "uvloop") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Call `run` in a process of its own; yields the process and its endpoint's URL."""
    command = [sys.executable, "-c", PROGRAM, handler, uvloop, str(drain_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            loop, url = process.stdout.readline().split()
            assert loop == ("uvloop" if uvloop == "uvloop" else "asyncio")
            yield process, url
        finally:
            process.kill()


def rest_of(process: subprocess.Popen[str]) -> list[str]:
    output, _ = process.communicate(timeout=60)
    return output.splitlines()


@pytest.mark.parametrize("uvloop", ["uvloop", "no uvloop"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_the_endpoint(number: signal.Signals, uvloop: str) -> None:
    with program("listen", 20, uvloop) as (process, url):

        async def main() -> None:
            async with call(url) as carrier:
                await carrier.media()
                await carrier.payload()
                os.kill(process.pid, number)
                while await refused_with(url) != 503:
                    pass
                await carrier.media()
                await carrier.payload()
                await carrier.stop()
                assert await carrier.close_code() == 1000

        run(main)
        assert rest_of(process) == ["stream ended", "over"]
        assert process.returncode == 0


@pytest.mark.parametrize("uvloop", ["uvloop", "no uvloop"])
def test_a_hangup_of_the_terminal_cuts_no_call(uvloop: str) -> None:
    with program("listen", 20, uvloop) as (process, url):

        async def main() -> None:
            async with call(url) as carrier:
                for _ in range(3):
                    os.kill(process.pid, signal.SIGHUP)
                    await carrier.media()
                    await carrier.payload()
                assert await refused_with(url) == 101
                os.kill(process.pid, signal.SIGTERM)
                await carrier.stop()
                assert await carrier.close_code() == 1000

        run(main)
        assert rest_of(process) == ["stream ended", "over"]
        assert process.returncode == 0


def test_after_drain_s_calls_are_closed() -> None:
    with program("listen", 0.1) as (process, url):

        async def main() -> None:
            async with call(url) as carrier:
                await carrier.media()
                await carrier.payload()
                os.kill(process.pid, signal.SIGTERM)
                assert await carrier.close_code() == 1001

        run(main)
        assert rest_of(process) == ["stream ended", "over"]
        assert process.returncode == 0


def test_a_second_signal_ends_calls_at_once() -> None:
    with program("stay", 60) as (process, url):

        async def main() -> None:
            async with call(url) as carrier:
                os.kill(process.pid, signal.SIGTERM)
                while await refused_with(url) != 503:
                    pass
                os.kill(process.pid, signal.SIGINT)
                assert await carrier.close_code() in (1001, 1006)

        run(main)
        assert rest_of(process) == ["ended", "over"]
        assert process.returncode == 0


def test_run_in_another_thread_is_refused() -> None:
    refusals: list[str] = []

    def try_it() -> None:
        with pytest.raises(EndpointError) as refusal:
            rtpcodec.run(listen, port=0)
        refusals.append(str(refusal.value))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert refusals == ["run needs the main thread for its signals; use serve in other threads"]


def test_run_accepts_another_port_than_its_default() -> None:
    with pytest.raises(EndpointError, match=r"^port is 65536, "):
        rtpcodec.run(listen, port=65536)
