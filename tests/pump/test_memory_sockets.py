"""WebSockets in memory: order of texts, the close handshake, cuts, pings."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.pump.socket import Receiver, Socket
from tests.pump.recorder import CLOSED_BY, Recorder, keep, network, open_recorders, settle


def test_ends_are_sockets_and_recorders_are_receivers() -> None:
    def as_socket(socket: Socket) -> Socket:
        return socket

    def as_receiver(receiver: Receiver) -> Receiver:
        return receiver

    async def main() -> None:
        server, client = await open_recorders(network())
        assert as_socket(server.socket) is not as_socket(client.socket)
        assert as_receiver(server) is server

    run_virtual(main())


def test_texts_arrive_in_order_at_the_same_time_but_never_within_send() -> None:
    async def main() -> None:
        server, client = await open_recorders(network())
        before_s = asyncio.get_running_loop().time()
        for number in range(5):
            client.socket.send(f"up {number}")
            server.socket.send(f"down {number}")
        assert server.log == client.log == []
        await asyncio.sleep(0)
        assert server.log == [f"up {number}" for number in range(5)]
        assert client.log == [f"down {number}" for number in range(5)]
        assert asyncio.get_running_loop().time() == before_s

    run_virtual(main())


def test_a_burst_takes_one_callback() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        server, client = await open_recorders(network())
        for number in range(100):
            client.socket.send(str(number))
        callbacks = len(loop._ready)  # type: ignore[attr-defined]
        await settle()
        assert len(server.texts) == 100
        return callbacks

    assert run_virtual(main()) == 1


class Echo(Recorder):
    """Sends back what it receives, up to a number of times; fails where it is entered twice."""

    inside = False
    limit = 50

    def received(self, text: object) -> None:
        assert not Echo.inside
        Echo.inside = True
        super().received(text)
        if len(self.texts) < self.limit:
            self.socket.send(str(text))
        Echo.inside = False


def test_receivers_are_never_entered_from_within_another() -> None:
    async def main() -> tuple[int, int]:
        server, client = await open_recorders(network(), server=Echo, client=Echo)
        client.socket.send("ball")
        await settle()
        return len(server.texts), len(client.texts)

    assert run_virtual(main()) == (50, 49)


def test_receivers_run_in_the_context_of_their_own_side() -> None:
    side: ContextVar[str] = ContextVar("side")
    seen: list[str] = []

    class Looks(Recorder):
        def received(self, text: object) -> None:
            seen.append(f"{text} at {side.get()}")

    async def dial() -> MemorySocket:
        side.set("client")
        socket = await network().connect("ws://localhost/", {}, Looks)
        socket.send("up")
        return socket

    async def main() -> None:
        servers, serve = keep(Looks)
        side.set("server")
        network().listen("localhost", 80, lambda _target, _headers: serve)
        await asyncio.create_task(dial())
        side.set("other")
        servers[0].socket.send("down")
        await settle()

    run_virtual(main())
    assert seen == ["up at server", "down at client"]


def test_an_hour_of_a_call_in_both_directions() -> None:
    """180,000 texts each way."""

    async def main() -> tuple[int, int, float]:
        loop = asyncio.get_running_loop()
        server, client = await open_recorders(network())
        finished = loop.create_future()

        def tick(number: int) -> None:
            client.socket.send("up")
            server.socket.send("down")
            if number == 180_000:
                client.socket.close(1000)
                finished.set_result(None)
            else:
                loop.call_at((number + 1) * 0.02, tick, number + 1)

        loop.call_at(0.02, tick, 1)
        await finished
        await asyncio.sleep(0.02)
        assert server.log[-2:] == [(CLOSED_BY, 1000), "lost"]
        return len(server.texts), len(client.texts), loop.time()

    assert run_virtual(main()) == (180_000, 180_000, 180_001 * 0.02)


def test_many_connections() -> None:
    async def main() -> int:
        pairs = [await open_recorders(network(), server=Echo) for _ in range(500)]
        for number, (_, client) in enumerate(pairs):
            client.socket.send(f"call {number}")
        await settle()
        assert [client.texts for _, client in pairs] == [[f"call {number}"] for number in range(500)]
        for _, client in pairs:
            client.socket.close(1000)
        await settle()
        return sum(server.log[-1] == client.log[-1] == "lost" for server, client in pairs)

    assert run_virtual(main()) == 500


# The end


def test_close_handshake() -> None:
    """The other end reports the close frame, answers with its code, and then both are lost."""

    async def main() -> tuple[list[Any], list[Any]]:
        server, client = await open_recorders(network())
        server.socket.send("last of the server")
        client.socket.send("last of the client")
        client.socket.close(1001)
        client.socket.close(1002)
        client.socket.send("after the close frame")
        await settle()
        return server.log, client.log

    server, client = run_virtual(main())
    assert server == ["last of the client", (CLOSED_BY, 1001), "lost"]
    assert client == ["last of the server", (CLOSED_BY, 1001), "lost"]


def test_a_receiver_may_answer_a_close_frame_with_another_code() -> None:
    class Answers(Recorder):
        def peer_closed(self, code: int | None) -> None:
            super().peer_closed(code)
            self.socket.send("before the answer")
            self.socket.close(1008)
            self.socket.send("after the answer")

    async def main() -> tuple[list[Any], list[Any]]:
        server, client = await open_recorders(network(), server=Answers)
        client.socket.close(1000)
        await settle()
        return server.log, client.log

    server, client = run_virtual(main())
    assert server == [(CLOSED_BY, 1000), "lost"]
    assert client == ["before the answer", (CLOSED_BY, 1008), "lost"]


def test_both_close_at_once() -> None:
    async def main() -> tuple[list[Any], list[Any]]:
        server, client = await open_recorders(network())
        server.socket.close(1001)
        client.socket.close(1000)
        await settle()
        return server.log, client.log

    assert run_virtual(main()) == ([(CLOSED_BY, 1000), "lost"], [(CLOSED_BY, 1001), "lost"])


def test_a_close_frame_that_is_not_read_is_not_answered() -> None:
    async def main() -> None:
        server, client = await open_recorders(network())
        server.socket.pause_reading()
        client.socket.close(1000)
        await settle()
        assert server.log == client.log == []
        client.socket.abort()
        await settle()
        assert server.log == client.log == ["lost"]

    run_virtual(main())


@pytest.mark.parametrize("by", ["server", "client"])
def test_abort_loses_what_is_unread_on_both_ends(by: str) -> None:
    async def main() -> tuple[list[Any], list[Any]]:
        server, client = await open_recorders(network())
        server.socket.send("down")
        client.socket.send("up")
        await asyncio.sleep(0)
        server.socket.send("down, unread")
        client.socket.send("up, unread")
        (server if by == "server" else client).socket.abort()
        assert server.socket.unsent_octets == client.socket.unsent_octets == 0
        await settle()
        for end in (server.socket, client.socket):
            end.send("too late")
            end.close(1000)
            end.ping()
            end.abort()
            end.resume_reading()
        await settle()
        return server.log, client.log

    assert run_virtual(main()) == (["up", "lost"], ["down", "lost"])


def test_abort_in_the_middle_of_a_burst() -> None:
    class Cuts(Recorder):
        def received(self, text: object) -> None:
            super().received(text)
            if text == "3":
                self.socket.abort()

    async def main() -> tuple[list[Any], list[Any]]:
        server, client = await open_recorders(network(), server=Cuts)
        for number in range(10):
            client.socket.send(str(number))
        await settle()
        return server.log, client.log

    assert run_virtual(main()) == (["0", "1", "2", "3", "lost"], ["lost"])


def test_abort_within_the_report_of_a_close_frame_leaves_it_unanswered() -> None:
    class Cuts(Recorder):
        def peer_closed(self, code: int | None) -> None:
            super().peer_closed(code)
            self.socket.abort()

    async def main() -> tuple[list[Any], list[Any]]:
        server, client = await open_recorders(network(), server=Cuts)
        client.socket.close(1000)
        await settle()
        return server.log, client.log

    assert run_virtual(main()) == ([(CLOSED_BY, 1000), "lost"], ["lost"])


@pytest.mark.parametrize("method", ["received", "peer_closed", "touched", "resumed"])
def test_a_receiver_that_raises_cuts_the_connection(method: str) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError(method)

    async def main() -> tuple[list[str], str, str]:
        failures: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: failures.append(f"{context['message']}: {context['exception']}")
        )
        network().max_unread_octets = 8
        server, client = await open_recorders(network(), server=type("Fails", (Recorder,), {method: fail}))
        server.socket.send("much to read")
        client.socket.send("up")
        client.socket.ping()
        if method == "peer_closed":
            client.socket.close(1000)
        await settle()
        return failures, server.log[-1], client.log[-1]

    assert run_virtual(main()) == ([f"a Receiver raised an exception; its WebSocket is cut: {method}"], "lost", "lost")


def test_pings_touch_both_ends() -> None:
    async def main() -> tuple[list[Any], list[Any]]:
        server, client = await open_recorders(network())
        client.socket.ping()
        client.socket.ping()
        await settle()
        server.socket.pause_reading()
        client.socket.ping()
        await settle()
        assert (server.log, client.log) == (["touched"] * 2, ["touched"] * 2)
        server.socket.resume_reading()
        await settle()
        return server.log, client.log

    assert run_virtual(main()) == (["touched"] * 3, ["touched"] * 3)


def test_a_ping_that_crosses_the_close_handshake_is_not_reported_after_the_end() -> None:
    async def main() -> tuple[list[Any], list[Any]]:
        server, client = await open_recorders(network())
        server.socket.close(1000)
        client.socket.ping()
        await settle()
        return server.log, client.log

    assert run_virtual(main()) == (["touched", (CLOSED_BY, 1000), "lost"], [(CLOSED_BY, 1000), "lost"])
