"""Signed webhooks over real HTTP, verified by the client's own reader: contents, order and repetition."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rtpcodec.client import webhook_events
from rtpcodec.client.webhook import DuplicateFilter
from rtpcodec.sim import Carrier, Signalling, Webhooks
from tests.server.dialler import until
from tests.sim.apps import App, command, listening, run
from tests.sim.test_states import NEVER_MS, dial
from tests.sim.webhook_app import WebhookApp, serving_webhooks


@asynccontextmanager
async def streamed_calls(hook: WebhookApp, **options: Any) -> AsyncIterator[tuple[Carrier, WebhookApp, App]]:
    async with listening(App()) as app, serving_webhooks(hook), Carrier(seed=options.pop("seed", 0)) as carrier:
        hook.public_key = carrier.public_key
        carrier.send_webhooks(Webhooks(url=hook.url, **({"retry_s": 0.01} | options)))
        yield carrier, hook, app


def test_the_life_of_an_incoming_call() -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, app):
            call = carrier.incoming_call(bytes(3200), from_number="+15550100077")
            await hook.saw("call.initiated")
            initiated = hook.of("call.initiated")
            assert isinstance(initiated, webhook_events.CallInitiated)
            assert (initiated.direction, initiated.state_of_call) == ("incoming", "parked")
            assert (initiated.from_, initiated.to) == ("+15550100077", "+15550100002")
            assert (initiated.offered_codecs, initiated.client_state) == ("PCMU", None)
            assert (initiated.attempt, initiated.delivered_to) == (1, hook.url)
            await command(carrier, call, "answer", stream_url=app.url, client_state="bWluZQ==")
            await call.finished()
            await hook.saw("call.hangup")
            kinds = ["call.initiated", "call.answered", "streaming.started", "streaming.stopped", "call.hangup"]
            assert sorted(hook.types) == sorted(kinds)
            assert [one.event_type for one in sorted(hook.events, key=lambda one: one.occurred_at or 0)] == kinds
            answered, started = hook.of("call.answered"), hook.of("streaming.started")
            assert (answered.codec, answered.sampling_rate) == ("PCMU", 8000)
            assert (answered.stream_url, answered.stream_track) == (app.url, "inbound_track")
            assert started.stream_url == hook.of("streaming.stopped").stream_url == app.url
            assert {one.call_control_id for one in hook.events} == {call.call_control_id}
            assert {one.client_state for one in hook.events[1:]} == {"bWluZQ=="}
            assert len({(one.call_leg_id, one.call_session_id, one.connection_id) for one in hook.events}) == 1
            assert len({one.id for one in hook.events}) == 5
            assert (hook.of("call.hangup").hangup_cause, hook.of("call.hangup").hangup_source) == (
                "normal_clearing",
                "caller",
            )

    run(main)


def test_the_quality_of_a_call_is_reported_at_its_end() -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, app):
            call = carrier.new_call(bytes(3200))  # 200 ms
            await command(carrier, call, "streaming_start", stream_url=app.url)
            await call.finished()
            await hook.saw("call.hangup")
            assert hook.of("call.hangup").payload["call_quality_stats"] == {
                "inbound": {
                    "mos": "4.50",
                    "jitter_max_variance": "0.00",
                    "jitter_packet_count": "0",
                    "packet_count": "10",
                    "skip_packet_count": "0",
                },
                "outbound": {"packet_count": "10", "skip_packet_count": "0"},
            }

    run(main)


def test_details_of_signalling_are_reported() -> None:
    signalling = Signalling(
        tags=("vip",),
        custom_headers={"X-Account": "7"},
        sip_headers={"User-to-User": "a"},
        shaken_stir_attestation="B",
        shaken_stir_validated=False,
        call_screening_result="flagged",
    )
    common = {
        "tags": ["vip"],
        "custom_headers": [{"name": "X-Account", "value": "7"}],
        "sip_headers": [{"name": "User-to-User", "value": "a"}],
    }

    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, app):
            call = carrier.incoming_call(b"", signalling=signalling)
            await command(carrier, call, "answer", stream_url=app.url)
            await hook.saw("call.initiated", "call.answered", "call.hangup")
            for event_type in ("call.initiated", "call.answered", "call.hangup"):
                assert common.items() <= hook.of(event_type).payload.items()
            verdicts = {
                "shaken_stir_attestation": "B",
                "shaken_stir_validated": False,
                "call_screening_result": "flagged",
            }
            assert verdicts.items() <= hook.of("call.initiated").payload.items()
            assert app.of("start")[0]["start"]["tags"] == ["vip"]
            assert "X-Account" not in repr(signalling)

    run(main)


def test_a_dialled_call_has_no_verdict_about_its_caller() -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, _):
            await dial(carrier, "+15550100009", timeout_secs=0)
            await hook.saw("call.initiated", "call.hangup")
            initiated = hook.of("call.initiated").payload
            assert (initiated["tags"], initiated["custom_headers"], initiated["sip_headers"]) == ([], [], [])
            assert not any(name.startswith(("shaken_stir", "call_screening")) for name in initiated)

    run(main)


def test_the_life_of_a_dialled_call() -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, _):
            carrier.phone("+15550100009", b"", tail_ms=NEVER_MS)
            answer = await dial(carrier, "+15550100009", client_state="bWluZQ==", connection_id="17")
            await hook.saw("call.answered")
            initiated = hook.of("call.initiated")
            assert (initiated.direction, initiated.connection_id, initiated.client_state) == (
                "outgoing",
                "17",
                "bWluZQ==",
            )
            data = answer.json()["data"]
            assert (initiated.call_leg_id, initiated.call_session_id) == (data["call_leg_id"], data["call_session_id"])
            (call,) = carrier.calls
            await command(carrier, call, "hangup", client_state="bmV3")
            await hook.saw("call.hangup")
            ended = hook.of("call.hangup")
            assert (ended.hangup_source, ended.client_state) == ("caller", "bmV3")
            assert hook.of("call.answered").stream_url is None

    run(main)


def test_a_call_that_nobody_answers() -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, _):
            await dial(carrier, "+15550100009", timeout_secs=0)
            await hook.saw("call.hangup")
            assert hook.of("call.hangup").hangup_cause == "timeout"
            assert sorted(hook.types) == ["call.hangup", "call.initiated"]

    run(main)


@pytest.mark.parametrize(
    ("action", "cause", "source"), [("reject", "call_rejected", "callee"), ("hangup", "normal_clearing", "callee")]
)
def test_a_call_that_is_not_taken(action: str, cause: str, source: str) -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, _):
            call = carrier.incoming_call(b"")
            await command(carrier, call, action)
            await hook.saw("call.hangup")
            assert (hook.of("call.hangup").hangup_cause, hook.of("call.hangup").hangup_source) == (cause, source)

    run(main)


def test_a_socket_that_cannot_be_opened() -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, _):
            call = carrier.new_call(b"")
            await command(carrier, call, "streaming_start", stream_url="ws://127.0.0.1:9/", stream_track="both_tracks")
            await hook.saw("streaming.failed")
            failed = hook.of("streaming.failed")
            assert isinstance(failed, webhook_events.StreamingFailed)
            assert (failed.failure_reason, failed.stream_type) == ("connection_failed", "websocket")
            assert (failed.stream_url, failed.stream_track) == ("ws://127.0.0.1:9/", "both_tracks")
            assert failed.stream_id == call.stream_id
            assert hook.types == ["streaming.failed"]

    run(main)


def test_a_stream_can_stop_without_the_call_and_two_calls_be_bridged() -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp()) as (carrier, hook, app):
            call, other = (carrier.new_call(b"", tail_ms=NEVER_MS) for _ in range(2))
            await command(carrier, call, "streaming_start", stream_url=app.url)
            await app.saw("media")
            await command(carrier, call, "streaming_stop")
            await hook.saw("streaming.stopped")
            await command(carrier, call, "bridge", call_control_id=other.call_control_id)
            await hook.came(4)
            assert sorted(hook.types[2:]) == ["call.bridged", "call.bridged"]
            bridged = [one.call_control_id for one in hook.events[2:]]
            assert set(bridged) == {call.call_control_id, other.call_control_id}

    run(main)


def test_duplicates_of_every_event_are_recognised_by_id() -> None:
    async def main() -> None:
        async with streamed_calls(WebhookApp(), duplicate=1.0) as (carrier, hook, _):
            call = carrier.incoming_call(b"")
            await command(carrier, call, "answer")
            await hook.came(4)
            new = DuplicateFilter()
            assert sorted(one.event_type for one in hook.events if new.is_new(one)) == [
                "call.answered",
                "call.initiated",
            ]

    run(main)


def test_events_in_another_order() -> None:
    """The seed decides which events are held back; each follows a later one."""

    async def main(seed: int) -> list[str]:
        async with streamed_calls(WebhookApp(), reorder=0.5, hold_s=30.0, seed=seed) as (carrier, hook, _):
            for number in range(4):
                carrier.incoming_call(b"", from_number=f"+{number}")
            await until(lambda: "+3" in [one.from_ for one in hook.events])
            await until(lambda: len(hook.events) == 4)
            return [one.from_ for one in hook.events]

    orders = []

    async def twice() -> None:
        # With this seed the last event is not held back.
        orders.extend([await main(1) for _ in range(2)])

    run(twice)
    assert orders[0] != sorted(orders[0])
    assert sorted(orders[0]) == sorted(orders[1]) == ["+0", "+1", "+2", "+3"]


def test_failures_are_retried_and_then_sent_to_the_failover_url() -> None:
    async def main() -> None:
        statuses = (503, 302, 429, 200)
        async with serving_webhooks(WebhookApp(*statuses)) as hook, Carrier() as carrier:
            hook.public_key = carrier.public_key
            other = hook.url.replace("/hook", "/failover")
            carrier.send_webhooks(Webhooks(url=hook.url, failover_url=other, retry_s=0.01))
            carrier.incoming_call(b"")
            await until(lambda: len(carrier.deliveries) == 4)
            assert hook.paths == ["/hook", "/hook", "/failover", "/failover"]
            assert [one.attempt for one in hook.events] == [1, 2, 3, 4]
            assert [one.delivered_to for one in hook.events] == [hook.url, hook.url, other, other]
            assert len({one.id for one in hook.events}) == 1
            assert [one.status for one in carrier.deliveries] == list(statuses)

    run(main)


def test_an_app_that_hangs_is_retried_and_delays_no_other_event() -> None:
    async def main() -> None:
        hook = WebhookApp()
        hook.hang = lambda event: event.event_type == "call.initiated"
        async with streamed_calls(hook, timeout_s=1.0) as (carrier, _, _app):
            call = carrier.incoming_call(b"")
            await command(carrier, call, "answer")
            await hook.came(3)
            assert list(dict.fromkeys(hook.types)) == ["call.initiated", "call.answered"]
            assert hook.types.count("call.initiated") == 2
            await until(lambda: len(carrier.deliveries) == 3)
            assert [(one.event_type, one.attempt, one.status) for one in carrier.deliveries] == [
                ("call.answered", 1, 200),
                ("call.initiated", 1, None),
                ("call.initiated", 2, None),
            ]

    run(main)


def test_an_address_where_nobody_listens() -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            carrier.send_webhooks(Webhooks(url="http://127.0.0.1:9/", retry_s=0.01))
            carrier.incoming_call(b"")
            await until(lambda: len(carrier.deliveries) == 2)
            assert [one.status for one in carrier.deliveries] == [None, None]

    run(main)


def test_the_end_of_the_carrier_is_reported_too() -> None:
    async def main() -> None:
        hook = WebhookApp()
        async with serving_webhooks(hook):
            async with listening(App()) as app, Carrier() as carrier:
                hook.public_key = carrier.public_key
                carrier.send_webhooks(Webhooks(url=hook.url, reorder=1.0, hold_s=60.0))
                call = carrier.new_call(b"", tail_ms=NEVER_MS)
                await command(carrier, call, "streaming_start", stream_url=app.url)
                await app.saw("media")
            assert sorted(hook.types) == ["call.hangup", "streaming.started", "streaming.stopped"]
            assert len(carrier.deliveries) == 3

    run(main)


def test_the_key_is_that_of_the_seed_and_there_is_one_address() -> None:
    with Carrier(seed=1) as carrier:
        assert carrier.public_key == Carrier(seed=1).public_key != Carrier(seed=2).public_key
        carrier.send_webhooks(Webhooks(url="http://127.0.0.1:9/"))
        with pytest.raises(RuntimeError, match="the carrier already posts webhooks"):
            carrier.send_webhooks(Webhooks(url="http://127.0.0.1:9/"))


def test_a_missing_library_is_named_with_its_extra() -> None:
    code = """
import sys
sys.modules["cryptography"] = None
from rtpcodec import errors, sim
with sim.Carrier() as carrier:
    carrier.new_call(b"")
    try:
        carrier.public_key
    except errors.MissingExtra as error:
        print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found == "sim.Carrier.send_webhooks needs cryptography: pip install 'rtpcodec[sim]'\n"
