"""One call of the simulator on the virtual clock whose handler records it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import rtpcodec
from rtpcodec.audio.channels import split
from rtpcodec.pump import run_virtual
from rtpcodec.server import Recording
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.plan import StreamPlan

EXACT = StreamPlan(send_codec="L16", send_rate_hz=16_000)
"""A lossless codec in both directions."""
HZ = 16_000

Samples = npt.NDArray[np.int16]
Handler = Callable[[rtpcodec.Call], Awaitable[object]]


def pattern(start_ms: float, duration_ms: float, rate_hz: int = HZ) -> bytes:
    """Content that encodes its position, and is never 0."""
    first, samples = round(start_ms * rate_hz / 1000), round(duration_ms * rate_hz / 1000)
    numbers = np.arange(first, first + samples, dtype=np.int64)
    return bytes((numbers * 7919 % 32_749 - 16_374 | 1).astype("<i2").tobytes())


@dataclass
class Recorded:
    """A recording, and what really happened in its call."""

    report: CallReport
    path: Path
    recording: Recording

    @property
    def sides(self) -> tuple[Samples, Samples]:
        """The caller, and what the caller heard."""
        octets = wav_frames(self.path)
        left, right = split(octets)
        return np.frombuffer(left, np.int16), np.frombuffer(right, np.int16)

    @property
    def sidecar(self) -> dict[str, Any]:
        """The JSON file."""
        return dict(json.loads(self.path.with_suffix(".json").read_text("utf-8")))


def wav_frames(path: Path) -> bytes:
    """Return the PCM of a WAV file of ours, by its header."""
    octets = path.read_bytes()
    at = octets.index(b"data") + 8
    return octets[at : at + int.from_bytes(octets[at - 4 : at], "little")]


def recorded(
    handler: Handler | None,
    path: Path,
    speech: bytes,
    *,
    plan: StreamPlan = EXACT,
    record: dict[str, Any] | None = None,
    serve: dict[str, Any] | None = None,
    **phone: Any,
) -> Recorded:
    """Run a call that is recorded from its start.

    handler: runs beside it; None: it only waits for the end.
    path, record: of the recording, and other keywords of `Call.record`.
    speech: the caller's, at the plan's rate.
    plan, serve: of the stream, and other keywords of `serve`.
    phone: options of Carrier.new_call.
    """
    errors: list[BaseException] = []
    made: list[Recording] = []

    async def handle(call: rtpcodec.Call) -> None:
        try:
            made.append(call.record(path, **(record or {})))
            if handler is not None:
                await handler(call)
            async for _ in call.events():
                pass
        except BaseException as error:
            errors.append(error)
            raise

    async def main() -> CallReport:
        async with (
            Carrier("KEY", seed=1) as carrier,
            rtpcodec.serve(handle, plan=plan, **{"idle_timeout_s": None, **(serve or {})}) as endpoint,
        ):
            call = carrier.new_call(speech, **{"codec": "L16", "sample_rate_hz": HZ, **phone})
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **plan.command_fields())
            report = await call.finished()
            await endpoint.drain()
            await made[0].finished()
            return report

    report = run_virtual(main())
    if errors:
        raise errors[0]
    return Recorded(report, path, made[0])
