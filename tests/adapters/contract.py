"""The contract: the structure of every case, and how all cases of one host run, concurrently in one event loop.

An outcome is a mapping of plain values, with no times in it, so that one expected value holds for all hosts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rtpcodec.client import AsyncCallControl
from rtpcodec.kernels.g711 import pcmu_decode
from rtpcodec.server import Call
from rtpcodec.server.options import DialectName
from rtpcodec.sim import Carrier, SimulatedCall
from rtpcodec.stream.plan import StreamPlan
from tests.adapters.hosts import App, Host

TOKEN = "a token of the contract"
SAFETY_NET_S = 60
"""Time-out for a case that hangs. No case waits for a fixed time."""

Outcome = Mapping[str, object]


DIALLING: Mapping[str, Any] = {"open_timeout": SAFETY_NET_S, "close_timeout": SAFETY_NET_S}
"""Options of sockets that a case opens itself."""


def sentence(seed: int, duration_ms: int) -> bytes:
    """Return PCM at 8000 Hz that PCMU keeps exactly, and that has no sample 0, so that it differs from silence."""
    codes = np.random.default_rng(seed).integers(0, 0x7F, duration_ms * 8, dtype=np.uint8)
    return pcmu_decode(codes.tobytes())


SPEECH = sentence(1, 10_000)
"""The caller's, longer than any case."""


@dataclass(frozen=True)
class CarrierSide:
    """The carrier's side of one case."""

    carrier: Carrier
    control: AsyncCallControl
    dialect: DialectName
    url: str

    async def stream(
        self,
        plan: StreamPlan,
        speech: bytes = SPEECH,
        *,
        token: str | None = TOKEN,
        parameters: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
        **phone: Any,
    ) -> SimulatedCall:
        """Make a call and have it streamed to the app, by a command if the carrier has commands.

        plan: of the stream; a carrier without a plan's tracks sends the caller's.
        speech: what the caller says; the call ends behind it.
        token: of the stream, where the carrier sends one.
        parameters: the custom parameters of `start`.
        fields: further fields of the command.
        phone: keywords of `Carrier.new_call`.
        """
        call = self.carrier.new_call(speech, speech_hz=8000, **phone)
        if self.dialect == "twilio":
            call.stream_to(self.url, parameters=parameters)
            return call
        body: dict[str, Any] = {"stream_auth_token": token, **plan.command_fields(), **(fields or {})}
        await self.control.start_streaming(
            call.call_control_id, stream_url=self.url, custom_parameters=parameters, **body
        )
        return call


class Case:
    """One case: a handler on our side, and the carrier's side of the call. `seen` is its outcome."""

    plan: ClassVar[StreamPlan] = StreamPlan()
    options: ClassVar[Mapping[str, Any]] = {}
    """Further keywords of the host."""
    needs_token: ClassVar[bool] = False
    """Whether the app asks for a token that its carrier does not send."""
    expected: ClassVar[Outcome] = {}

    def __init__(self) -> None:
        self.seen: dict[str, object] = {}
        self.ended = asyncio.Event()
        """Set when the handler has ended."""

    def app(self, dialect: DialectName) -> App:
        """Return what the host serves."""
        token = TOKEN if dialect == "telnyx" or self.needs_token else None
        patient = {"connected_timeout_s": SAFETY_NET_S, "start_timeout_s": SAFETY_NET_S}
        return App(self._answer, {"plan": self.plan, "authorize": token, **patient, **self.options})

    async def _answer(self, call: Call) -> None:
        try:
            await self.answer(call)
        finally:
            self.ended.set()

    async def answer(self, call: Call) -> None:
        """Handle the call: our side."""
        raise NotImplementedError

    async def dial(self, carrier_side: CarrierSide) -> None:
        """Make the call and wait for its end: the carrier's side."""
        call = await carrier_side.stream(self.plan)
        await call.finished()

    async def run(self, carrier_side: CarrierSide) -> Outcome:
        """Run both sides, and return the outcome. An exception of either side is the outcome as well."""
        try:
            async with asyncio.timeout(SAFETY_NET_S):
                await self.dial(carrier_side)
        except Exception as error:
            self.seen["raised"] = repr(error)
        return self.seen


async def outcomes(host: Host, cases: Sequence[type[Case]], dialect: DialectName) -> dict[str, Outcome]:
    """Run the cases on a host, all at the same time. Returns the outcome of each by its name."""
    running = {case.__name__: case() for case in cases}
    async with (
        Carrier("KEY", dialect=dialect, connect_timeout_s=SAFETY_NET_S) as carrier,
        AsyncCallControl("KEY", base_url=carrier.base_url) as control,
        host({name: case.app(dialect) for name, case in running.items()}) as urls,
    ):
        carrier_sides = {name: CarrierSide(carrier, control, dialect, urls[name]) for name in running}
        found = await asyncio.gather(*(case.run(carrier_sides[name]) for name, case in running.items()))
    return dict(zip(running, found, strict=True))
