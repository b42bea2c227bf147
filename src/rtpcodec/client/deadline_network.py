"""Sockets of the blocking HTTP library that keep a deadline.

The library gives each read, write and connect a time-out of its own, so a server that sends octet by octet would
never time out. Here each of them gets the time that is left until the deadline: name lookup, connect, TLS handshake,
write and read.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, Final, Protocol, TypeVar

from rtpcodec.client.deadline import Deadline

TLS_RECORD_OCTETS: Final = 1 << 14
"""How much of a stream is read or written at once (RFC 8446 section 5.1)."""

T = TypeVar("T")
Lookup = Callable[[str, int], list[str]]


class Octets(Protocol):
    """A stream of octets below HTTP; OSError and TimeoutError as a socket raises them."""

    def receive(self, max_octets: int) -> bytes:
        """Return what has arrived; empty at the end of the stream."""

    def send(self, octets: bytes | memoryview) -> None:
        """Write all of it."""


class DeadlineNetwork:
    """The library's network backend. `core` is its core module, which defines the errors that it expects."""

    def __init__(self, core: ModuleType, deadline: Deadline, lookup: Lookup | None = None) -> None:
        self._core = core
        self._deadline = deadline
        self._lookup = lookup or addresses_of

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> DeadlineStream:
        """Connect to the first address that answers; lookup and all addresses together take `timeout` at most."""
        core, deadline = self._core, self._deadline
        with deadline.within(timeout), _raised(core.ConnectTimeout, core.ConnectError):
            addresses = self._addresses(host, port)
            connect = core.SyncBackend().connect_tcp
            for at, address in enumerate(addresses):
                # An address that does not answer leaves its share to the others.
                share_s = deadline.left_s() / (len(addresses) - at)
                try:
                    plain = connect(address, port, share_s, local_address, socket_options)
                except (core.ConnectError, core.ConnectTimeout):
                    if at + 1 == len(addresses):
                        raise
                else:
                    return DeadlineStream(core, deadline, plain, _Plain(plain.get_extra_info("socket"), deadline))
        raise core.ConnectError(f"{host} has no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        with contextlib.suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        return _in_thread(functools.partial(self._lookup, host, port), self._deadline.left_s())


class DeadlineStream:
    """One connection, as the library's HTTP code reads and writes it; TLS can run over it, also twice."""

    def __init__(self, core: ModuleType, deadline: Deadline, plain: Any, octets: Octets) -> None:
        self._core = core
        self._deadline = deadline
        self._plain = plain
        self._octets = octets

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has arrived, at most `max_bytes`."""
        with self._deadline.within(timeout), _raised(self._core.ReadTimeout, self._core.ReadError):
            return self._octets.receive(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        with self._deadline.within(timeout), _raised(self._core.WriteTimeout, self._core.WriteError):
            self._octets.send(buffer)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> DeadlineStream:
        """Return the stream with TLS over it; the whole handshake takes `timeout` at most."""
        tls = _Tls(self._octets, ssl_context, server_hostname)
        try:
            with self._deadline.within(timeout), _raised(self._core.ConnectTimeout, self._core.ConnectError):
                tls.shake_hands()
        except BaseException:
            self.close()
            raise
        return DeadlineStream(self._core, self._deadline, self._plain, tls)

    def close(self) -> None:
        """Close the socket without a wait."""
        self._plain.close()

    def get_extra_info(self, info: str) -> Any:
        """Return what the library asks about the connection."""
        if info == "ssl_object":
            return self._octets.session if isinstance(self._octets, _Tls) else None
        return self._plain.get_extra_info(info)


class _Plain:
    """A connected socket."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def receive(self, max_octets: int) -> bytes:
        self._socket.settimeout(self._deadline.left_s())
        return self._socket.recv(max_octets)

    def send(self, octets: bytes | memoryview) -> None:
        rest = memoryview(octets)
        while rest:
            self._socket.settimeout(self._deadline.left_s())
            rest = rest[self._socket.send(rest) :]


class _Tls:
    """TLS over a stream. The sockets of the `ssl` module cannot run over each other, as a proxy with TLS needs it."""

    def __init__(self, below: Octets, context: ssl.SSLContext, server_hostname: str | None) -> None:
        self._below = below
        self._received = ssl.MemoryBIO()
        self._to_send = ssl.MemoryBIO()
        self.session = context.wrap_bio(self._received, self._to_send, server_hostname=server_hostname)

    def shake_hands(self) -> None:
        self._until_done(self.session.do_handshake)

    def receive(self, max_octets: int) -> bytes:
        try:
            return self._until_done(functools.partial(self.session.read, max_octets))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            # Closed with or without close_notify: the lengths of HTTP show whether the answer is complete.
            return b""

    def send(self, octets: bytes | memoryview) -> None:
        rest = memoryview(octets)
        while rest:
            rest = rest[self._until_done(functools.partial(self.session.write, rest[:TLS_RECORD_OCTETS])) :]

    def _until_done(self, act: Callable[[], T]) -> T:
        """Repeat a step of TLS until the records that it needs are there."""
        while True:
            try:
                result = act()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self._flush()  # the alert with the reason
                raise
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if octets := self._to_send.read():
            self._below.send(octets)

    def _fill(self) -> None:
        if octets := self._below.receive(TLS_RECORD_OCTETS):
            self._received.write(octets)
        else:
            self._received.write_eof()


def addresses_of(host: str, port: int) -> list[str]:
    """Return the addresses of a host by the system's resolver, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _in_thread(act: Callable[[], T], limit_s: float) -> T:
    """Return the result of `act` in a thread that is left alone when it takes longer: getaddrinfo has no time-out."""
    done: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((act(), None))
        except BaseException as error:
            done.put((None, error))

    threading.Thread(target=run, name="rtpcodec-lookup", daemon=True).start()
    try:
        result, error = done.get(timeout=limit_s)
    except queue.Empty:
        raise TimeoutError("the lookup of the host took too long") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # with an error alone it is None


@contextlib.contextmanager
def _raised(timed_out: type[Exception], failed: type[Exception]) -> Iterator[None]:
    """Raise a socket's errors as those of the library."""
    try:
        yield
    except TimeoutError as error:
        raise timed_out(str(error)) from error
    except OSError as error:
        raise failed(str(error)) from error
