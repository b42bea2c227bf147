"""The endpoint on `websockets`: frames, limits and calls as on picows, and its differences."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest
from typing_extensions import Buffer

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.pump.socket import NullReceiver
from rtpcodec.pump.websockets_socket import WebsocketsSocket
from rtpcodec.server import Call
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.websockets_handshake import MAX_REQUEST_OCTETS
from tests.pump.frames import CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, next_frame
from tests.server import test_endpoint, test_framing, test_limits, test_tls
from tests.server.dialler import LOOPS, call, raw, run, until
from tests.server.on_websockets import all_of, use_websockets
from tests.server.test_limits import DTMF, START, Listener
from tests.server.virtual_call import carried

globals().update(all_of((test_framing,)))
globals().update(
    all_of(
        (test_limits,),
        # They wait for seconds, and need no server of its own.
        but=("test_silence_ends_a_call", "test_a_call_that_started_outlives_the_start_timeout"),
    )
)


@pytest.fixture(autouse=True)
def _on_websockets(monkeypatch: pytest.MonkeyPatch) -> None:
    use_websockets(monkeypatch)


@pytest.mark.parametrize("loop", LOOPS)
def test_calls_are_those_of_the_endpoint_on_picows(loop: str) -> None:
    test_endpoint.test_audio_is_echoed_and_a_stop_ends_the_call(loop, {"handler": test_endpoint.echo})
    test_endpoint.test_calls_at_the_same_time_do_not_mix(loop)
    test_endpoint.test_the_properties_of_a_call(loop)
    test_endpoint.test_events_are_all_from_started_to_stopped(loop)
    test_endpoint.test_the_counters_of_an_endpoint(loop)
    test_endpoint.test_an_endpoint_listens_on_ipv6(loop)
    test_endpoint.test_a_port_in_use_is_an_endpoint_error(loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_an_echo_works_over_tls(loop: str) -> None:
    test_tls.test_an_echo_works_over_tls(loop)


@pytest.mark.parametrize("octets", [125, 126, 127, 65535, 65536, 70000])
def test_texts_of_all_lengths_arrive_whole(octets: int) -> None:
    """Lengths have 7, 16 or 64 bits."""

    async def main() -> None:
        listener = Listener()
        text = b'{"event":"news","pad":"' + b"x" * (octets - 25) + b'"}'
        assert len(text) == octets
        async with rtpcodec.serve(listener, max_message_octets=octets) as endpoint, raw(endpoint.port) as socket:
            await socket.upgrade()
            for each in (START, text, DTMF, text + b" ", DTMF):
                socket.frame(TEXT, each)
            assert await socket.close_code() == 1009
        assert listener.kinds == ["Started", "Unknown", "Dtmf", "Malformed", "Stopped"]
        assert listener.malformed[0].detail == f"a frame has more than {octets} octets"

    run(main)


def test_frames_may_be_cut_anywhere() -> None:
    """One octet per read, over each kind of header."""

    async def main() -> None:
        listener = Listener()
        long = b'{"event":"dtmf","dtmf":{"digit":"2"}}' + b" " * 200
        frames = (Frame(TEXT, START), Frame(TEXT, long), Frame(TEXT, DTMF[:9], fin=False), Frame(PING, b"ready"))
        octets = b"".join(each.octets(from_client=True) for each in (*frames, Frame(CONTINUATION, DTMF[9:])))
        async with rtpcodec.serve(listener) as endpoint, raw(endpoint.port) as socket:
            await socket.upgrade()
            opened = the_socket_of(endpoint)
            for octet in octets:
                opened.data_received(bytes((octet,)))
            assert await next_frame(socket.reader) == Frame(PONG, b"ready")
            socket.frame(CLOSE)
            assert await socket.close_code() == 1000
        assert listener.kinds == ["Started", "Dtmf", "Dtmf", "Disconnected", "Stopped"]

    run(main)


class CuttingReceiver(NullReceiver):
    """Cuts its connection at the 20th text."""

    def __init__(self, opened: WebsocketsSocket) -> None:
        self.taken = 0
        self._opened = opened
        self._receiver = opened._receiver
        opened._receiver = self

    def received(self, text: str | Buffer) -> None:
        self.taken += 1
        if self.taken == 20:
            self._opened.abort()

    def lost(self) -> None:
        self._receiver.lost()


@pytest.mark.parametrize("pad", [b" " * 200, b""], ids=["whole texts", "short texts"])
def test_what_was_read_is_dropped_once_the_connection_is_cut(pad: bytes) -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener()) as endpoint, raw(endpoint.port) as socket:
            await socket.upgrade()
            opened = the_socket_of(endpoint)
            cutting = CuttingReceiver(opened)
            opened.data_received(Frame(TEXT, DTMF + pad).octets(from_client=True) * 50)
            await until(lambda: not endpoint._running)
            assert cutting.taken == 20

    run(main)


def the_socket_of(endpoint: rtpcodec.Endpoint) -> WebsocketsSocket:
    """Return the socket of the only call."""
    (runner,) = endpoint._running
    opened = runner.pump._socket
    assert isinstance(opened, WebsocketsSocket)
    return opened


def test_frames_in_one_piece_with_the_request_count() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, raw(endpoint.port) as socket:
            asked = asyncio.create_task(socket.upgrade())
            await asyncio.sleep(0)
            socket.frame(TEXT, START)
            socket.frame(TEXT, b'{"event":"stop"}')
            assert (await asked).startswith("HTTP/1.1 101 ")
            assert await socket.close_code() == 1000
        assert listener.kinds == ["Started", "Stopped"]

    run(main)


@pytest.mark.parametrize(
    ("request_octets", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * MAX_REQUEST_OCTETS, 431),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ],
    ids=["too long", "TLS", "version", "body", "method"],
)
def test_requests_that_are_not_a_get_are_refused_and_logged(
    request_octets: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener()) as endpoint, raw(endpoint.port) as http:
            http.write(request_octets)
            assert (await http.reader.read()).startswith(b"HTTP/1.1 %d " % status)
            assert endpoint.statistics().calls_taken == 0

    with caplog.at_level(logging.INFO, "rtpcodec.server"):
        run(main)
    assert f"{status} " in caplog.text


def test_secrets_of_a_request_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with (
            rtpcodec.serve(Listener(), path=None, authorize="SECRET") as endpoint,
            call(f"{endpoint.url}?key=SECRET", token="SECRET") as carrier,
        ):
            await carrier.stop()
            await carrier.close_code()

    with caplog.at_level(logging.DEBUG):
        run(main)
    ours = [each.getMessage() for each in caplog.records if not each.name.startswith("websockets.client")]
    assert ours
    assert not [each for each in ours if "SECRET" in each]


def test_other_transports_are_refused() -> None:
    with pytest.raises(EndpointError, match=r"^transport is 'aiohttp', 'picows' or 'websockets' is needed$"):
        EndpointSettings(handler=Listener(), transport="aiohttp")  # type: ignore[arg-type]


def test_in_virtual_time_no_library_is_used() -> None:
    opened: list[object] = []

    async def answer(call: Call) -> None:
        opened.append(call._pump._socket)

    carried(answer)
    assert isinstance(opened[0], MemorySocket)


def test_without_websockets_the_extra_is_named() -> None:
    code = """
import asyncio, sys
sys.modules["websockets"] = None
import rtpcodec
async def main():
    async with rtpcodec.serve(print, transport="websockets"):
        pass
for use in (lambda: asyncio.run(main()), lambda: __import__("rtpcodec.adapters.websockets")):
    try:
        use()
    except rtpcodec.errors.MissingExtra as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [
        "serve(transport=\"websockets\") needs websockets: pip install 'rtpcodec[websockets]'",
        "rtpcodec.adapters.websockets needs websockets: pip install 'rtpcodec[websockets]'",
    ]
