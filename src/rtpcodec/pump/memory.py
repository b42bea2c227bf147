"""A network in memory: WebSockets and HTTP between the parts of one program.

Host names are compared, not resolved. There is no TLS: `wss` and `https` differ from `ws` and `http` in their default
port only. WebSockets and HTTP may be served at the same address. Transport takes no time.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Final, Generic, TypeAlias, TypeVar
from urllib.parse import urlsplit

from rtpcodec.errors import HandshakeRefused
from rtpcodec.pickling import Live
from rtpcodec.pump.headers import Headers
from rtpcodec.pump.memory_socket import MAX_UNREAD_OCTETS, MakeWaker, MemorySocket, open_pair
from rtpcodec.pump.socket import Receiver

__all__ = ["Listener", "MemoryAnswer", "MemoryNetwork", "MemoryRequest"]

S = TypeVar("S")

DEFAULT_PORTS: Final = {"ws": 80, "http": 80, "wss": 443, "https": 443}
PRIVATE_PORTS: Final = range(49152, 65536)
"""Port 0 takes one of these (RFC 6335 section 6)."""
EVERY_HOST: Final = ("", "0.0.0.0", "::")  # noqa: S104 -- nothing is bound
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class MemoryRequest:
    """An HTTP request; `target` is path and query."""

    method: str
    target: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class MemoryAnswer:
    """An HTTP answer."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Fields of the header."""
    body: bytes = field(default=b"", repr=False)
    """The octets of the body."""
    delay_s: float = 0.0
    """How long the server delays it, if it refuses a WebSocket."""


MakeReceiver: TypeAlias = Callable[[MemorySocket], Receiver]
"""Takes one end of a new WebSocket and returns its Receiver."""
Admit: TypeAlias = Callable[[str, Mapping[str, str]], MemoryAnswer | MakeReceiver]
"""Takes target and headers of a WebSocket; returns an answer to refuse it."""
HttpHandler: TypeAlias = Callable[[MemoryRequest], Awaitable[MemoryAnswer]]


@dataclass(frozen=True, slots=True)
class _Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host or '*'} port {self.port}"


@dataclass(frozen=True, slots=True)
class _Service(Generic[S]):
    """The function that serves an address, and its context."""

    serve: S
    context: Context = field(default_factory=copy_context)


class _Services(Generic[S]):
    """Services of one protocol by port and host."""

    def __init__(self) -> None:
        self._hosts_of: dict[int, dict[str, _Service[S]]] = {}

    def __contains__(self, port: int) -> bool:
        return port in self._hosts_of

    def add(self, address: _Address, serve: S) -> None:
        hosts = self._hosts_of.get(address.port, {})
        if address.host in hosts or "" in hosts or (hosts and not address.host):
            raise OSError(errno.EADDRINUSE, f"{address} is in use")
        self._hosts_of[address.port] = hosts | {address.host: _Service(serve)}

    def remove(self, address: _Address) -> None:
        hosts = self._hosts_of[address.port]
        del hosts[address.host]
        if not hosts:
            del self._hosts_of[address.port]

    def find(self, address: _Address) -> _Service[S] | None:
        hosts = self._hosts_of.get(address.port, {})
        return hosts.get(address.host) or hosts.get("")


class Listener(Live):
    """Serves one address until it is closed. Open connections stay open."""

    def __init__(self, host: str, port: int, close: Callable[[], object]) -> None:
        self.host = host
        self.port = port
        self._close: Callable[[], object] | None = close

    def close(self) -> None:
        """Stop serving; a second call does nothing."""
        close, self._close = self._close, None
        if close is not None:
            close()


class MemoryNetwork(Live):
    """Connects WebSockets and HTTP within one process; a VirtualEventLoop has one as `network`.

    Args:
        max_unread_octets: limit of unread octets per direction at which the sender is paused; for connections that are
            opened after it was set.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, make_waker: MakeWaker) -> None:
        self.max_unread_octets = MAX_UNREAD_OCTETS
        self._loop = loop
        self._make_waker = make_waker
        self._web_sockets: _Services[Admit] = _Services()
        self._http: _Services[HttpHandler] = _Services()
        self._ports = itertools.cycle(PRIVATE_PORTS)
        self._serving: set[asyncio.Task[MemoryAnswer]] = set()

    def listen(self, host: str, port: int, admit: Admit) -> Listener:
        """Listen for WebSockets at an address.

        Args:
            host: a name or an address; `""`, `0.0.0.0` and `::` stand for every host.
            port: 0 takes a free one.
            admit: takes target and headers of a request; returns a function that takes the server's end and returns its
                Receiver, or an answer to refuse the WebSocket.

        Returns:
            The Listener with its port.

        Raises:
            OSError: a Listener for WebSockets has the address (EADDRINUSE).
        """
        return self._serve(self._web_sockets, host, port, admit)

    async def connect(self, url: str, headers: Mapping[str, str], make_receiver: MakeReceiver) -> MemorySocket:
        """Open a WebSocket.

        Args:
            url: `ws` or `wss`, host, port, path and query.
            headers: further fields of the request.
            make_receiver: takes our end and returns its Receiver.

        Returns:
            Our end.

        Raises:
            ConnectionRefusedError: nothing serves the address.
            HandshakeRefused: the server refuses the WebSocket.
            ValueError: the URL is not a WebSocket URL.
        """
        address, target = _split(url, ("ws", "wss"))
        await asyncio.sleep(0)  # let other tasks run, as on a real network
        service = self._web_sockets.find(address)
        if service is None:
            if self._http.find(address) is None:
                raise _nothing_serves(address)
            raise HandshakeRefused(404)
        admitted = self._ask(service, target, Headers(headers))
        if isinstance(admitted, MemoryAnswer):
            await asyncio.sleep(admitted.delay_s)
            raise HandshakeRefused(admitted.status, admitted.body)
        server, client = open_pair(self._make_waker, (service.context, copy_context()), self.max_unread_octets)
        try:
            server.attach(service.context.run(admitted, server))
        except Exception as error:
            self._report_failure("creating the Receiver raised an exception; the WebSocket is refused", error)
            raise HandshakeRefused(500) from error
        try:
            client.attach(make_receiver(client))
        except BaseException:
            client.abort()
            raise
        return client

    def serve_http(self, origin: str, handler: HttpHandler) -> Listener:
        """Serve HTTP at an origin.

        Args:
            origin: `http` or `https`, host and port, as in `listen`.
            handler: answers a request. If it raises a ConnectionError, the client receives it, as if the server had cut
                the connection; any other exception becomes an answer with status 500.

        Returns:
            The Listener with its port.

        Raises:
            OSError: HTTP is served there (EADDRINUSE).
            ValueError: the origin is not an HTTP origin.
        """
        address, _ = _split(origin, ("http", "https"))
        return self._serve(self._http, address.host, address.port, handler)

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> MemoryAnswer:
        """Send an HTTP request and wait for the answer.

        If the caller is cancelled, the server continues. At an address that only listens for WebSockets, `admit`
        answers a GET.

        Args:
            method: such as GET.
            url: `http` or `https`, host, port, path and query.
            headers: fields of the request.
            body: octets of the request.

        Raises:
            ConnectionRefusedError: nothing serves the address, another ConnectionError if the server cuts the
                connection.
            ValueError: the URL is not an HTTP URL.
        """
        address, target = _split(url, ("http", "https"))
        request = MemoryRequest(method, target, Headers(headers), body)
        await asyncio.sleep(0)
        service = self._http.find(address)
        if service is None:
            answer = self._answer_by_admit(request, address)
            await asyncio.sleep(answer.delay_s)
            return answer
        task = self._loop.create_task(self._answer(service.serve, request), context=service.context.copy())
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        return await asyncio.shield(task)

    async def _answer(self, handler: HttpHandler, request: MemoryRequest) -> MemoryAnswer:
        try:
            return await handler(request)
        except ConnectionError:
            raise
        except Exception as error:
            self._report_failure("the HTTP handler raised an exception; the answer is 500", error)
            return MemoryAnswer(500)

    def _answer_by_admit(self, request: MemoryRequest, address: _Address) -> MemoryAnswer:
        service = self._web_sockets.find(address)
        if service is None:
            raise _nothing_serves(address)
        if request.method != "GET":
            return MemoryAnswer(405)
        admitted = self._ask(service, request.target, request.headers)
        return admitted if isinstance(admitted, MemoryAnswer) else MemoryAnswer(426, {"Upgrade": "websocket"})

    def _ask(self, service: _Service[Admit], target: str, headers: Headers) -> MemoryAnswer | MakeReceiver:
        try:
            return service.context.run(service.serve, target, headers)
        except Exception as error:
            self._report_failure("admit raised an exception; the WebSocket is refused", error)
            return MemoryAnswer(500)

    def _report_failure(self, message: str, error: Exception) -> None:
        self._loop.call_exception_handler({"message": message, "exception": error})

    def _serve(self, services: _Services[S], host: str, port: int, serve: S) -> Listener:
        address = _Address(_host(host), port or self._free_port())
        services.add(address, serve)
        return Listener(host, address.port, lambda: services.remove(address))

    def _free_port(self) -> int:
        for port in itertools.islice(self._ports, len(PRIVATE_PORTS)):
            if port not in self._web_sockets and port not in self._http:
                return port
        raise OSError(errno.EADDRINUSE, f"all {len(PRIVATE_PORTS)} private ports are in use")


def _nothing_serves(address: _Address) -> ConnectionRefusedError:
    return ConnectionRefusedError(errno.ECONNREFUSED, f"nothing serves {address}")


def _host(host: str) -> str:
    """Return one spelling for all names of a host."""
    if host in EVERY_HOST:
        return ""
    return "localhost" if host.lower() in LOOPBACK else host.lower()


def _split(url: str, schemes: tuple[str, str]) -> tuple[_Address, str]:
    """Split a URL into address and target. Errors do not show the URL, because it may contain a token."""
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise ValueError(f"the URL has scheme {parts.scheme!r}, {schemes[0]!r} or {schemes[1]!r} is needed")
    if not parts.hostname:
        raise ValueError("the URL has no host")
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    query = f"?{parts.query}" if parts.query else ""
    return _Address(_host(parts.hostname), port), (parts.path or "/") + query
