"""WebSockets in memory whose one end reads slowly; and any course of a connection."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory_socket import MAX_UNREAD_OCTETS, MemorySocket
from tests.pump.recorder import CLOSED_BY, Recorder, network, open_recorders, settle


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
