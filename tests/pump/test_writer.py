"""A socket whose functions must be awaited: order, back-pressure, close, failure. Virtual time."""

from __future__ import annotations

import asyncio

from typing_extensions import Buffer

from rtpcodec.pump.virtual import run_virtual
from rtpcodec.pump.writer import HIGH_WATER_OCTETS, LOW_WATER_OCTETS, AwaitedSocket


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
