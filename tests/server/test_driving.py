"""The native steps between socket and handler: audio that a handler plays is sent in the turn that delivers audio.

Each call is driven on a real machine and pump, in virtual time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from rtpcodec.errors import LocalProtocolError, QueueFull, StreamEnded
from rtpcodec.pump.pump import Pump
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server.call import Call
from rtpcodec.server.call_parts import UpgradeRequest
from rtpcodec.server.ongoing import DONE
from rtpcodec.server.runner import CallRunner
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.wire import TELNYX
from tests.pump.test_pump import RecordedSocket
from tests.stream import carrier

CHUNKS = 40


class Told:
    """A call with `on_audio` and `on_event`, its socket, and the names of its events with their times."""

    def __init__(self, on_audio: Callable[[Call, Audio], object], **options: Any) -> None:
        self.found: list[tuple[float, str]] = []
        self.socket = RecordedSocket()
        settings = EndpointSettings(on_audio=on_audio, on_event=self._note, **options)
        self.runner = CallRunner(settings, self.socket, UpgradeRequest(), lambda _runner: None)
        self.pump: Pump[CallMachine] = self.runner.pump
        self.pump.received(carrier.start())

    def _note(self, _call: Call, event: Event) -> None:
        self.found.append((self.pump.now_ms(), type(event).__name__))

    async def hear(self, chunks: int = CHUNKS) -> None:
        for chunk in range(chunks):
            self.pump.received(carrier.media(bytes([chunk + 1] * 160), chunk=chunk + 1))
            await asyncio.sleep(0.02)

    async def end(self) -> None:
        self.pump.lost()
        await asyncio.sleep(0.1)


def told(on_audio: Callable[[Call, Audio], object], **options: Any) -> Told:
    async def main() -> Told:
        one = Told(on_audio, **options)
        await one.hear()
        await one.end()
        return one

    return run_virtual(main())


def by_play(call: Call, audio: Audio) -> None:
    """Play natively."""
    call.play(audio)


def by_two_plays(call: Call, audio: Audio) -> None:
    """Play natively, in two parts."""
    call.play(audio.pcm[:100])
    call.play(audio.pcm[100:])


def by_payload(call: Call, audio: Audio) -> None:
    """Play octets in the send codec natively."""
    call.play_payload(audio.payload)


def by_plays(call: Call, audio: Audio) -> None:
    """Play as `play` is defined."""
    pump = call._pump
    pump.machine.plays.play(audio)
    pump.run()


@pytest.mark.parametrize("play", [by_play, by_two_plays, by_payload])
@pytest.mark.parametrize(
    "options",
    [{}, {"own_marks": False, "diagnosis_s": None}, {"prebuffer_ms": 100.0}, {"send_chunk_ms": 60}, {"lead_ms": 20.0}],
    ids=str,
)
def test_on_audio_sends_the_texts_and_gets_the_events_of_the_definition(
    play: Callable[[Call, Audio], object], options: dict[str, Any]
) -> None:
    defined, native = told(by_plays, **options), told(play, **options)
    assert native.socket.texts == defined.socket.texts
    assert native.found == defined.found
    assert native.socket.pings == defined.socket.pings
    assert len(carrier.sent_octets([text for _, text in native.socket.texts])) >= 160 * (CHUNKS - 10)


def test_audio_that_is_played_in_on_audio_leaves_at_once() -> None:
    heard_at_ms: list[float] = []

    def play(call: Call, audio: Audio) -> None:
        heard_at_ms.append(call._pump.now_ms())
        call.play(audio)

    sent = told(play, own_marks=False, diagnosis_s=None).socket.texts
    assert [at_ms for at_ms, _ in sent] == heard_at_ms


@pytest.mark.parametrize("again", [False, True], ids=["play", "play and interrupt"])
def test_what_a_handler_changes_beside_play_is_reported_in_the_same_turn(*, again: bool) -> None:
    def change(call: Call, audio: Audio) -> None:
        call.play(audio)
        if again and audio.chunk == 20:
            call.interrupt()
        call.play(audio)

    native = told(change)
    assert ("InterruptionSettled" in {name for _, name in native.found}) is again


def test_a_clear_leaves_before_the_end_that_follows_it_in_the_same_turn() -> None:
    def stop(call: Call, audio: Audio) -> None:
        if audio.chunk == 10:
            call.interrupt()
            call.close()
        elif audio.chunk is not None and audio.chunk < 10:
            call.play(bytes(3200))

    one = told(stop, own_marks=False)
    assert [text for _, text in one.socket.texts].count(TELNYX.clear_text()) == 1
    assert one.socket.texts[-1][1] == TELNYX.clear_text()
    assert one.socket.close_codes == [1000]


def test_audio_beyond_the_queue_is_refused_in_on_audio_and_nothing_of_it_is_queued() -> None:
    refused: list[tuple[str, float, float]] = []

    def play(call: Call, audio: Audio) -> None:
        before_ms = call.queued_ms
        with pytest.raises(QueueFull) as full:
            call.play(bytes(16 * 2000))
        refused.append((str(full.value), before_ms, call.queued_ms))
        with pytest.raises(QueueFull):
            call.play_payload(bytes(8 * 2000))

    told(play, max_queue_ms=1000.0)
    assert len(refused) == CHUNKS
    assert {(before_ms, after_ms) for _, before_ms, after_ms in refused} == {(0.0, 0.0)}
    assert refused[0][0] == "0 ms are queued and 2000 ms would follow, at most 1000 ms are allowed"


def test_play_in_a_coroutine_waits_for_space_behind_what_waits_already() -> None:
    order: list[str] = []

    async def main() -> RecordedSocket:
        socket, done = RecordedSocket(), asyncio.Event()

        async def handle(call: Call) -> None:
            assert call.play(bytes(320)) is DONE
            waiting = [call.play(bytes(16 * 1500)), call.play(bytes(320)), call.play_payload(b"\xff" * 160)]
            for number, play in enumerate(waiting):
                assert play is not DONE
                await play
                order.append(f"play {number}")
            done.set()

        settings = EndpointSettings(handler=handle, max_queue_ms=1000.0, own_marks=False)
        runner = CallRunner(settings, socket, UpgradeRequest(), lambda _runner: None)
        runner.pump.received(carrier.start())
        await done.wait()
        await asyncio.sleep(2)
        runner.pump.lost()
        await asyncio.sleep(0.1)
        return socket

    socket = run_virtual(main())
    assert order == ["play 0", "play 1", "play 2"]
    assert len(carrier.sent_octets([text for _, text in socket.texts])) == 8 * (20 + 1500 + 20 + 20)


@pytest.mark.parametrize("method", ["play", "play_payload"])
def test_play_outside_the_loops_thread_and_after_the_end_changes_nothing(method: str) -> None:
    async def main() -> tuple[BaseException | None, BaseException | None, float]:
        calls: list[Call] = []
        one = Told(lambda call, _audio: calls.append(call))
        await one.hear(1)
        play = getattr(calls[0], method)
        elsewhere: list[BaseException] = []

        def play_there() -> None:
            try:
                play(bytes(160))
            except BaseException as error:
                elsewhere.append(error)

        thread = threading.Thread(target=play_there)
        thread.start()
        thread.join()
        queued_ms = calls[0].queued_ms
        await one.end()
        with pytest.raises(StreamEnded) as ended:
            play(bytes(160))
        return elsewhere[0], ended.value, queued_ms

    elsewhere, ended, queued_ms = run_virtual(main())
    assert isinstance(elsewhere, LocalProtocolError)
    assert str(elsewhere).startswith(f"{method}() was called outside the event loop's thread and has changed nothing")
    assert queued_ms == 0.0
    assert str(ended) == "the stream has stopped, nothing can be sent any more"
