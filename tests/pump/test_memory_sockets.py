"""WebSockets in memory: opening, order, the close handshake, cuts, back-pressure."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.errors import HandshakeRefused, RtpcodecError
from rtpcodec.pump import VirtualEventLoop, run_virtual
from rtpcodec.pump.memory import PRIVATE_PORTS, MemoryAnswer, MemoryNetwork
from rtpcodec.pump.memory_socket import MAX_UNREAD_OCTETS, MemorySocket
from rtpcodec.pump.socket import Receiver, Socket
from tests.pump.recorder import CLOSED_BY, Recorder, keep, open_recorders


def network() -> MemoryNetwork:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualEventLoop)
    return loop.network


def refuse(status: int) -> Callable[[str, Mapping[str, str]], MemoryAnswer]:
    return lambda _target, _headers: MemoryAnswer(status, {}, b"why")


def accept(_target: str, _headers: Mapping[str, str]) -> type[Recorder]:
    return Recorder


async def settle() -> None:
    """Let everything that is on its way arrive."""
    await asyncio.sleep(0.001)


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


# Opening


def test_the_server_sees_target_and_headers() -> None:
    seen: list[tuple[str, Mapping[str, str]]] = []

    def admit(target: str, headers: Mapping[str, str]) -> type[Recorder]:
        seen.append((target, headers))
        return Recorder

    async def main() -> None:
        network().listen("voice.example", 443, admit)
        await network().connect("wss://Voice.Example/media?call=1", {"X-Token": "secret"}, Recorder)
        await network().connect("wss://voice.example", {}, Recorder)

    run_virtual(main())
    assert [target for target, _ in seen] == ["/media?call=1", "/"]
    headers = seen[0][1]
    assert headers["x-token"] == headers["X-TOKEN"] == "secret"
    assert "x-TOKEN" in headers
    assert "other" not in headers
    assert dict(headers) == {"X-Token": "secret"}
    assert len(headers) == 1
    assert repr(headers) == "Headers(X-Token)"


def test_dialling_yields_once_even_where_it_fails() -> None:
    """Code that relies on being alone until `connect` returns would fail on a real network."""

    async def main() -> list[str]:
        steps: list[str] = []
        asyncio.get_running_loop().call_soon(steps.append, "other")
        with pytest.raises(ConnectionRefusedError):
            await network().connect("ws://localhost:1/", {}, Recorder)
        steps.append("refused")
        return steps

    assert run_virtual(main()) == ["other", "refused"]


def test_nobody_listens() -> None:
    async def main() -> None:
        with pytest.raises(ConnectionRefusedError, match="nothing serves localhost port 80") as refused:
            await network().connect("ws://127.0.0.1/", {}, Recorder)
        assert refused.value.errno == errno.ECONNREFUSED

    run_virtual(main())


def test_refusal_carries_status_and_body() -> None:
    async def main() -> None:
        listener = network().listen("localhost", 0, refuse(401))
        with pytest.raises(HandshakeRefused, match="refused the WebSocket with HTTP status 401") as refused:
            await network().connect(f"ws://localhost:{listener.port}/", {}, Recorder)
        assert (refused.value.status, refused.value.body) == (401, b"why")
        assert isinstance(refused.value, ConnectionError)
        assert isinstance(refused.value, RtpcodecError)

    run_virtual(main())


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://localhost/", "the url has scheme 'http', 'ws' or 'wss' is needed"),
        ("localhost:80", "the url has scheme 'localhost', 'ws' or 'wss' is needed"),
        ("ws:///path", "the url has no host"),
        ("ws://localhost:99999/", "Port out of range"),
    ],
)
def test_urls_that_are_not_a_web_sockets(url: str, text: str) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match=text):
            await network().connect(url, {}, Recorder)

    run_virtual(main())


def test_free_ports_differ_and_are_not_reused_at_once() -> None:
    async def main() -> list[int]:
        ports = []
        for _ in range(3):
            listener = network().listen("localhost", 0, accept)
            ports.append(listener.port)
            listener.close()
        network().listen("localhost", PRIVATE_PORTS[3], accept)
        ports.append(network().listen("localhost", 0, accept).port)
        return ports

    assert run_virtual(main()) == [PRIVATE_PORTS[index] for index in (0, 1, 2, 4)]


def test_free_ports_run_out() -> None:
    async def main() -> None:
        for _ in PRIVATE_PORTS:
            network().listen("localhost", 0, accept)
        with pytest.raises(OSError, match="all 16384 private ports are in use"):
            network().listen("localhost", 0, accept)

    run_virtual(main())


@pytest.mark.parametrize(
    ("first", "second", "clashes"),
    [
        ("localhost", "localhost", True),
        ("localhost", "127.0.0.1", True),
        ("127.0.0.1", "::1", True),
        ("0.0.0.0", "voice.example", True),
        ("voice.example", "", True),
        ("::", "0.0.0.0", True),
        ("voice.example", "other.example", False),
    ],
)
def test_address_in_use(first: str, second: str, clashes: bool) -> None:
    async def main() -> None:
        listener = network().listen(first, 8080, accept)
        network().listen(first, 8081, accept)
        if clashes:
            with pytest.raises(OSError, match="port 8080 is in use") as used:
                network().listen(second, 8080, accept)
            assert used.value.errno == errno.EADDRINUSE
        listener.close()
        listener.close()
        network().listen(second, 8080, accept)

    run_virtual(main())


def test_a_listener_for_every_host_answers_for_each_name() -> None:
    async def main() -> int:
        listener = network().listen("0.0.0.0", 80, accept)
        for host in ("localhost", "voice.example", "[::1]"):
            await network().connect(f"ws://{host}/", {}, Recorder)
        listener.close()
        with pytest.raises(ConnectionRefusedError):
            await network().connect("ws://localhost/", {}, Recorder)
        return listener.port

    assert run_virtual(main()) == 80


@pytest.mark.parametrize("place", ["admit", "acceptor"])
def test_a_server_that_fails_refuses_with_500_and_reports_the_exception(place: str) -> None:
    def fail(*_: object) -> Any:
        raise ZeroDivisionError(place)

    async def main() -> list[str]:
        failures: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(str(context["exception"])))
        network().listen("localhost", 80, fail if place == "admit" else lambda _target, _headers: fail)
        with pytest.raises(HandshakeRefused) as refused:
            await network().connect("ws://localhost/", {}, Recorder)
        assert refused.value.status == 500
        return failures

    assert run_virtual(main()) == [place]


def test_a_client_that_fails_is_lost_to_the_server() -> None:
    recorders: list[Recorder] = []

    def serve(socket: MemorySocket) -> Recorder:
        recorders.append(Recorder(socket))
        socket.send("hello")
        return recorders[0]

    def fail(_socket: MemorySocket) -> Recorder:
        raise ZeroDivisionError

    async def main() -> None:
        network().listen("localhost", 80, lambda _target, _headers: serve)
        with pytest.raises(ZeroDivisionError):
            await network().connect("ws://localhost/", {}, fail)
        await settle()

    run_virtual(main())
    assert recorders[0].log == ["lost"]


def test_what_is_sent_before_the_other_end_has_a_receiver_arrives() -> None:
    def greet(socket: MemorySocket) -> Recorder:
        recorder = Recorder(socket)
        socket.send("hello")
        return recorder

    async def main() -> list[str]:
        network().listen("localhost", 80, lambda _target, _headers: greet)
        clients, dial = keep()
        await network().connect("ws://localhost/", {}, dial)
        await settle()
        return clients[0].log

    assert run_virtual(main()) == ["hello"]


# Texts


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


def test_receivers_run_in_the_context_of_who_listened_or_dialled() -> None:
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

    assert run_virtual(main()) == ([f"a Receiver failed, its WebSocket is cut: {method}"], "lost", "lost")


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


# Back-pressure


def test_a_sender_is_paused_within_send_and_resumed_once_enough_is_read() -> None:
    async def main() -> None:
        network().max_unread_octets = 1000
        server, client = await open_recorders(network())
        server.socket.pause_reading()
        for _ in range(10):
            client.socket.send("x" * 100)
        assert (client.log, client.socket.unsent_octets) == ([], 1000)
        client.socket.send("é")
        assert (client.log, client.socket.unsent_octets) == (["paused"], 1002)
        client.socket.send("more is not refused")
        await settle()
        assert (client.log, server.log) == (["paused"], [])
        server.socket.resume_reading()
        await settle()
        assert (client.log, client.socket.unsent_octets, len(server.texts)) == (["paused", "resumed"], 0, 12)

    run_virtual(main())


def test_a_slow_reader_takes_one_text_at_a_time() -> None:
    class Slow(Recorder):
        def received(self, text: object) -> None:
            super().received(text)
            self.socket.pause_reading()
            asyncio.get_running_loop().call_later(1, self.socket.resume_reading)

    async def main() -> None:
        network().max_unread_octets = 400
        server, client = await open_recorders(network(), server=Slow)
        for number in range(5):
            client.socket.send(f"{number:100}")
        client.socket.close(1000)
        await asyncio.sleep(2.5)
        assert ([int(text) for text in server.texts], client.log) == ([0, 1, 2], ["paused"])
        await asyncio.sleep(1)
        assert ([int(text) for text in server.texts], client.log) == ([0, 1, 2, 3], ["paused", "resumed"])
        await asyncio.sleep(1)
        assert (server.log[-1], client.log[-1]) == (f"{4:100}", "resumed")
        await asyncio.sleep(1)
        assert server.log[-2:] == client.log[-2:] == [(CLOSED_BY, 1000), "lost"]

    run_virtual(main())


def test_a_burst_above_the_limit_pauses_a_reader_that_keeps_up_only_for_a_moment() -> None:
    async def main() -> list[Any]:
        server, client = await open_recorders(network())
        client.socket.send("x" * (MAX_UNREAD_OCTETS + 1))
        await settle()
        assert len(server.texts) == 1
        return client.log

    assert run_virtual(main()) == ["paused", "resumed"]


def test_a_server_that_sends_too_much_at_once_is_paused_when_it_has_a_receiver() -> None:
    made: list[Recorder] = []

    def flood(socket: MemorySocket) -> Recorder:
        socket.send("x" * (MAX_UNREAD_OCTETS + 1))
        made.append(Recorder(socket))
        return made[0]

    async def main() -> None:
        network().listen("localhost", 80, lambda _target, _headers: flood)
        await network().connect("ws://localhost/", {}, Recorder)
        assert made[0].log == ["paused"]
        await settle()
        assert made[0].log == ["paused", "resumed"]

    run_virtual(main())


def test_the_end_is_reported_to_a_paused_sender_without_resuming_it() -> None:
    async def main() -> list[Any]:
        network().max_unread_octets = 10
        server, client = await open_recorders(network())
        server.socket.pause_reading()
        client.socket.send("more than ten")
        server.socket.abort()
        await settle()
        return client.log

    assert run_virtual(main()) == ["paused", "lost"]


STEPS = ["send", "send", "send", "ping", "pause_reading", "resume_reading", "close", "abort", "wait", "wait"]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(STEPS)), max_size=40), st.sampled_from([6, 30, 10_000]))
def test_any_course_of_a_connection(steps: list[tuple[bool, str]], max_unread_octets: int) -> None:
    """Each end receives the first texts that the other sent, then the end, once; pauses and resumptions alternate."""

    async def main() -> None:
        network().max_unread_octets = max_unread_octets
        ends = await open_recorders(network())
        sent: tuple[list[str], list[str]] = ([], [])
        closed = [False, False]
        aborted = False
        for number, (which, step) in enumerate(steps):
            socket = ends[which].socket
            match step:
                case "send":
                    socket.send(f"text {number}")
                    if not closed[which]:
                        sent[which].append(f"text {number}")
                case "close":
                    socket.close(1000 + which)
                    closed[which] = True
                case "wait":
                    await settle()
                    # The answer to a close frame closes the other end as well.
                    closed = [
                        was or any(isinstance(entry, tuple) for entry in end.log)
                        for was, end in zip(closed, ends, strict=True)
                    ]
                case _:
                    getattr(socket, step)()
                    aborted |= step == "abort"
        for end in ends:
            end.socket.resume_reading()
        await settle()
        check(ends, sent, complete=not aborted, ended=aborted or any(closed))

    run_virtual(main())


def check(ends: tuple[Recorder, Recorder], sent: tuple[list[str], list[str]], *, complete: bool, ended: bool) -> None:
    for this, end in enumerate(ends):
        theirs = sent[1 - this]
        assert end.texts == theirs[: len(end.texts)]
        assert end.log.count("lost") == ended
        assert not ended or end.log[-1] == "lost"
        flow = [entry for entry in end.log if entry in ("paused", "resumed")]
        assert flow == ["paused", "resumed"] * (len(flow) // 2) + ["paused"] * (len(flow) % 2)
        if complete:
            assert end.texts == theirs
            assert len([entry for entry in end.log if isinstance(entry, tuple)]) == ended
            assert ended or not len(flow) % 2
