"""Dials as Twilio does: each request is signed with the token of the account."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from rtpcodec.carriers.twilio.streaming import SIGNATURE_HEADER
from rtpcodec.sim.calls.dialling import Dialer
from rtpcodec.sim.calls.stream_pump import StreamPump
from rtpcodec.sim.media.stream import CarrierStream


class SigningDialer:
    """Opens WebSockets to apps by another dialer."""

    __slots__ = ("_account_token", "_dialer")

    def __init__(self, dialer: Dialer, account_token: str) -> None:
        self._dialer = dialer
        self._account_token = account_token

    def dial(
        self, url: str, headers: Mapping[str, str], open_stream: Callable[[StreamPump], CarrierStream]
    ) -> Coroutine[Any, Any, StreamPump]:
        """Sign the request, connect, and begin the stream.

        Raises: the errors of the other dialer.
        """
        signed = {**headers, SIGNATURE_HEADER: signature_of(url, self._account_token)}
        return self._dialer.dial(url, signed, open_stream)


def signature_of(url: str, account_token: str) -> str:
    """Return the base64 of the HMAC-SHA1 of a URL; the request of a WebSocket has no parameters to sign."""
    return base64.b64encode(hmac.digest(account_token.encode(), url.encode(), "sha1")).decode()
