"""A reconnected call keeps readers, recording, statistics and voice activity; sockets that are lost again."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.audio.channels import split
from rtpcodec.audio.levels import rms_of_dbov
from rtpcodec.errors import StreamNotStarted
from rtpcodec.kernels.noise import white_noise
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import LossHabits
from tests.listening.recorded_call import wav_frames
from tests.server.conversation import L16, tone
from tests.server.dialler import dial
from tests.server.dialler import run as run_real
from tests.server.manual_carrier import ManualCarrier, begun
from tests.server.reconnection import Scene, scene
from tests.server.reconnection_outcome import until

BUSY = LossHabits(busy_s=2)
EXACT: dict[str, Any] = {"codec": "L16", "sample_rate_hz": 8000}


def continued(
    handler: Callable[[Call], Awaitable[None]], act: Callable[[Scene, Call], Awaitable[Any]], **options: Any
) -> Scene:
    """Run a call of an endpoint that reconnects by itself. Errors of the handler are raised here."""
    scenes: list[Scene] = []
    errors: list[BaseException] = []

    async def guarded(call: Call) -> None:
        try:
            await handler(call)
        except BaseException as error:
            errors.append(error)
            raise

    async def main() -> None:
        async with scene(guarded, reconnect=True, **{"losses": BUSY} | options) as it:
            scenes.append(it)
            call = await it.stream()
            await asyncio.sleep(1)
            await act(it, call)
            if not call.ended:
                await call.close()

    run_virtual(main())
    for error in errors:
        raise error
    return scenes[0]


async def lose(it: Scene, call: Call) -> None:
    """Lose the socket, and wait for 2 s after the reconnection."""
    streams = len(it.live.reports)
    it.live.lose_socket("rst")
    await until(lambda: len(it.live.reports) > streams and it.live.streaming)
    await asyncio.sleep(2)
    assert not call.ended


def counting() -> Iterator[bytes]:
    """What the caller says: samples that count."""
    first = 1
    while True:
        yield tone(first, 160)
        first += 160


def test_a_reader_gets_all_chunks_of_both_streams_in_one_loop() -> None:
    chunks: list[events.Audio] = []
    gaps: list[events.Gap] = []

    async def handler(call: Call) -> None:
        async def watch() -> None:
            gaps.extend([event async for event in call.events() if type(event) is events.Gap])

        watching = asyncio.create_task(watch())
        chunks.extend([audio async for audio in call.audio()])
        await watching

    it = continued(handler, lose, phone=EXACT | {"speech": counting()})
    got = np.concatenate([np.frombuffer(bytes(chunk.pcm), np.int16) for chunk in chunks])
    steps = np.diff(got)
    assert steps[steps != 1].tolist() in ([], [161]), "at most the chunk that was on its way at the loss is missing"
    assert len(got) >= sum(len(report.source_pcm) for report in it.live.reports) / 2 - 2 * 160
    assert not gaps, "the time without a stream is not a loss of chunks"
    assert [chunk.media_ms for chunk in chunks if chunk.media_ms == 0] == [0, 0], "the media time is that of a stream"


def test_a_recording_continues_with_silence_while_there_was_no_stream(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"

    async def handler(call: Call) -> None:
        recording = call.record(path)
        await call.say((tone(1, 32_000),))
        async for _ in call.events():
            pass
        await recording.finished()
        assert recording.error is None

    it = continued(handler, lose, phone=EXACT | {"speech": counting()})
    left, right = (np.frombuffer(side, np.int16) for side in split(wav_frames(path)))
    first, second = (np.frombuffer(report.source_pcm, np.int16) for report in it.live.reports)
    before, behind = len(first), len(left) - len(second)
    assert behind - before == pytest.approx(2.0 * 8000, abs=0.3 * 8000)
    assert np.array_equal(left[: before - 320], first[: before - 320])
    assert not left[before + 320 : behind - 320].any()
    assert np.array_equal(left[-4000:-320], second[len(second) - 4000 : len(second) - 320])
    assert right[4000] == 4001
    assert right[behind + 8000] > 8000, "the reply continues"
    json.loads(path.with_suffix(".json").read_text("utf-8"))


def test_statistics_count_both_streams() -> None:
    counted: list[Any] = []

    async def handler(call: Call) -> None:
        async for _ in call.audio():
            pass
        counted.append(call.statistics())

    it = continued(handler, lose)
    (found,) = counted
    sent = sum(report.media_sent for report in it.live.reports)
    assert sent - 4 <= found.media_received <= sent
    assert found.lost_chunks == 0


def test_voice_activity_continues() -> None:
    def speech() -> Iterator[bytes]:
        quiet, loud = bytes(320), white_noise(1, 0, 8 * 20, rms_of_dbov(-26))
        for at in range(10_000):
            yield loud if 25 <= at % 100 < 75 else quiet

    found: list[str] = []

    async def handler(call: Call) -> None:
        call.voice()
        kinds = (events.SpeechStarted, events.SpeechEnded, events.Reconnected)
        found.extend([type(event).__name__ async for event in call.events() if isinstance(event, kinds)])

    continued(handler, lose, phone={"speech": speech()})
    at = found.index("Reconnected")
    assert "SpeechStarted" in found[:at]
    assert "SpeechStarted" in found[at:]
    assert "SpeechEnded" in found[at:]


def test_two_losses_in_one_reply() -> None:
    async def handler(call: Call) -> None:
        reply = await call.say((tone(1, 32_000),))
        assert await reply.played()

    async def act(it: Scene, call: Call) -> None:
        for number in (1, 2):
            it.live.lose_socket("rst")
            await until(lambda number=number: len(it.live.reports) == number and it.live.streaming)  # type: ignore[misc]
            await asyncio.sleep(0.8)
        await until(lambda: call.ended)
        await it.live.finished()

    it = continued(handler, act)
    assert [report.end_reason for report in it.live.reports] == ["connection_lost", "connection_lost", "app_closed"]
    whole = np.concatenate([np.trim_zeros(np.frombuffer(one.heard_pcm, np.int16)) for one in it.live.reports])
    assert len(whole) == pytest.approx(32_000, abs=2 * 80 * 8)
    assert whole[-1] == 32_000


def test_a_socket_that_is_lost_as_soon_as_it_has_started_has_an_attempt_of_its_own() -> None:
    """With `on_event`, which acts while the attempt before has not returned."""
    seen: list[str] = []
    scenes: list[Scene] = []

    def take(_call: Call, event: events.Event) -> None:
        seen.append(type(event).__name__)
        if type(event) is events.Reconnected and seen.count("Reconnected") < 3:
            scenes[0].live.lose_socket("rst")

    async def main() -> None:
        async with scene(on_event=take, reconnect=True) as it:
            scenes.append(it)
            call = await it.stream()
            await asyncio.sleep(0.5)
            it.live.lose_socket("rst")
            await asyncio.sleep(2)
            assert not call.ended
            assert it.live.streaming
            assert len(it.commands("streaming_start")) == 4
            call.close()
            await it.live.finished()

    run_virtual(main())
    losses = ["Disconnected", "Reconnected", "Started"] * 3
    assert [kind for kind in seen if kind in losses] == ["Started", *losses]


def test_a_new_socket_that_is_lost_before_its_start_is_followed_by_another_attempt() -> None:
    async def main() -> None:
        carrier = ManualCarrier()
        async with (
            rtpcodec.serve(plan=L16, reconnect=True) as endpoint,
            begun(endpoint, carrier) as (call, dialler),
        ):
            dialler.socket.transport.abort()
            await until(lambda: len(carrier.starts) == 2)
            async with carrier.dial(1) as second:
                await second.send(event="connected", version="1.0.0")
                second.socket.transport.abort()
            await until(lambda: len(carrier.starts) == 3)
            async with carrier.dial(2) as third:
                await third.start()
                await third.media()
                await until(lambda: call.statistics().media_received)
                assert len({fields["stream_url"] for fields in carrier.starts}) == 3
                assert len({fields["stream_auth_token"] for fields in carrier.starts}) == 3
                call.close()
                await third.close_code()

    run_real(main)


def test_the_address_of_a_reconnection_needs_its_token_and_is_valid_once() -> None:
    async def main() -> None:
        carrier = ManualCarrier()
        async with (
            rtpcodec.serve(plan=L16, reconnect=True) as endpoint,
            begun(endpoint, carrier) as (call, dialler),
        ):
            dialler.socket.transport.abort()
            await until(lambda: len(carrier.starts) == 2)
            url = carrier.starts[1]["stream_url"]
            for token in (secrets.token_urlsafe(32), carrier.starts[0]["stream_auth_token"]):
                with pytest.raises(Exception, match="401"):
                    async with dial(url, token=token):
                        pass
            async with carrier.dial(1) as second:
                await second.start()
                with pytest.raises(Exception, match="404"):
                    async with carrier.dial(1):
                        pass
                call.close()
                await second.close_code()

    run_real(main)


def test_a_close_frame_without_stop_is_a_loss_as_well() -> None:
    async def main() -> None:
        carrier = ManualCarrier()
        async with (
            rtpcodec.serve(plan=L16, reconnect=True) as endpoint,
            begun(endpoint, carrier) as (call, dialler),
        ):
            await dialler.socket.close(1001)
            await until(lambda: len(carrier.starts) == 2)
            async with carrier.dial(1) as second:
                await second.start()
                await until(lambda: not call._pump.machine.session.lost)
                await second.stop()
                await second.close_code()
            assert call.end_reason == "carrier_stop"

    run_real(main)


def test_stop_is_not_a_loss() -> None:
    async def main() -> None:
        carrier = ManualCarrier()
        async with (
            rtpcodec.serve(plan=L16, reconnect=True) as endpoint,
            begun(endpoint, carrier) as (call, dialler),
        ):
            await dialler.stop()
            await dialler.close_code()
            await until(lambda: call.ended)
            assert call.end_reason == "carrier_stop"
            assert len(carrier.starts) == 1

    run_real(main)


def test_a_blocking_control_works_in_a_thread() -> None:
    async def main() -> None:
        async with scene(losses=LossHabits(busy_s=0.3), reconnect=True) as it:
            with rtpcodec.CallControl("KEY", base_url=it.carrier.base_url) as control:
                call = await it.endpoint.stream(control, it.live.call_control_id)
                it.live.lose_socket("rst")
                await until(lambda: it.live.reports and it.live.streaming)
                await until(lambda: not call._pump.machine.session.lost)
                assert len(it.commands("streaming_start")) == 2
                await call.close()

    run_real(main)


def test_a_failed_attempt_is_an_error_of_the_handler_that_waits_for_it(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(call: Call) -> None:
        async for event in call.events():
            if type(event) is events.Disconnected:
                await call.reconnect()

    async def act(it: Scene, call: Call) -> None:
        it.live.lose_socket("rst")
        await until(lambda: call.ended)

    with pytest.raises(StreamNotStarted, match="90045"):
        continued(handler, act, losses=LossHabits(busy_s=60))
    assert "not reconnected: call v3:" in caplog.text
    assert "ws://" not in caplog.text
