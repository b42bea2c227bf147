"""A socket whose functions must be awaited: order, back-pressure, close, failure. Virtual time."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

from typing_extensions import Buffer

from rtpcodec.pump.virtual import run_virtual
from rtpcodec.pump.writer import HIGH_WATER_OCTETS, LOW_WATER_OCTETS, AwaitedSocket
from tests.census import Census


class Reports:
    """A Receiver that keeps the names of its reports."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def received(self, text: str | Buffer) -> None:
        self.names.append("received")

    def rejected(self, rule: str, detail: str, code: int | None = None, octets: int = 0) -> None:
        self.names.append("rejected")

    def touched(self, octets: int = 0) -> None:
        self.names.append("touched")

    def ponged(self, payload: bytes) -> None:
        self.names.append("ponged")

    def peer_closed(self, code: int | None) -> None:
        self.names.append("peer_closed")

    def lost(self) -> None:
        self.names.append("lost")

    def paused(self) -> None:
        self.names.append("paused")

    def resumed(self) -> None:
        self.names.append("resumed")

    def run(self) -> None:
        self.names.append("run")


class SlowPeer:
    """Takes a while for each text."""

    def __init__(self, wait_s: float = 0.01) -> None:
        self.texts: list[str] = []
        self.code: int | None = None
        self._wait_s = wait_s

    async def send_text(self, text: str) -> None:
        await asyncio.sleep(self._wait_s)
        self.texts.append(text)

    async def close(self, code: int) -> None:
        self.code = code


def test_texts_go_in_order_and_the_close_behind_them() -> None:
    async def main() -> None:
        peer, reports = SlowPeer(), Reports()
        async with AwaitedSocket(peer.send_text, peer.close) as socket:
            socket.receiver = reports
            for number in range(5):
                socket.send(str(number))
            socket.close(1000)
            await asyncio.sleep(1)
        assert (peer.texts, peer.code, reports.names) == (["0", "1", "2", "3", "4"], 1000, ["lost"])

    run_virtual(main())


def test_a_slow_reader_pauses_and_resumes_the_receiver_once_each() -> None:
    async def main() -> None:
        peer, reports = SlowPeer(), Reports()
        async with AwaitedSocket(peer.send_text, peer.close) as socket:
            socket.receiver = reports
            text = "x" * 1024
            for _ in range(HIGH_WATER_OCTETS // 1024):
                socket.send(text)
            assert reports.names == []
            socket.send(text)
            socket.send(text)
            assert reports.names == ["paused"]
            left = (HIGH_WATER_OCTETS + 2048 - LOW_WATER_OCTETS) // 1024
            await asyncio.sleep(0.01 * left + 0.001)
            assert reports.names == ["paused"]
            await asyncio.sleep(0.02)
            assert reports.names == ["paused", "resumed"]

    run_virtual(main())


def test_an_error_of_the_socket_means_that_it_is_lost() -> None:
    async def broken(_text: str) -> None:
        raise RuntimeError("Cannot call send once a close message has been sent")

    async def main() -> None:
        reports = Reports()
        async with AwaitedSocket(broken, SlowPeer().close) as socket:
            socket.receiver = reports
            socket.send("a")
            await asyncio.sleep(1)
            assert reports.names == ["lost"]

    run_virtual(main())


def test_an_abort_drops_what_waits() -> None:
    async def main() -> None:
        peer, reports = SlowPeer(), Reports()
        async with AwaitedSocket(peer.send_text, peer.close) as socket:
            socket.receiver = reports
            for number in range(5):
                socket.send(str(number))
            await asyncio.sleep(0.025)
            socket.abort()
            await asyncio.sleep(1)
        assert peer.texts == ["0", "1"]
        assert reports.names == ["lost", "lost"]

    run_virtual(main())


def test_what_another_server_hides_is_not_claimed() -> None:
    async def main() -> None:
        peer = SlowPeer()
        async with AwaitedSocket(peer.send_text, peer.close) as socket:
            assert socket.unacknowledged_octets is None
            socket.send("x" * 1000)
            assert socket.unacknowledged_octets is None
            assert not socket.ping(b"?")

    asyncio.run(main())


class Gate:
    """A server whose send waits until the gate is open, and which notes what it sees of its task."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.texts: list[str] = []
        self.tasks: list[asyncio.Task[None] | None] = []
        self.cancelled = False

    async def send_text(self, text: str) -> None:
        self.tasks.append(asyncio.current_task())
        mark = NAME.set(text)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        NAME.reset(mark)  # raises ValueError in another context
        self.tasks.append(asyncio.current_task())
        self.texts.append(text)

    async def close(self, code: int) -> None:
        self.texts.append(str(code))


NAME: ContextVar[str] = ContextVar("NAME")


def test_a_text_that_need_not_wait_is_sent_before_send_returns() -> None:
    async def main() -> None:
        gate = Gate()
        async with AwaitedSocket(gate.send_text, gate.close) as socket:
            await asyncio.sleep(0)
            socket.send("a")
            assert gate.texts == ["a"]
            asyncio.get_running_loop().call_soon(socket.send, "b")  # without a task
            await asyncio.sleep(0)
            assert gate.texts == ["a", "b"]
            assert asyncio.current_task() not in gate.tasks

    run_virtual(main())


def test_a_text_that_waits_stays_in_one_task_and_in_its_context_and_holds_up_the_others() -> None:
    async def main() -> None:
        gate = Gate()
        async with AwaitedSocket(gate.send_text, gate.close) as socket:
            await asyncio.sleep(0)
            gate.open.clear()
            socket.send("a")
            socket.send("b")
            socket.close(1000)
            await asyncio.sleep(1)
            assert gate.texts == []
            gate.open.set()
            await asyncio.sleep(1)
        assert gate.texts == ["a", "b", "1000"]
        assert len(set(gate.tasks)) == 1
        assert NAME.get("none") == "none"

    run_virtual(main())


def test_a_time_out_of_the_server_ends_its_own_send_only() -> None:
    async def main() -> None:
        gate, reports = Gate(), Reports()

        async def send_text(text: str) -> None:
            async with asyncio.timeout(0.5):
                await gate.send_text(text)

        async with AwaitedSocket(send_text, gate.close) as socket:
            socket.receiver = reports
            await asyncio.sleep(0)
            socket.send("a")
            gate.open.clear()
            socket.send("b")
            await asyncio.sleep(0.4)
            assert reports.names == []
            await asyncio.sleep(0.2)
            assert (gate.texts, gate.cancelled, reports.names) == (["a"], True, ["lost"])

    run_virtual(main())


def test_a_time_out_of_0_s_reaches_a_send_whose_task_has_not_continued_yet() -> None:
    async def main() -> None:
        gate, reports, timed_out = Gate(), Reports(), list[str]()

        async def send_text(text: str) -> None:
            try:
                async with asyncio.timeout(0):
                    await gate.open.wait()
            except TimeoutError:
                timed_out.append(text)

        async with AwaitedSocket(send_text, gate.close) as socket:
            socket.receiver = reports
            await asyncio.sleep(0)
            gate.open.clear()
            socket.send("a")
            socket.send("b")
            await asyncio.sleep(1)
            assert (timed_out, reports.names) == (["a", "b"], [])

    run_virtual(main())


def test_an_abort_cancels_a_send_that_has_just_begun() -> None:
    async def main() -> None:
        gate, reports = Gate(), Reports()
        async with AwaitedSocket(gate.send_text, gate.close) as socket:
            socket.receiver = reports
            await asyncio.sleep(0)
            gate.open.clear()
            socket.send("a")
            socket.send("b")
            socket.abort()
            socket.send("c")
            await asyncio.sleep(1)
            assert (gate.texts, gate.cancelled, reports.names) == ([], True, ["lost"])

    run_virtual(main())


def test_an_abort_of_an_idle_socket_cuts_and_sends_nothing_more() -> None:
    async def main() -> None:
        gate, cuts = Gate(), list[int]()
        async with AwaitedSocket(gate.send_text, gate.close, cut=lambda: cuts.append(1)) as socket:
            socket.receiver = reports = Reports()
            await asyncio.sleep(0)
            socket.abort()
            socket.send("a")
            await asyncio.sleep(1)
            socket.send("b")
            assert (gate.texts, cuts, reports.names) == ([], [1], ["lost"])

    run_virtual(main())


def test_a_send_that_fails_at_once_is_reported_later() -> None:
    """The pump that sends is in the middle of a run."""

    async def broken(_text: str) -> None:
        raise ConnectionResetError

    async def main() -> None:
        async with AwaitedSocket(broken, SlowPeer().close) as socket:
            socket.receiver = reports = Reports()
            await asyncio.sleep(0)
            socket.send("a")
            socket.send("b")
            assert reports.names == []
            await asyncio.sleep(1)
            assert reports.names == ["lost"]

    run_virtual(main())


def test_a_function_may_return_any_awaitable() -> None:
    async def main() -> None:
        sent: list[str] = []
        loop = asyncio.get_running_loop()

        def send_text(text: str) -> asyncio.Future[None]:
            future = loop.create_future()
            loop.call_later(0.1, sent.append, text)
            loop.call_later(0.1, future.set_result, None)
            return future

        async with AwaitedSocket(send_text, SlowPeer().close) as socket:
            await asyncio.sleep(0)
            for text in ("a", "b", "c"):
                socket.send(text)
            await asyncio.sleep(1)
        assert sent == ["a", "b", "c"]

    run_virtual(main())


def test_a_text_that_a_send_causes_goes_behind_it() -> None:
    async def main() -> None:
        sent: list[str] = []

        async def send_text(text: str) -> None:
            if text == "a":
                socket.send("b")
            sent.append(text)

        async with AwaitedSocket(send_text, SlowPeer().close) as socket:
            await asyncio.sleep(0)
            socket.send("a")
            assert sent == ["a"]
            socket.send("c")
            await asyncio.sleep(0)
            assert sent == ["a", "b", "c"]

    run_virtual(main())


def test_nothing_of_a_socket_lives_after_a_send_that_waited_has_failed() -> None:
    """A server's future holds its error, whose traceback may hold the frame that holds the future."""

    async def send_text(_text: str) -> None:
        waiter = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(waiter.set_exception, ConnectionError())
        await waiter

    async def close(_code: int) -> None:
        raise AssertionError

    async def one() -> None:
        reports = Reports()
        async with AwaitedSocket(send_text, close) as socket:
            socket.receiver = reports
            await asyncio.sleep(0)
            socket.send("text")
            while not reports.names:  # noqa: ASYNC110 -- the report has no event
                await asyncio.sleep(0)

    async def main() -> None:
        await one()
        with Census() as census:
            await one()
            assert await census.settled() == []

    asyncio.run(main())
