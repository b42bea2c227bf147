"""`call.transfer`: its results, and its effect on replies, background and voice activity."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import webhook_events
from rtpcodec.audio.files import WavWriter
from rtpcodec.errors import CommandRefused, EndpointError
from rtpcodec.server import TransferResult
from rtpcodec.server.transferring import DEADLINE_MARGIN_S, LATE_S
from rtpcodec.sim import Carrier, CommandFault, Signalling, Webhooks
from tests.listening.voice_line import silence, sound
from tests.server.conversation import L16, tone
from tests.server.dialler import run
from tests.server.transfers import AGENT, SECOND, Scene, transferring
from tests.server.virtual_call import positions
from tests.sim.webhook_app import WebhookApp, serving_webhooks

BUSY: dict[str, Any] = {"answers_after_s": 1.0, "refuses_with": "user_busy"}


@pytest.mark.parametrize(
    ("agent", "outcome", "detail"),
    [
        ({"answers_after_s": 2.0}, "bridged", ""),
        (BUSY, "busy", "user_busy"),
        ({"answers_after_s": 1.0, "refuses_with": "call_rejected"}, "failed", "call_rejected"),
        ({"answers_after_s": 0.0, "refuses_with": "not_found"}, "failed", "not_found"),
        ({"answers_after_s": None}, "no_answer", "timeout"),
    ],
    ids=["answered", "busy", "rejected", "not found", "never answered"],
)
def test_each_end_of_the_other_phone_is_a_result(agent: dict[str, Any], outcome: str, detail: str) -> None:
    found: list[TransferResult] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT, timeout_s=5)
        assert (call.phone_state, transfer.known) == ("transferring", None)
        found.append(await transfer.result())
        assert found[0] is await transfer.result() is transfer.known
        assert call.phone_state == ("bridged" if outcome == "bridged" else "up")
        assert scene.call.state == ("bridged" if outcome == "bridged" else "answered")

    scene, _ = transferring(handle, agent=agent)
    assert found == [TransferResult(outcome, detail)]  # type: ignore[arg-type]
    (body,) = (body for action, body in scene.call.commands if action == "transfer")
    assert (body["to"], body["timeout_secs"]) == (AGENT, 5)
    assert scene.leg().call_session_id == scene.call.call_session_id


def test_a_transfer_stops_replies_background_and_keep_alive_and_a_failed_one_lets_the_keep_alive_continue() -> None:
    marks: dict[str, float] = {}

    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        call.background(tone(1, 8000), level_dbov=-20, pcm_hz=8000)
        reply = call.reply()
        call.play(tone(1000, 16000))
        reply.end()
        await asyncio.sleep(0.5)
        sent = call.sent_ms
        transfer = await call.transfer(AGENT)
        at_transfer = call.statistics().media_sent
        await asyncio.sleep(0.5)
        marks["while it rings"] = call.statistics().media_sent - at_transfer
        assert (await transfer.result()).outcome == "busy"
        at_result = call.statistics().media_sent
        await asyncio.sleep(1.0)
        marks["keep-alive again"] = call.statistics().media_sent - at_result
        await call.play(tone(1, 800))
        assert await call.played()
        assert call.sent_ms > sent
        marks["end"] = loop.time()

    _, report = transferring(handle, agent=BUSY, keep_alive="silence")
    assert marks["while it rings"] == 0
    assert 45 <= marks["keep-alive again"] <= 60
    heard = positions(report)
    assert heard[-800:] == list(range(1, 801))
    assert len(heard) < 0.6 * 8000 + 800  # the rest of the background and of the reply was not heard


def test_what_is_played_while_the_phone_rings_is_heard_until_the_call_is_bridged() -> None:
    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        transfer = await call.transfer(AGENT)
        music = call.background(tone(1, 8000), level_dbov=-20, pcm_hz=8000)
        call.play(tone(1000, 80_000))
        assert (await transfer.result()).bridged
        assert music.ended
        assert call.queued_ms == 0
        sent = call.statistics().media_sent
        await asyncio.sleep(1)
        assert call.statistics().media_sent == sent

    _, report = transferring(handle, agent={"answers_after_s": 1.0}, keep_alive="comfort_noise")
    assert 0.9 * 8000 < len(positions(report)) < 1.2 * 8000


def test_voice_activity_is_suspended_until_a_transfer_fails() -> None:
    kinds: list[str] = []

    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        call.voice()
        transfer = await call.transfer(AGENT)

        async def listen() -> None:
            async for event in call.events():
                moment = "after" if transfer.known else "while it rings"
                kinds.extend(moment for _ in [event] if isinstance(event, rtpcodec.events.SpeechStarted))

        listening = asyncio.create_task(listen())
        await transfer.result()
        await asyncio.sleep(2)
        listening.cancel()

    loud = (silence(500) + sound(-20, 500)) * 8
    transferring(handle, agent={"answers_after_s": 4.0, "refuses_with": "user_busy"}, speech=loud)
    assert set(kinds) == {"after"}


def test_the_caller_hangs_up_while_the_other_phone_rings() -> None:
    found: list[TransferResult] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT)
        asyncio.get_running_loop().call_later(1, scene.call.hang_up)
        found.append(await transfer.result())
        assert (call.phone_state, call.ended) == ("ended", True)

    scene, _ = transferring(handle, agent={"answers_after_s": None})
    assert found == [TransferResult("failed", "the caller hung up before the call was bridged")]
    assert scene.leg().leg.hangup_cause == "originator_cancel"


def test_a_second_transfer_after_a_failed_one_to_a_sip_uri() -> None:
    found: list[str] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        first = await call.transfer(AGENT)
        with pytest.raises(EndpointError, match="the phone call is transferring; only a call that is up"):
            await call.transfer(SECOND)
        found.append((await first.result()).outcome)
        scene.carrier.phone(SECOND, b"", tail_ms=1e9)
        second = await call.transfer(SECOND)
        found.append((await second.result()).outcome)
        assert first.known != second.known

    transferring(handle, agent=BUSY)
    assert found == ["busy", "bridged"]


def test_without_webhooks_of_the_other_leg_the_deadline_ends_it() -> None:
    def own_leg_only(event: webhook_events.WebhookEvent, _number: int) -> list[float]:
        return [0.0] if getattr(event, "to", None) != AGENT else []

    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        transfer = await call.transfer(AGENT, timeout_s=6.5)
        result = await transfer.result()
        assert result == TransferResult("failed", "no webhook reported a result within the 6.5 s of the transfer")
        assert loop.time() - began == pytest.approx(6.5 + DEADLINE_MARGIN_S)

    scene, _ = transferring(handle, agent=BUSY, deliver=own_leg_only)
    assert dict(scene.call.commands)["transfer"]["timeout_secs"] == 7


@pytest.mark.parametrize("bridged_legs", ["both", "first", "new"])
@pytest.mark.parametrize("bridged_when", ["answered", "ringing"])
def test_which_legs_are_reported_as_bridged_and_when_does_not_matter(bridged_when: Any, bridged_legs: Any) -> None:
    found: list[tuple[str, float]] = []

    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        for number in (AGENT, SECOND):
            began = asyncio.get_running_loop().time()
            transfer = await call.transfer(number)
            result = await transfer.result()
            found.append((result.outcome, round(asyncio.get_running_loop().time() - began, 3)))
            if number == AGENT:
                _scene.carrier.phone(SECOND, b"", answers_after_s=2.0, tail_ms=1e9)

    signalling = Signalling(bridged_when=bridged_when, bridged_legs=bridged_legs)
    transferring(handle, agent=BUSY, phone={"signalling": signalling})
    assert found == [("busy", 1.0), ("bridged", 2.0)]


def test_a_refused_command_leaves_the_call_up() -> None:
    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        scene.carrier.disturb(CommandFault(status=422))
        with pytest.raises(CommandRefused) as why:
            await call.transfer(AGENT)
        assert AGENT not in str(why.value)
        assert call.phone_state == "up"
        await call.play(tone(1, 800))
        assert await call.played()
        transfer = await call.transfer(AGENT)
        assert (await transfer.result()).outcome == "busy"

    _, report = transferring(handle, agent=BUSY)
    assert positions(report) == list(range(1, 801))


def test_wrong_arguments_are_refused_before_anything_stops() -> None:
    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        call.play(tone(1, 800))
        with pytest.raises(TypeError, match="to is of type int, a number or SIP URI as str is needed"):
            await call.transfer(15550100)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="to is empty"):
            await call.transfer(" ")
        for wrong in (4.9, 601, float("nan")):
            with pytest.raises(ValueError, match=r"timeout_s is .*, 5 to 600 is needed"):
                await call.transfer(AGENT, timeout_s=wrong)
        with pytest.raises(TypeError, match="timeout_secs is sent by transfer"):
            await call.transfer(AGENT, timeout_secs=30)
        assert call.phone_state == "up"
        assert [action for action, _ in scene.call.commands] == ["streaming_start"]

    _, report = transferring(handle)
    assert positions(report) == list(range(1, 801))


def test_it_is_refused_without_webhooks_and_without_a_control() -> None:
    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        with pytest.raises(EndpointError, match=r"none has reached the endpoint: pass each verified event to endpoint"):
            await call.transfer(AGENT)

    transferring(handle, deliver=lambda _event, _number: ())

    async def uncontrolled(call: rtpcodec.Call, _scene: Scene) -> None:
        with pytest.raises(
            EndpointError, match=r"transfer\(\) sends a command about the phone call and there is no control"
        ):
            await call.transfer(AGENT)

    transferring(uncontrolled, control=None)


def test_no_log_and_no_repr_shows_the_number(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        transfer = await call.transfer(AGENT, target_leg_client_state=b"our secret")
        assert repr(transfer) == "<Transfer running>"
        result = await transfer.result()
        assert repr(transfer) == "<Transfer busy>"
        assert repr(result) == "TransferResult(outcome='busy', detail='user_busy')"

    with caplog.at_level(logging.DEBUG, "rtpcodec"):
        scene, _ = transferring(handle, agent=BUSY)
    assert AGENT not in caplog.text
    assert scene.leg().leg.client_state == "b3VyIHNlY3JldA=="
    assert "b3VyIHNlY3JldA" not in caplog.text
    assert LATE_S < DEADLINE_MARGIN_S


def test_a_pause_of_the_playback_ends_as_discarded() -> None:
    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        call.play(tone(1000, 16000))
        await asyncio.sleep(0.2)
        pause = call.pause_playback()
        transfer = await call.transfer(AGENT)
        assert pause.resolved is not None
        assert pause.resolved.outcome == "discarded"
        await transfer.result()
        await call.play(tone(1, 800))
        assert await call.played()

    _, report = transferring(handle, agent=BUSY)
    assert positions(report)[-800:] == list(range(1, 801))


def test_a_recording_that_is_loaded_meanwhile_does_not_begin(tmp_path: Path) -> None:
    """On real sockets: the virtual clock has no threads."""
    path = tmp_path / "music.wav"
    with WavWriter(path, 8000) as writer:
        writer.write(tone(1, 8000 * 60))
    found: list[Any] = []

    async def handler(call: rtpcodec.Call) -> None:
        music = call.background(path)
        assert music._sound is None
        transfer = await call.transfer(AGENT, timeout_s=5)
        await music
        found.extend([music.ended, await transfer.result()])

    async def main() -> None:
        hook = WebhookApp()
        async with Carrier("KEY") as carrier, serving_webhooks(hook):
            hook.public_key = carrier.public_key
            with rtpcodec.CallControl("KEY", base_url=carrier.base_url) as control:
                async with rtpcodec.serve(plan=L16) as endpoint:
                    hook.hang = lambda event: endpoint.webhook(event) and False
                    carrier.send_webhooks(Webhooks(url=hook.url))
                    carrier.phone(AGENT, b"", **BUSY)
                    live = carrier.new_call(b"", tail_ms=1e9)
                    call = await endpoint.stream(control, live.call_control_id)
                    await hook.saw("streaming.started")
                    await handler(call)
                    await call.close()

    run(main)
    assert found == [True, TransferResult("busy", "user_busy")]
