"""The good calls: calls of the simulator, whose every chunk must come back."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from rtpcodec.client import AsyncCallControl
from rtpcodec.errors import CommandError
from rtpcodec.sim import CallReport, Carrier, Hold, SimulatedCall, Timing
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.stream.plan import StreamPlan
from tests.storm.endpoint import CERTIFICATE

CHUNK_MS: Final = 20
RATE_HZ: Final = 8000
RETURN_S: Final = 30.0
"""How long the last chunks may take to come back before they count as lost."""
OPEN_S: Final = 30.0
POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Chunks:
    """Chunks of the good calls, and how long each took to come back."""

    sent: int
    returned: int
    round_trips_ms: tuple[float, ...]
    """Sorted."""

    def percentile_ms(self, percent: float) -> float:
        """The round trip that so many percent of the chunks do not exceed; 0 without any chunk."""
        if not self.round_trips_ms:
            return 0.0
        at = min(len(self.round_trips_ms) - 1, int(len(self.round_trips_ms) * percent / 100))
        return self.round_trips_ms[at]


def chunks_of(reports: list[CallReport]) -> Chunks:
    """Add up the reports of calls."""
    return Chunks(
        sum(report.media_sent for report in reports),
        sum(min(report.media_received, report.media_sent) for report in reports),
        tuple(sorted(latency_ms for report in reports for latency_ms in report.latencies_ms)),
    )


class Caller:
    """Makes calls to one endpoint; `open_caller` makes it."""

    def __init__(self, carrier: Carrier, control: AsyncCallControl, url: str, token: str) -> None:
        self._carrier = carrier
        self._control = control
        self._url = url
        self._token = token

    async def begin(self, seconds: float) -> SimulatedCall:
        """Begin a call that speaks for so long, and then listens. Returns it once its WebSocket is open.

        Raises: ConnectionError if the endpoint does not take it.
        """
        speech_ms = seconds * 1000 // CHUNK_MS * CHUNK_MS
        # On hold the caller sends nothing and still hears: the last chunk has time to come back.
        hold = Hold(from_ms=speech_ms, to_ms=speech_ms + 10 * RETURN_S * 1000)
        speech = random.Random(13).randbytes(2 * RATE_HZ * CHUNK_MS // 1000) * int(speech_ms // CHUNK_MS + 10)
        call = self._carrier.new_call(speech, speech_hz=RATE_HZ, timing=Timing(holds=(hold,)), keeps_audio=False)
        try:
            await self._control.start_streaming(
                call.call_control_id,
                stream_url=self._url,
                stream_auth_token=self._token,
                **StreamPlan().command_fields(),
            )
        except CommandError as error:
            raise ConnectionError("the simulator refused the command") from error
        async with asyncio.timeout(OPEN_S):
            while stream_of(call) is None:
                if not call.streaming:
                    raise ConnectionError("the endpoint did not take the call, or ended it at once")
                await asyncio.sleep(POLL_S)
        return call

    async def end(self, calls: list[SimulatedCall], seconds: float) -> list[CallReport]:
        """Wait until all chunks of calls that speak for so long are back, but not without end; hang up."""
        expected = int(seconds * 1000 // CHUNK_MS)
        deadline_s = asyncio.get_running_loop().time() + seconds + RETURN_S
        for call in calls:
            while asyncio.get_running_loop().time() < deadline_s:
                stream = stream_of(call)
                if stream is None or stream._tally.media_received >= expected:
                    break
                await asyncio.sleep(POLL_S)
        for call in calls:
            call.hang_up()
        return [await call.finished() for call in calls]


def stream_of(call: SimulatedCall) -> CarrierStream | None:
    """Return the stream that runs now."""
    return call._streaming._stream


@asynccontextmanager
async def open_caller(port: int, token: str, *, tls: bool) -> AsyncIterator[Caller]:
    """Open a carrier for one endpoint."""
    context = ssl.create_default_context(cafile=CERTIFICATE) if tls else None
    url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/"
    async with (
        Carrier("KEY_STORM", ssl_context=context) as carrier,
        AsyncCallControl("KEY_STORM", base_url=carrier.base_url) as control,
    ):
        yield Caller(carrier, control, url, token)
