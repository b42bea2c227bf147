"""Limits on what a carrier sends: frames that are not messages, too many or too long messages, and silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

import rtpcodec
from rtpcodec import events
from rtpcodec.server import Call, Endpoint
from rtpcodec.stream import connection
from tests.pump.frames import next_frame
from tests.server.dialler import Dialler, RawSocket, call, dial, raw, run, until

TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE = 1, 2, 0, 9, 10, 8
START = b'{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}'
DTMF = b'{"event":"dtmf","dtmf":{"digit":"1"}}'


class Listener:
    """A handler that collects its events."""

    def __init__(self) -> None:
        self.seen: list[events.Event] = []

    async def __call__(self, call: Call) -> None:
        async for event in call.events():
            self.seen.append(event)

    @property
    def kinds(self) -> list[str]:
        """Of all events except the pauses that a busy machine makes."""
        return [type(event).__name__ for event in self.seen if not isinstance(event, events.Stalled)]

    @property
    def malformed(self) -> list[events.Malformed]:
        return [event for event in self.seen if isinstance(event, events.Malformed)]

    @property
    def rules(self) -> list[str]:
        return [event.rule for event in self.malformed]


async def open_raw(endpoint: Endpoint, socket: RawSocket) -> None:
    assert (await socket.upgrade()).startswith("HTTP/1.1 101 ")
    socket.frame(TEXT, START)


def test_fragments_with_pings_between_them_are_joined() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            for at in range(len(DTMF)):
                opcode = CONTINUATION if at else TEXT
                socket.frame(opcode, DTMF[at : at + 1], fin=at == len(DTMF) - 1)
                socket.frame(PING, b"%d" % at)
            await until(lambda: "Dtmf" in listener.kinds)
            assert await socket.reader.readexactly(3) == b"\x8a\x010"  # the first pong, with its own octets
            socket.frame(CLOSE, (1000).to_bytes(2))
            assert await socket.close_code() == 1000
        assert listener.kinds == ["Started", "Dtmf", "Disconnected", "Stopped"]

    run(main)


def test_an_empty_fragment_ends_a_message() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, call(endpoint.url) as carrier:
            await carrier.socket.send([DTMF[:5].decode(), "", DTMF[5:].decode(), ""])
            await carrier.stop()
            assert await carrier.close_code() == 1000
        assert listener.kinds == ["Started", "Dtmf", "Stopped"]

    run(main)


@pytest.mark.parametrize(
    ("frames", "rule", "code"),
    [
        ([(TEXT, b"{", False), *[(CONTINUATION, b"", False)] * 8], "fragments", 1008),
        ([(TEXT, b"x" * 600, False), (CONTINUATION, b"x" * 425, True)], "size", 1009),
        ([(CONTINUATION, b"x", True)], "fragments", 1002),
        ([(TEXT, b"{", False), (TEXT, DTMF, True)], "fragments", 1002),
        ([(BINARY, b"{", False), (BINARY, DTMF, True)], "fragments", 1002),
    ],
    ids=["flood", "too big", "no beginning", "text within", "binary within"],
)
def test_fragments_that_do_not_form_a_message_end_the_call(
    frames: list[tuple[int, bytes, bool]], rule: str, code: int
) -> None:
    async def main() -> None:
        listener = Listener()
        settings: dict[str, Any] = {"max_fragments": 8, "max_message_octets": 1024}
        async with rtpcodec.serve(listener, **settings) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            for opcode, payload, fin in frames:
                socket.frame(opcode, payload, fin=fin)
            assert await socket.close_code() == code
            socket.frame(CLOSE, code.to_bytes(2))
            assert await socket.reader.read() == b""
        assert listener.kinds == ["Started", "Malformed", "Stopped"]
        assert listener.rules == [rule]

    run(main)


def test_a_frame_that_is_too_big_ends_the_call_before_it_is_read() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener, max_message_octets=1024) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            socket.frame(TEXT, claimed=2**62)
            assert await socket.close_code() == 1009
            await until(lambda: "Stopped" in listener.kinds)
        assert listener.rules == ["size"]
        assert [event.detail for event in listener.seen if isinstance(event, events.Malformed)] == [
            "a frame has more than 1024 octets"
        ]

    run(main)


@pytest.mark.parametrize("octets", [[b"\0\1"], [b"\0", b"\1"]], ids=["whole", "in fragments"])
def test_a_binary_message_is_malformed_and_the_stream_continues(octets: list[bytes]) -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, call(endpoint.url) as carrier:
            await carrier.socket.send(octets if len(octets) > 1 else octets[0])
            await carrier.media()
            await carrier.stop()
            await carrier.close_code()
        assert listener.kinds == ["Started", "Malformed", "Audio", "Stopped"]
        assert listener.rules == ["text"]

    run(main)


@pytest.mark.parametrize("octets", [[b'{"event":"\xff"}'], [b'{"event":"\xff', b'"}']], ids=["whole", "in fragments"])
def test_text_that_is_not_utf8_ends_the_connection(octets: list[bytes]) -> None:
    """RFC 6455 section 8.1; the report says which octet is wrong."""

    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, call(endpoint.url) as carrier:
            await carrier.socket.send(octets if len(octets) > 1 else octets[0], text=True)
            assert await carrier.close_code() == 1007
        assert listener.rules == ["utf8"]
        broken = next(event for event in listener.seen if isinstance(event, events.Malformed))
        assert broken.detail.startswith("octet 10: ")

    run(main)


BAD_FRAMES: dict[str, Callable[[Dialler], Any]] = {
    "json": lambda carrier: carrier.socket.send("{"),
    "text": lambda carrier: carrier.socket.send(b"\0"),
    "depth": lambda carrier: carrier.socket.send('{"event":' + "[" * 100),
    "member": lambda carrier: carrier.socket.send('{"event":"media","media":{}}'),
    "type": lambda carrier: carrier.socket.send('{"event":1}'),
}


@pytest.mark.parametrize("rule", BAD_FRAMES)
def test_twenty_malformed_messages_in_a_row_end_only_their_own_call(
    rule: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MIN_MALFORMED_MS", 0.0)

    async def main() -> None:
        broken, whole = Listener(), Listener()
        listeners = {"/broken": broken, "/whole": whole}

        async def listen(call: Call) -> None:
            await listeners[call.path](call)

        async with rtpcodec.serve(listen, path=None) as endpoint:
            async with call(f"{endpoint.url}whole") as good, call(f"{endpoint.url}broken") as bad:
                for _ in range(19):
                    await BAD_FRAMES[rule](bad)
                await bad.media()
                for _ in range(20):
                    await BAD_FRAMES[rule](bad)
                assert await bad.close_code() == 1008
                await good.media()
                await good.stop()
                assert await good.close_code() == 1000
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 1
        assert broken.rules == [rule] * 39
        assert broken.seen[-1] == events.Stopped("malformed")
        assert whole.kinds == ["Started", "Audio", "Stopped"]

    run(main)
    warnings = [record.getMessage() for record in caplog.records if record.name.startswith("rtpcodec")]
    assert len(warnings) == 1, "a rule is logged once per call"
    assert f"malformed message ({rule}): " in warnings[0]


def test_malformed_messages_before_start_end_the_socket_and_media_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MIN_MALFORMED_MS", 0.0)

    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, dial(endpoint.url) as carrier:
            for _ in range(20):
                await carrier.media()
            for _ in range(20):
                await carrier.socket.send("{")
            assert await carrier.close_code() == 1008
        assert listener.seen == []

    run(main)


def test_a_socket_without_start_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener(), start_timeout_s=0.05) as endpoint, dial(endpoint.url) as carrier:
            with suppress(ConnectionClosed):  # on a busy machine the time is already over
                await carrier.send(event="connected", version="1.0.0")
            assert await carrier.close_code() == 1002
            assert endpoint.calls == ()
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 1

    run(main)
    assert [
        record.getMessage().partition(": ")[2] for record in caplog.records if record.levelno >= logging.WARNING
    ] == ["no start was received within 0.05 s"]


def test_a_call_that_started_outlives_the_start_timeout() -> None:
    async def main() -> None:
        serving = rtpcodec.serve(Listener(), start_timeout_s=1.0, idle_timeout_s=1.2)
        async with serving as endpoint, call(endpoint.url) as carrier:
            begun = asyncio.get_running_loop().time()
            assert await carrier.close_code() == 1008
            assert asyncio.get_running_loop().time() - begun > 1.0

    run(main)


def test_silence_ends_a_call(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener, idle_timeout_s=1.0) as endpoint, call(endpoint.url) as carrier:
            for _ in range(6):
                await carrier.media()
                await asyncio.sleep(0.25)
            assert listener.kinds.count("Audio") == 6
            assert await carrier.close_code() == 1008
        assert listener.seen[-1] == events.Stopped("closed_here")

    run(main)
    assert "no frame was received for 1 s" in caplog.text


def test_a_socket_that_answers_pings_is_not_silent() -> None:
    async def main() -> None:
        listener = Listener()
        timeouts = {"idle_timeout_s": 1.0, "ping_interval_s": 0.2}
        async with rtpcodec.serve(listener, **timeouts) as endpoint, raw(endpoint.port) as socket:  # type: ignore[arg-type]
            await open_raw(endpoint, socket)
            for _ in range(8):
                asked = await next_frame(socket.reader)
                assert asked.opcode == PING
                socket.frame(PONG, asked.payload)
            assert listener.kinds == ["Started"], "1.6 s have passed"

    run(main)


def test_a_socket_that_answers_a_ping_and_later_none_is_dropped() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener, ping_interval_s=0.05) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            socket.frame(PONG, (await next_frame(socket.reader)).payload)
            assert await socket.reader.read() != b""
            await until(lambda: listener.kinds == ["Started", "Disconnected", "Stopped"])

    run(main)


def test_a_socket_that_never_answers_a_ping_is_not_dropped_for_it() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener, ping_interval_s=0.02) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            assert [(await next_frame(socket.reader)).opcode for _ in range(8)] == [PING] * 8
            assert listener.kinds == ["Started"]

    run(main)


def test_a_socket_that_is_cut_ends_its_call() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            await until(lambda: listener.kinds)
            socket.writer.transport.abort()
            await until(lambda: listener.seen[-1] == events.Stopped("closed"))
            await until(lambda: not endpoint.calls)

    run(main)


def test_a_peer_that_never_answers_our_close_frame_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtpcodec.stream.machine.CLOSE_TIMEOUT_MS", 50.0)

    async def leave(_call: Call) -> None:
        pass

    async def main() -> None:
        async with rtpcodec.serve(leave) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            assert await socket.close_code() == 1000
            assert await socket.reader.read() == b""
            await until(lambda: not endpoint.calls)

    run(main)
