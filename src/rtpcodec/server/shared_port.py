"""The part of an endpoint that other processes use: the shared listening socket, and its load."""

from __future__ import annotations

import socket

from rtpcodec.errors import EndpointError
from rtpcodec.pickling import Live
from rtpcodec.server.access import Gate
from rtpcodec.server.invitations import Invitations
from rtpcodec.server.listening import CallServer
from rtpcodec.server.placement import WorkerLoad
from rtpcodec.server.running_calls import RunningCalls
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.tcp_listener import Turns


class SharedPort(Live):
    """The part of an endpoint that other processes use: the shared listening socket, and its load."""

    _settings: EndpointSettings
    _gate: Gate
    _running: RunningCalls
    _invitations: Invitations
    _server: CallServer | None
    _shares_address = False

    @property
    def awaited(self) -> int:
        """Sockets that may become calls, and calls that `stream` has requested and that have not arrived."""
        return self._half_open + len(self._invitations)

    def load(self, name: str, url: str) -> WorkerLoad:
        """Return the figures of this endpoint for a registry of workers (`server.placement`).

        Args:
            name: name of the worker, unique among all.
            url: the URL that leads to this endpoint and to no other.
        """
        return WorkerLoad(
            name=name,
            url=url,
            calls=len(self._running) + self._half_open,
            taken=self._running.totals.taken,
            max_calls=self._settings.max_calls,
            draining=self._gate.draining,
            has_room=self._gate.closed_because(len(self._invitations)) is None,
        )

    def share(self, turns: Turns, own: socket.socket | None = None) -> None:
        """Accept in turns with other processes that have the same listening socket; `run_workers` does that.

        Args:
            turns: decides when to accept.
            own: a further bound socket, of this process only.

        Raises:
            EndpointError: the endpoint is not open.
            OSError: `own` cannot listen.
        """
        if self._server is None:
            raise EndpointError("the endpoint is not open")
        self._server.share(turns, own)
        self._shares_address = own is None

    async def leave_port(self) -> None:
        """Stop listening, so that others may use the port. Requests of already accepted sockets are served."""
        if self._server is not None:
            # No other process can serve sockets that this process has accepted.
            self._gate.admits_accepted = True
            await self._server.hand_over()
            self._gate.admits_accepted = False

    def _require_own_address(self) -> None:
        if self._shares_address:
            raise EndpointError(
                "all workers share this address, so the socket may reach another worker: pass worker_port to "
                "run_workers, or a public_url with {worker}"
            )

    @property
    def _half_open(self) -> int:
        return 0 if self._server is None else (self._server.half_open or 0)
