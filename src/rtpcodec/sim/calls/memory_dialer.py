"""The WebSocket of a stream in memory, on a virtual clock: dials apps of the same process."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rtpcodec.errors import HandshakeRefused
from rtpcodec.pump.memory import MemoryNetwork
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.sim.calls.stream_pump import DialFailed, StreamPump
from rtpcodec.sim.media.stream import CarrierStream


class MemoryDialer:
    """Opens WebSockets to apps on one network."""

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network

    async def dial(
        self, url: str, headers: Mapping[str, str], open_stream: Callable[[StreamPump], CarrierStream]
    ) -> StreamPump:
        """Connect and begin the stream.

        Raises:
            DialFailed: nothing serves the address, or the app refuses.
        """
        pumps: list[StreamPump] = []

        def begin(socket: MemorySocket) -> StreamPump:
            pumps.append(StreamPump(open_stream, socket))
            return pumps[0]

        try:
            await self._network.connect(url, headers, begin)
        except (OSError, ValueError) as error:
            status = error.status if isinstance(error, HandshakeRefused) else None
            raise DialFailed(f"{type(error).__name__}: no WebSocket was opened", status) from error
        return pumps[0]
