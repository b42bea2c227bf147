"""The summary of a call: our figures, the carrier's beside them, and the log record."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Iterator

import pytest

import rtpcodec
from rtpcodec.client.webhook_events import CallHangup
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.server import Call, CallSummary, Endpoint
from rtpcodec.sim import CallReport, Carrier, Faults, Webhooks
from tests.server.dialler import call, dial, run, until


def summaries(caplog: pytest.LogCaptureFixture) -> Iterator[logging.LogRecord]:
    """The records of summaries."""
    return (record for record in caplog.records if ": summary: " in record.getMessage())


def receive_hangups(endpoint: Endpoint, carrier: Carrier, events: list[CallHangup]) -> None:
    """Serve the app's webhooks on the network in memory."""
    loop = endpoint._thread.loop
    assert isinstance(loop, VirtualEventLoop)

    async def hook(request: MemoryRequest) -> MemoryAnswer:
        event = rtpcodec.verify_webhook(request.body, request.headers, carrier.public_key)
        if isinstance(event, CallHangup):
            events.append(event)
        return MemoryAnswer(200, {}, b"")

    loop.network.serve_http("https://app.example", hook)


def test_the_carriers_figures_stand_beside_ours() -> None:
    """An app keeps the summary by its call_control_id, and joins the webhook, which comes after the stream's end."""
    kept: dict[str | None, CallSummary] = {}
    events: list[CallHangup] = []
    reports: list[CallReport] = []

    async def talk(call: Call) -> None:
        for _ in range(2):
            await call.play(bytes(16 * 500))
            await asyncio.sleep(1.2)
        async for _ in call.audio():
            pass
        kept[call.started.call_control_id] = CallSummary.of(call)

    async def main() -> None:
        async with Carrier("KEY") as carrier, rtpcodec.serve(talk) as endpoint:
            receive_hangups(endpoint, carrier, events)
            carrier.send_webhooks(Webhooks(url="https://app.example/hooks"))
            phone = carrier.new_call(bytes(16 * 3000), faults=Faults(drop=0.05))
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(
                    phone.call_control_id, stream_url=endpoint.url, **rtpcodec.StreamPlan().command_fields()
                )
            report = await phone.finished()
            reports.append(report)
            await asyncio.sleep(60)
            assert report.chunks_dropped == kept[phone.call_control_id].ours.lost_chunks > 0

    run_virtual(main())
    (event,) = events
    summary = kept[event.call_control_id].with_carrier(event)
    assert summary.end_reason == "carrier_stop"
    assert summary.duration_ms == pytest.approx(3000, abs=60)
    assert summary.hangup_cause == event.hangup_cause == "normal_clearing"
    stats = event.call_quality_stats
    assert summary.carrier is stats
    assert stats is not None
    assert stats.inbound is not None
    assert stats.outbound is not None
    # The carrier counts packets of the phone: what its faults drop on the way to us is only in our figures.
    assert stats.inbound.packet_count == 150
    assert stats.inbound.skip_packet_count == 0
    # It dropped nothing to the phone, but had no audio between our two plays.
    assert stats.outbound.skip_packet_count == reports[0].dry_ms // 20 > 30
    assert pickle.loads(pickle.dumps(summary)) == summary


def test_the_event_of_another_call_is_refused() -> None:
    async def main() -> None:
        async with rtpcodec.serve(hold) as endpoint, call(endpoint.url):
            await until(lambda: endpoint.calls)
            summary = CallSummary.of(endpoint.calls[0])
            assert (summary.end_reason, summary.codec, summary.carrier) == (None, "PCMU", None)
            with pytest.raises(ValueError, match="the event is about another call"):
                summary.with_carrier(CallHangup(event_type="call.hangup", call_control_id="v3:other"))

    async def hold(call: Call) -> None:
        async for _ in call.audio():
            pass

    run(main)


def test_each_call_ends_with_one_record_of_its_figures(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rtpcodec.server")

    async def talk(call: Call) -> None:
        await call.play(bytes(3200))
        async for _ in call.audio():
            pass

    async def main() -> None:
        async with rtpcodec.serve(talk) as endpoint:
            for _ in range(2):
                async with call(endpoint.url) as dialler:
                    for number in (*range(1, 20), *range(21, 71)):
                        await dialler.media(chunk=number)
                    await dialler.stop()
                await until(lambda: not endpoint.calls)

    run(main)
    first, second = summaries(caplog)
    assert first.levelno == logging.INFO
    text = first.getMessage()
    assert "\n" not in text
    assert "lost_chunks 1," in text
    assert "end_reason carrier_stop," in text
    assert "turns -," in text
    found = first.__dict__
    assert (found["lost_chunks"], found["media_received"], found["end_reason"]) == (1, 69, "carrier_stop")
    assert found["turn_median_ms"] is None
    assert found["received_dbov"] < 0
    assert found["call_id"] != second.__dict__["call_id"]
    assert found["call_control_id"] == "v3:control"


def test_a_socket_without_a_start_has_no_summary(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rtpcodec.server")

    async def main() -> None:
        async with rtpcodec.serve(lambda call: call.close()) as endpoint:
            async with dial(endpoint.url):
                pass
            await until(lambda: not endpoint.statistics().calls_running)

    run(main)
    assert not list(summaries(caplog))


def test_a_codec_name_of_the_wire_cannot_forge_a_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rtpcodec.server")

    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass

    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            async with dial(endpoint.url) as dialler:
                await dialler.start("X\nlost_chunks 0, %s")
                await dialler.stop()
            await until(lambda: not endpoint.calls)

    run(main)
    (record,) = summaries(caplog)
    assert "\n" not in record.getMessage()
    assert "codec X?LOST_CHUNKS" in record.getMessage()
