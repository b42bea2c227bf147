"""The pump between a real machine and a socket in memory: order of events, re-entrant calls, the end. Virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from rtpcodec import MediaSession, events
from rtpcodec.pump.pump import Pump
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.machine import CLOSE_TIMEOUT_MS, CallMachine, CallTimeouts
from rtpcodec.stream.plan import StreamPlan
from tests.stream import carrier

L16 = StreamPlan(send_codec="L16", send_rate_hz=8000)


class RecordedSocket:
    """Stores sent texts with their times."""

    def __init__(self) -> None:
        self.texts: list[tuple[float, str]] = []
        self.close_codes: list[int] = []
        self.aborted = False
        self.pings: list[tuple[int, bytes]] = []
        self.unacknowledged_octets: int | None = 0

    def send(self, text: str) -> None:
        self.texts.append((asyncio.get_running_loop().time() * 1000, text))

    def close(self, code: int) -> None:
        self.close_codes.append(code)

    def abort(self) -> None:
        self.aborted = True

    def detach(self) -> None:
        self.aborted = True

    def ping(self, payload: bytes) -> bool:
        """Keep it with the number of the texts before it."""
        self.pings.append((len(self.texts), payload))
        return True


class RecordedSink:
    """Keeps events, and calls back as a handler does."""

    def __init__(self, react: Callable[[Event], object] = lambda _event: None) -> None:
        self.found: list[Event] = []
        self.failures: list[BaseException] = []
        self.gone = 0
        self.react = react

    def take_audio(self, audio: Audio) -> None:
        self.take(audio)

    def take(self, event: Event) -> None:
        self.found.append(event)
        self.react(event)

    def failed(self, error: BaseException) -> None:
        self.failures.append(error)

    def disconnected(self) -> None:
        self.gone += 1


def opened(sink: RecordedSink, **timeouts: float | None) -> tuple[Pump[CallMachine], RecordedSocket]:
    socket = RecordedSocket()
    now_ms = asyncio.get_running_loop().time() * 1000
    machine = CallMachine(
        MediaSession(L16, max_queue_ms=500.0, own_marks=False), now_ms, timeouts=CallTimeouts(**timeouts)
    )
    pump = Pump(machine, socket, sink)
    pump.run()
    return pump, socket


def names(found: list[Event]) -> list[str]:
    return [type(event).__name__ for event in found]


def test_paced_audio_leaves_when_it_is_due() -> None:
    async def main() -> None:
        pump, socket = opened(RecordedSink())
        pump.received(carrier.start())
        pump.machine.plays.play(bytes(2 * 8 * 2000))
        pump.run()
        await asyncio.sleep(3)
        # 400 ms at once, then a frame per 20 ms; the whole of it though 500 ms is the queue's limit.
        assert len(socket.texts) == 100
        assert [at_ms for at_ms, _ in socket.texts[:20]] == [0.0] * 20
        assert [at_ms for at_ms, _ in socket.texts[20:]] == pytest.approx(
            [20.0 * (at + 1) for at in range(80)], abs=1.0
        )

    run_virtual(main())


def test_a_sink_that_changes_the_machine_sees_its_events_in_order() -> None:
    async def main() -> None:
        def react(event: Event) -> None:
            if isinstance(event, Audio):
                pump.machine.session.play(event.pcm)
                pump.machine.session.mark("m")
                pump.machine.interrupt(pump.now_ms())
                pump.run()

        sink = RecordedSink(react)
        pump, socket = opened(sink)
        pump.received(carrier.start())
        pump.received(carrier.media(chunk="1"))
        pump.received(carrier.media(chunk="2"))
        assert names(sink.found) == [
            *("Started", "Audio", "MarkCleared", "InterruptionSettled"),
            *("Audio", "MarkCleared", "InterruptionSettled"),
        ]
        assert [text for _, text in socket.texts] == ['{"event":"clear"}'] * 2

    run_virtual(main())


def test_a_frame_within_a_sink_is_processed_behind_its_event() -> None:
    async def main() -> None:
        def react(event: Event) -> None:
            if isinstance(event, events.Started):
                pump.received(carrier.media(chunk="1"))
                order.append("back in the sink")
            elif isinstance(event, Audio):
                order.append("audio")

        order: list[str] = []
        pump, _ = opened(RecordedSink(react))
        pump.received(carrier.start())
        assert order == ["back in the sink", "audio"]

    run_virtual(main())


def test_a_sink_that_fails_loses_no_event_of_others() -> None:
    async def main() -> None:
        def react(event: Event) -> None:
            if not isinstance(event, Audio):
                return
            raise RuntimeError("a handler failed")

        sink = RecordedSink(react)
        pump, _ = opened(sink)
        pump.received(carrier.start())
        pump.received(carrier.media(chunk="1"))
        pump.received(carrier.STOP)
        assert [str(error) for error in sink.failures] == ["a handler failed"]
        assert names(sink.found) == ["Started", "Audio", "Stopped"]

    run_virtual(main())


def test_an_exception_that_ends_programs_leaves_the_pump_usable() -> None:
    sink = RecordedSink()

    async def main() -> None:
        def react(event: Event) -> None:
            if isinstance(event, Audio):
                raise KeyboardInterrupt

        sink.react = react
        pump, socket = opened(sink)
        pump.received(carrier.start())
        pump.received(carrier.media(chunk="1"))
        pump.received(carrier.STOP)
        assert names(sink.found) == ["Started", "Audio", "Stopped"]
        assert socket.close_codes == [1000]
        await asyncio.sleep(0)
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        run_virtual(main())
    assert sink.failures == []


def test_an_exit_of_a_handler_is_a_failure_like_any_other() -> None:
    async def main() -> None:
        def react(event: Event) -> None:
            if isinstance(event, Audio):
                raise SystemExit(3)

        sink = RecordedSink(react)
        pump, socket = opened(sink)
        pump.received(carrier.start())
        pump.received(carrier.media(chunk="1"))
        pump.received(carrier.STOP)
        assert [type(error) for error in sink.failures] == [SystemExit]
        assert socket.close_codes == [1000]

    run_virtual(main())


def test_a_silent_socket_is_closed_then_cut_then_lost() -> None:
    async def main() -> None:
        sink = RecordedSink()
        pump, socket = opened(sink, start_ms=5000.0)
        await asyncio.sleep(4.999)
        assert (socket.close_codes, names(sink.found)) == ([], [])
        await asyncio.sleep(0.002)
        assert (socket.close_codes, names(sink.found)) == ([1002], ["Stopped"])
        await asyncio.sleep(CLOSE_TIMEOUT_MS / 1000 - 0.01)
        assert not socket.aborted
        await asyncio.sleep(0.02)
        assert socket.aborted
        pump.lost()
        pump.lost()
        assert sink.gone == 1
        await asyncio.sleep(100)

    run_virtual(main())


def test_a_slow_reader_holds_back_texts_and_time_outs_still_hold() -> None:
    async def main() -> None:
        sink = RecordedSink()
        pump, socket = opened(sink, idle_ms=2000.0)
        pump.received(carrier.start())
        pump.paused()
        pump.machine.plays.play(bytes(2 * 8 * 100))
        pump.run()
        await asyncio.sleep(1)
        assert socket.texts == []
        pump.resumed()
        assert len(socket.texts) == 5
        pump.paused()
        await asyncio.sleep(1.1)
        assert socket.close_codes == [1008]

    run_virtual(main())


def test_a_frame_that_is_not_a_message_may_end_the_call() -> None:
    async def main() -> None:
        sink = RecordedSink()
        pump, socket = opened(sink)
        pump.received(carrier.start())
        pump.rejected("text", "a binary message of 3 octets, messages are text")
        assert socket.close_codes == []
        pump.rejected("fragments", "a message has more than 1024 fragments", code=1008)
        assert socket.close_codes == [1008]
        assert names(sink.found) == ["Started", "Malformed", "Malformed", "Stopped"]

    run_virtual(main())


class LosingSocket(RecordedSocket):
    """Reports the end of its connection within a call of the pump."""

    def __init__(self, lost: Callable[[], object]) -> None:
        super().__init__()
        self._lost = lost

    def send(self, text: str) -> None:
        self._lost()

    def abort(self) -> None:
        self._lost()


@pytest.mark.parametrize("where", ["sink", "send", "abort"])
def test_the_end_of_the_connection_within_a_run_is_reported_behind_all_events(where: str) -> None:
    class Sink(RecordedSink):
        def disconnected(self) -> None:
            found_at_end.append(names(self.found))

    def lost() -> None:
        pumps[0].lost()

    pumps: list[Pump[CallMachine]] = []
    found_at_end: list[list[str]] = []

    async def main() -> None:
        machine = CallMachine(MediaSession(L16, own_marks=False), asyncio.get_running_loop().time() * 1000)
        sink = Sink(lambda _event: lost() if where == "sink" else None)
        pump = Pump(machine, LosingSocket(lost), sink)
        pumps.append(pump)
        pump.received(carrier.start())
        if where == "send":
            machine.plays.play(bytes(2 * 8 * 100))
        machine.cut = where == "abort"
        pump.run()
        await asyncio.sleep(1)

    run_virtual(main())
    assert found_at_end == [["Started", "Disconnected", "Stopped"]]
