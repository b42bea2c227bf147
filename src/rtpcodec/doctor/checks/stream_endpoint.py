"""Opens the stream's URL as a carrier does, and recognises the endpoint behind it.

While the endpoint's port is free, the doctor listens on it with an endpoint of its own, which accepts one token that
was drawn for this check: a socket that opens with it came here, through every proxy and tunnel. While the port is in
use, the running endpoint is judged by how it answers to its token and to a wrong one.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER
from rtpcodec.doctor.checks.certificate import check_certificate
from rtpcodec.doctor.checks.certificate_file import server_context
from rtpcodec.doctor.finding import FAILED, OK, Finding, failed, ok, skipped, warning
from rtpcodec.doctor.network.address import Address
from rtpcodec.doctor.network.request import ResponseHead, ask, upgrade_fields
from rtpcodec.doctor.settings import DoctorSettings
from rtpcodec.errors import EndpointError, MissingExtra
from rtpcodec.server import handlers, serve
from rtpcodec.sim import Carrier
from rtpcodec.stream.plan import StreamPlan

NONCE_OCTETS: Final = 24
SPEECH_MS: Final = 500
"""Audio of the echo: 25 chunks."""
TAIL_MS: Final = 400.0
"""Time that the simulated caller waits for the rest of the echo."""
QUERY_NAME: Final = "doctor"
SWITCHING: Final = 101

NAME: Final = "stream endpoint"


class OwnRequests:
    """Authorizes the doctor's own requests, and records how they arrive."""

    __slots__ = ("_header_nonce", "_query_nonce", "arrived", "with_token")

    def __init__(self, header_nonce: str, query_nonce: str) -> None:
        self._header_nonce = header_nonce
        self._query_nonce = query_nonce
        self.arrived = False
        """Whether a request of the doctor has arrived."""
        self.with_token = False
        """Whether its token has arrived unchanged."""

    def accepts(self, headers: Mapping[str, str], target: str) -> bool:
        """Return whether a request is the doctor's own."""
        has_token = secrets.compare_digest(
            headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape"), self._header_nonce.encode()
        )
        self.with_token |= has_token
        self.arrived |= has_token or self._query_nonce in target
        return has_token


async def check_own_endpoint(
    settings: DoctorSettings, address: Address, context: ssl.SSLContext | None = None
) -> list[Finding]:
    """Listen on the endpoint's port, open the URL, and stream a second of audio through it."""
    header_nonce, query_nonce = secrets.token_urlsafe(NONCE_OCTETS), secrets.token_urlsafe(NONCE_OCTETS)
    own_requests = OwnRequests(header_nonce, query_nonce)
    try:
        async with serve(
            handlers.echo,
            plan=StreamPlan(),
            host=settings.host,
            port=settings.port,
            path=None,
            authorize=own_requests.accepts,
            ssl=server_context(settings.certificate, settings.key_file),
            drain_s=0.0,
        ):
            # A certificate of the endpoint itself is presented only while an endpoint listens.
            found = [await check_certificate("stream", address, settings.limit_s, context)]
            if found[0].result == FAILED:
                return [*found, skipped(NAME, "the URL cannot be opened, see above")]
            probe = replace(address, target=with_query(address.target, query_nonce))
            found.append(await _reached(probe, own_requests, header_nonce, settings, context))
            if found[-1].result == OK:
                found.append(ok("stream token", f"the header {TOKEN_HEADER} arrives unchanged"))
                found.append(await _echoed(settings, header_nonce, context))
            return found
    except (EndpointError, MissingExtra, ssl.SSLError, OSError) as error:
        return [failed(NAME, f"no endpoint could be opened: {error}", "see the other findings")]


async def _reached(
    address: Address, own_requests: OwnRequests, token: str, settings: DoctorSettings, context: ssl.SSLContext | None
) -> Finding:
    try:
        head = await ask(
            address, "GET", {**upgrade_fields(), TOKEN_HEADER: token}, limit_s=settings.limit_s, context=context
        )
    except (OSError, ssl.SSLError) as error:
        return unreachable(NAME, address, error, settings.limit_s)
    where = f"{settings.host} port {settings.port}"
    if own_requests.with_token:
        if head.status == SWITCHING:
            return ok(NAME, f"{address.shown} leads to {where}, the doctor's endpoint was recognised")
        return failed(
            NAME,
            f"requests arrive, but the upgrade was answered with {head.status}",
            "have the proxy pass WebSockets: HTTP/1.1 with the headers Upgrade and Connection",
        )
    if own_requests.arrived:
        return failed(
            NAME,
            f"requests arrive without the header {TOKEN_HEADER}",
            "have the proxy pass all request headers",
        )
    return _elsewhere(address, head, where)


def _elsewhere(address: Address, head: ResponseHead, where: str) -> Finding:
    """Make the finding of a URL behind which the doctor's endpoint was not recognised."""
    status = head.status
    seen = f"{address.shown} answers with {status}, and the request did not come to {where}"
    if status in (502, 503, 504):
        return failed(NAME, seen, f"the proxy does not reach its target: have it pass requests to {where}")
    if 300 <= status < 400:
        return failed(NAME, seen, "give the URL without a redirect: carriers need not follow one")
    if status == SWITCHING:
        return failed(
            NAME, seen, f"another server accepts the WebSocket: point the URL to {where}, or stop that server"
        )
    return failed(NAME, seen, f"have the proxy or tunnel pass this path to {where}")


async def _echoed(settings: DoctorSettings, token: str, context: ssl.SSLContext | None) -> Finding:
    """Stream audio from a simulated carrier through the URL to the endpoint and back."""
    name = "stream audio"
    api_key = secrets.token_urlsafe()
    try:
        async with Carrier(api_key, connect_timeout_s=settings.limit_s, ssl_context=context) as carrier:
            call = carrier.new_call(bytes(16 * SPEECH_MS), tail_ms=TAIL_MS, playout_delay_ms=60.0)
            url = settings.stream_url or ""
            await _start(carrier, call.call_control_id, url, token)
            report = await call.finished()
    except MissingExtra as error:
        return skipped(name, str(error), "install the extra")
    if call.failure is not None:
        return failed(name, "the URL opened once, and not again", "is a limit on connections set at the proxy?")
    if not report.media_received:
        return failed(name, "audio was sent and none came back", "does the proxy pass WebSocket frames both ways?")
    median_ms = sorted(report.latencies_ms)[len(report.latencies_ms) // 2] if report.latencies_ms else 0.0
    seen = f"{report.media_sent} chunks sent, {report.media_received} came back, after {median_ms:.0f} ms in the middle"
    if median_ms > 300:
        return warning(name, seen, "a proxy or tunnel delays frames: choose one near the carrier")
    return ok(name, seen)


async def _start(carrier: Carrier, call_control_id: str, url: str, token: str) -> None:
    from rtpcodec.client import AsyncCallControl  # noqa: PLC0415 -- needs the library for HTTP, which is optional

    async with AsyncCallControl(carrier.api_key, base_url=carrier.base_url) as control:
        await control.start_streaming(
            call_control_id, stream_url=url, stream_auth_token=token, **StreamPlan().command_fields()
        )


async def check_running_endpoint(
    settings: DoctorSettings, address: Address, context: ssl.SSLContext | None = None
) -> list[Finding]:
    """Open the URL of an endpoint that already runs, with its token and with a wrong one."""
    tls = await check_certificate("stream", address, settings.limit_s, context)
    if tls.result == FAILED:
        return [tls, skipped(NAME, "the URL cannot be opened, see above")]
    try:
        wrong = await _opened(address, secrets.token_urlsafe(NONCE_OCTETS), settings, context)
        right = None if settings.token is None else await _opened(address, settings.token, settings, context)
    except (OSError, ssl.SSLError) as error:
        return [tls, unreachable(NAME, address, error, settings.limit_s)]
    unproven = "that it is your endpoint was not proven, as its port is in use"
    found = [tls]
    if right == SWITCHING:
        found.append(ok(NAME, f"{address.shown} accepts a WebSocket with the token; {unproven}"))
    elif right is not None:
        remedy = "pass the endpoint's token, and look into its log" if right in (401, 403) else "is the path right?"
        found.append(failed(NAME, f"{address.shown} answers with {right} to the token", remedy))
    elif wrong in (SWITCHING, 401, 403):
        found.append(ok(NAME, f"{address.shown} answers with {wrong}; {unproven}"))
    else:
        found.append(
            failed(NAME, f"{address.shown} answers with {wrong}", "is the path right, and does the proxy pass it?")
        )
    found.append(_judged_token(wrong, given=settings.token is not None))
    return found


def _judged_token(wrong: int, *, given: bool) -> Finding:
    name = "stream token"
    if wrong == SWITCHING:
        remedy = "pass authorize=TOKEN to the endpoint: whoever finds the URL can open calls"
        return warning(name, "a wrong token opens a call", remedy)
    if wrong in (401, 403):
        return ok(name, f"a wrong token is refused with {wrong}")
    return skipped(name, f"no call could be opened{'' if given else ', and no --token is given'}")


async def _opened(address: Address, token: str, settings: DoctorSettings, context: ssl.SSLContext | None) -> int:
    fields = {**upgrade_fields(), TOKEN_HEADER: token}
    return (await ask(address, "GET", fields, limit_s=settings.limit_s, context=context)).status


def unreachable(name: str, address: Address, error: BaseException, limit_s: float) -> Finding:
    """Make the finding of a URL without a connection."""
    if isinstance(error, TimeoutError):
        return failed(name, f"{address.shown} did not answer within {limit_s:g} s", "check firewall and proxy")
    if isinstance(error, ssl.SSLError):
        return failed(name, f"TLS with {address.shown} failed: {error.reason}", "is the URL's host and port right?")
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return failed(
        name, f"{address.shown} could not be reached: {why}", "start server, proxy or tunnel; open the firewall"
    )


def with_query(target: str, nonce: str) -> str:
    """Return path and query with a nonce, by which a request is recognised even if its headers are dropped."""
    return f"{target}{'&' if '?' in target else '?'}{QUERY_NAME}={nonce}"
