"""For any octets of an answer, the error is a documented one and has status and command id."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rtpcodec.client import (
    Access,
    Answer,
    AsyncCallControl,
    CallControl,
    Command,
    CommandAttempts,
    CommandResult,
    Retry,
)
from rtpcodec.client.command import dial, hangup
from rtpcodec.errors import CommandError, CommandRefused, UnreadableAnswer

KEY = "KEY0123456789_abcdefghij"
ACCESS = Access.of(KEY, "http://127.0.0.1:1/v2")
ODD_BODIES = {
    "Latin-1": '{"errors":[{"code":"1","title":"verweigert: Gerät"}]}'.encode("latin-1"),
    "half a character": b'{"data":{"result":"\xc3"}}',
    "surrogate": b'{"data":{"result":"\\ud800"},"errors":[{"code":"\\udfff"}]}',
    "surrogate in UTF-8": b'{"data":{"result":"\xed\xa0\x80"}}',
    "UTF-16": '{"data":{"result":"ok"}}'.encode("utf-16"),
    "digits": b'{"errors":[{"code":' + b"9" * 5000 + b"}]}",
    "exponent": b'{"errors":[{"code":1e999999}]}',
    "depth": b'{"errors":' + b"[" * 100_000,
    "octet order mark": b'\xef\xbb\xbf{"data":{"result":"ok"}}',
    "nul": b'{"data":{"result":"\x00"}}',
}


def outcome(command: Command[Any], answer: Answer) -> object:
    """Return the outcome of one attempt with this answer: a result or a documented error."""
    attempts = CommandAttempts(command, ACCESS, Retry(0))
    for _ in attempts:
        begun = attempts.answered(answer.status, answer.headers)
        begun.add(bytes(answer.body))
        begun.ended = True
    try:
        return attempts.result()
    except (CommandRefused, UnreadableAnswer) as error:
        return error


@pytest.mark.parametrize("name", ODD_BODIES)
@pytest.mark.parametrize("command", [hangup("v3:x", command_id="id"), dial(to="+1", from_="+2", connection_id="3")])
@pytest.mark.parametrize("status", [200, 400, 422, 500])
def test_bodies_that_are_not_json_in_utf8(name: str, command: Command[Any], status: int) -> None:
    result = outcome(command, Answer(status, {}, bytearray(ODD_BODIES[name])))
    if isinstance(result, CommandRefused | UnreadableAnswer):
        assert (result.status, result.command_id) == (status, command.command_id)
        assert str(result).encode()
    else:
        assert (status, type(result)) == (200, CommandResult)


MEMBER = st.sampled_from(
    ["errors", "data", "code", "title", "detail", "meta", "source", "pointer", "result", "call_control_id"]
) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBER, inner, max_size=4),
    max_leaves=10,
)


def json_octets(value: object) -> bytes:
    return json.dumps(value).encode()


BODIES = (
    st.binary(max_size=200)
    | JSON.map(json_octets)
    | st.sampled_from([body for body in ODD_BODIES.values() if len(body) < 1000])
)
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "retry-after", "retry-after-ms", "x-should-retry", "x-ratelimit-reset"]),
    st.text() | st.floats().map(str) | st.dates().map(str) | st.integers().map(str),
)


@settings(max_examples=50, deadline=None)
@given(st.integers(100, 999), HEADERS, BODIES)
@example(429, {"retry-after": "Mon, 99 Jan 0000 99:99:99 +9999"}, b"")
@example(429, {"retry-after": "Mon, 01 Jan 9999 00:00:00 -2359"}, b"")
def test_any_answer_is_an_outcome_or_a_documented_error(status: int, headers: dict[str, str], body: bytes) -> None:
    result = outcome(hangup("v3:x", command_id="once"), Answer(status, headers, bytearray(body)))
    if isinstance(result, CommandRefused | UnreadableAnswer):
        assert (result.status, result.command_id, result.attempts) == (status, "once", 1)
    else:
        assert type(result) is CommandResult


class OctetServer:
    """Answers each connection with `octets` and closes it."""

    def __init__(self) -> None:
        self.octets = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with contextlib.suppress(OSError), connection:
                    request = b""
                    while b"}" not in request and (part := connection.recv(65536)):
                        request += part
                    connection.sendall(self.octets)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture(scope="module")
def octet_server() -> Iterator[OctetServer]:
    server = OctetServer()
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.close()
    thread.join()


LINES = st.sampled_from(
    [
        b"Content-Length: 5",
        b"Content-Length: -1",
        b"Content-Length: 99999999999999999999",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Content-Type: \xff\xfe; charset=\xff",
        b"Content-Type: text/html; charset=nonsense",
        b"Content-Encoding: gzip",
        b"Location: http://[",
        b"Set-Cookie: a=\xff",
        b"Upgrade: h2c",
        b"Connection: upgrade",
        b"Retry-After: \xff",
    ]
) | st.binary(max_size=20)
STATUS_LINES = st.builds(
    lambda version, status, reason: b"HTTP/%s %s %s" % (version, status, reason),
    st.sampled_from([b"1.1", b"1.0", b"2", b"0.9"]),
    st.integers(0, 1000).map(lambda status: b"%d" % status) | st.binary(max_size=3),
    st.binary(max_size=10),
)
ANSWERS = st.binary(max_size=100) | st.builds(
    lambda first, lines, body: b"\r\n".join([first, *lines, b"", body]),
    STATUS_LINES,
    st.lists(LINES, max_size=4),
    BODIES,
)


@pytest.fixture
def clients(octet_server: OctetServer, http_library: str) -> Iterator[list[Callable[[], object]]]:
    """Both clients as functions that hang up; making a control takes longer than a command."""
    given_settings: dict[str, Any] = {"base_url": octet_server.url, "retry": Retry(0), "timeout_s": 30.0}
    with asyncio.Runner() as runner, CallControl(KEY, **given_settings) as control:
        other = AsyncCallControl(KEY, **given_settings)
        yield [lambda: control.hangup("v3:x"), lambda: runner.run(other.hangup("v3:x"))]
        runner.run(other.aclose())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(octets=ANSWERS)
@example(octets=b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n")
@example(octets=b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n")
@example(octets=b"HTTP/1.1 999 \xff\r\nContent-Type: \xff\r\nContent-Length: 1\r\n\r\n\xff")
def test_any_octets_give_documented_errors_in_both_shells(
    octets: bytes, octet_server: OctetServer, clients: list[Callable[[], object]]
) -> None:
    octet_server.octets = octets
    for client in clients:
        with contextlib.suppress(CommandError):
            client()
