"""The blocking HTTP library's transport over sockets with a deadline.

The library's own transport takes no network backend, its core does: this is the core's connection pool with ours.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from rtpcodec.client.deadline import Deadline
from rtpcodec.client.deadline_network import DeadlineNetwork, Lookup
from rtpcodec.client.transport import tls_context

KEPT_CONNECTIONS: Final = 20
KEPT_S: Final = 5.0
"""How many idle connections are kept, and how long: the library's own defaults."""


def deadline_transport(
    library: ModuleType, deadline: Deadline, proxy: str | None, lookup: Lookup | None = None
) -> object:
    """Return the argument `transport` of a blocking client.

    Args:
        library: httpx2 or httpx.
        deadline: of the calling thread's attempt.
        proxy: the URL of an HTTP or SOCKS proxy.
        lookup: a host's addresses; by default the system's resolver.

    Raises:
        ValueError: the proxy's URL has another scheme.
        ImportError: a SOCKS proxy needs the package socksio.
    """
    core = import_module(library.__name__.replace("httpx", "httpcore"))
    # Unlimited: a thread has one connection at most, and a wait for a free one would be another wait to bound.
    limits = {"max_connections": None, "max_keepalive_connections": KEPT_CONNECTIONS, "keepalive_expiry": KEPT_S}
    pool = _pool(
        library,
        core,
        proxy,
        ssl_context=tls_context(library),
        network_backend=DeadlineNetwork(core, deadline, lookup),
        **limits,
    )
    return _transport(library, core, pool)


def _pool(library: ModuleType, core: ModuleType, proxy_url: str | None, **settings: Any) -> Any:
    if proxy_url is None:
        return core.ConnectionPool(**settings)
    proxy = library.Proxy(proxy_url)
    url = core.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path)
    if proxy.url.scheme in ("socks5", "socks5h"):
        import_module("socksio")
        return core.SOCKSProxy(url, proxy_auth=proxy.raw_auth, **settings)
    return core.HTTPProxy(
        url,
        proxy_auth=proxy.raw_auth,
        proxy_headers=proxy.headers.raw,
        proxy_ssl_context=proxy.ssl_context,
        **settings,
    )


def _transport(library: ModuleType, core: ModuleType, pool: Any) -> object:
    failures = (core.TimeoutException, core.NetworkError, core.ProtocolError, core.ProxyError, core.UnsupportedProtocol)

    @contextlib.contextmanager
    def errors_of_library() -> Iterator[None]:
        try:
            yield
        except failures as error:
            # Both modules have the same names.
            kind: type[Exception] = getattr(library, type(error).__name__)
            raise kind(str(error)) from error

    # The base classes belong to the installed library, so these classes are made here.
    class Body(library.SyncByteStream):  # type: ignore[misc,name-defined]  # a module is not typed
        def __init__(self, parts: Any) -> None:
            self._parts = parts

        def __iter__(self) -> Iterator[bytes]:
            with errors_of_library():
                yield from self._parts

        def close(self) -> None:
            self._parts.close()

    class DeadlineTransport(library.BaseTransport):  # type: ignore[misc,name-defined]  # a module is not typed
        def handle_request(self, request: Any) -> Any:
            url = request.url
            asked = core.Request(
                method=request.method,
                url=core.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
            with errors_of_library():
                answer = pool.handle_request(asked)
            return library.Response(answer.status, headers=answer.headers, stream=Body(answer.stream))

        def close(self) -> None:
            pool.close()

    return DeadlineTransport()
