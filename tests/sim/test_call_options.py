"""Options of calls over real sockets, for every way of making a call."""

from __future__ import annotations

from functools import partial
from typing import Any

from rtpcodec.sim import Carrier, Link, SimulatedCall, Timing
from tests.server.dialler import until
from tests.sim.apps import App, command, echo, listening, run, start
from tests.sim.streams import ramp
from tests.sim.test_states import dial


def is_answered(call: SimulatedCall) -> bool:
    return call.state == "answered"


def test_every_way_of_making_a_call_takes_its_timing_and_keeps_no_audio_if_asked() -> None:
    async def main() -> None:
        speech = ramp(160 * 20)
        options: Any = {"timing": Timing(to_app=Link(delay_ms=30.0)), "keeps_audio": False}
        async with listening(App(echo)) as app, Carrier() as carrier:
            carrier.phone("+15550100009", speech, **options)
            carrier.new_call(speech, **options)
            await command(carrier, carrier.incoming_call(speech, **options), "answer")
            await dial(carrier, "+15550100009")
            for call in carrier.calls:
                await until(partial(is_answered, call))
                await start(carrier, call, app.url)
                report = await call.finished()
                assert (report.media_sent, report.source_pcm, report.heard_pcm, call.heard) == (20, b"", b"", b"")
                assert min(report.latencies_ms) > 25

    run(main)
