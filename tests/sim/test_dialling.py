"""URLs that cannot be opened, and opening that is cancelled."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import Call, serve
from rtpcodec.sim import Carrier
from rtpcodec.sim.calls.stream_pump import StreamPump
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.stream import CarrierStream
from tests.sim.apps import App, command, listening, run, start
from tests.sim.streams import ramp

SPEECH = pcmu_decode(pcmu_encode(ramp(160 * 20)))
"""0.4 s that mu-law carries without loss."""
MINUTE = bytes(2 * 8000 * 60)
"""Speech long enough that it does not end before the test has ended the stream."""


def test_an_address_that_refuses() -> None:
    async def main() -> None:
        with sockets.socket() as reserved:
            reserved.bind(
                ("127.0.0.1", 0)
            )  # bound and not listening: no other process gets the port, and it refuses connections
            async with Carrier() as carrier:
                call = carrier.new_call(SPEECH)
                await start(carrier, call, f"ws://127.0.0.1:{reserved.getsockname()[1]}/")
                report = await call.finished()
                assert call.failure == "connection_failed"
                assert report.end_reason == "connection_failed"
                assert (report.messages_sent, report.source_pcm, report.heard_pcm) == (0, b"", b"")
                assert not call.ended
                async with listening(App()) as app:
                    await start(carrier, call, app.url)
                    assert call.failure is None
                    assert (await call.finished()).source_pcm == SPEECH

    run(main)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
        b"",
        b"\0",
    ],
)
def test_an_address_that_speaks_no_websocket(reply: bytes) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        async with server, Carrier() as carrier:
            call = carrier.new_call(SPEECH)
            await start(carrier, call, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
            assert (await call.finished()).end_reason == "connection_failed"
            assert call.failure == "connection_failed"

    run(main)


def test_an_address_that_never_answers() -> None:
    hung_up = asyncio.Event()

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        hung_up.set()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(ignore, "127.0.0.1", 0)
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with server, Carrier(connect_timeout_s=0.1) as carrier:
            call = carrier.new_call(SPEECH)
            await start(carrier, call, url)
            assert (await call.finished()).end_reason == "connection_failed"
            await hung_up.wait()

    run(main)


@pytest.mark.parametrize("how", ["streaming_stop", "hang_up", "carrier_closed"])
def test_dialling_can_be_cancelled(how: str) -> None:
    hung_up = asyncio.Event()
    dialled = asyncio.Event()

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled.set()
        await reader.read()
        hung_up.set()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(ignore, "127.0.0.1", 0)
        async with server:
            async with Carrier() as carrier:
                call = carrier.new_call(SPEECH)
                await start(carrier, call, f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
                await dialled.wait()
                assert call.streaming
                if how == "streaming_stop":
                    assert (await command(carrier, call, how)).status_code == 200
                elif how == "hang_up":
                    call.hang_up()
                if how != "carrier_closed":
                    assert (await call.finished()).end_reason == how
            assert (await call.finished()).end_reason == how
            assert call.failure is None
            await hung_up.wait()

    run(main)


def test_dialling_that_has_not_begun_can_be_cancelled() -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            call = carrier.new_call(SPEECH)
            call.begin(StreamSettings(stream_url="ws://127.0.0.1:9/"))
            call.hang_up()
            assert (await call.finished()).end_reason == "hang_up"
            assert not call.streaming

    run(main)


class LateSocket:
    """Keeps the texts; its connection ends when it is closed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.pump: StreamPump | None = None
        self.answer_ping: Callable[[bytes], object] | None = None
        self.unacknowledged_octets = None

    def send(self, text: str) -> None:
        self.texts.append(text)

    def close(self, code: int) -> None:
        assert self.pump is not None
        asyncio.get_running_loop().call_soon(self.pump.lost)

    def abort(self) -> None:
        self.close(1006)

    def ping(self, payload: bytes) -> bool:
        return False

    def pong(self, payload: bytes) -> None: ...

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def hold_acknowledgements(self, *, hold: bool) -> None: ...

    def detach(self) -> None: ...

    def break_off(self, *, reset: bool) -> None: ...

    def fall_silent(self) -> None: ...


class LateDialer:
    """Connects at the moment of the cancellation."""

    def __init__(self) -> None:
        self.socket = LateSocket()
        self.dials = asyncio.Event()

    async def dial(
        self, _url: str, _headers: Mapping[str, str], open_stream: Callable[[StreamPump], CarrierStream]
    ) -> StreamPump:
        self.dials.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.socket.pump = StreamPump(open_stream, self.socket)
            raise
        return StreamPump(open_stream, self.socket)


def test_a_socket_that_opens_while_dialling_is_cancelled_is_closed() -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            call = carrier.new_call(MINUTE)
            dialer = LateDialer()
            call._streaming._services = replace(call._services, dialer=dialer)
            call.begin(StreamSettings(stream_url="ws://127.0.0.1:9/"))()
            await dialer.dials.wait()
            call.hang_up()
            assert (await call.finished()).end_reason == "hang_up"
        kinds = [json.loads(text)["event"] for text in dialer.socket.texts]
        assert [kind for kind in kinds if kind != "media"] == ["connected", "start", "stop"], "it may speak too"

    run(main)


def test_an_address_that_speaks_no_tls() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier(ssl_context=ssl.create_default_context()) as carrier:
            call = carrier.new_call(SPEECH)
            await start(carrier, call, app.url.replace("ws:", "wss:"))
            assert (await call.finished()).end_reason == "connection_failed"

    run(main)


async def _refused_with(carrier: Carrier, token: str) -> int | None:
    async def answer(call: Call) -> None:
        await call.play(bytes(320))

    async with carrier, serve(answer, authorize="TOKEN") as endpoint:
        call = carrier.new_call(SPEECH)
        call.stream_to(endpoint.url, auth_token=token)
        return (await call.finished()).refused_with


@pytest.mark.parametrize("clock", [asyncio.run, run_virtual])
def test_the_report_has_the_status_of_a_refusal(clock: Callable[..., int | None]) -> None:
    assert clock(_refused_with(Carrier(), "another")) == 401
    assert clock(_refused_with(Carrier(), "TOKEN")) is None
