"""Playing from a handler: audio is queued in order, waits for space, and can be cancelled or refused."""

from __future__ import annotations

import array
import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import rtpcodec
from rtpcodec import codec, events
from rtpcodec.audio import mp3
from rtpcodec.errors import LocalProtocolError, PayloadError, QueueFull
from rtpcodec.server import Call
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import L16, converse, tone
from tests.server.dialler import Dialler, call, raw, run, until


def test_a_long_play_waits_for_space_and_is_sent_complete_and_paced() -> None:
    pcm = tone(0, 8 * 1000)
    queued_ms: list[float] = []

    async def play(call: Call) -> None:
        begun = asyncio.get_running_loop().time()
        await call.play(pcm)
        # 1000 ms minus 400 ms at the carrier and 200 ms queued here, in pieces of 100 ms.
        passed_s = asyncio.get_running_loop().time() - begun
        assert passed_s > 0.25
        assert call.queued_ms > 0 or passed_s > 0.55, "play waits for space, not until all is sent"
        queued_ms.append(call.queued_ms)
        assert await call.played()

    async def carry(carrier: Dialler) -> None:
        assert b"".join([await carrier.payload() for _ in range(50)]) == pcm
        await carrier.echo_mark(await carrier.own_mark())
        assert await carrier.close_code() == 1000

    converse(play, carry, plan=L16, max_queue_ms=200)
    assert queued_ms[0] <= 200


def test_without_a_lead_everything_is_sent_at_once() -> None:
    pcm = tone(0, 8 * 10_000)

    async def play(call: Call) -> None:
        begun = asyncio.get_running_loop().time()
        await call.play(pcm)
        assert asyncio.get_running_loop().time() - begun < 9, "paced it would be 9.4 s"
        assert call.queued_ms == 0
        await call.close()

    async def carry(carrier: Dialler) -> None:
        assert b"".join([await carrier.payload() for _ in range(500)]) == pcm

    converse(play, carry, plan=L16, max_queue_ms=200, lead_ms=None)


def test_plays_at_the_same_time_keep_their_order() -> None:
    parts = [tone(0, 8000), tone(8000, 800), tone(8800, 800), tone(9600, 800)]
    done: list[int] = []

    async def play(call: Call) -> None:
        async def part(at: int) -> None:
            await call.play(parts[at])
            done.append(at)

        await asyncio.gather(*(part(at) for at in range(4)))

    async def carry(carrier: Dialler) -> None:
        assert b"".join([await carrier.payload() for _ in range(65)]) == b"".join(parts)

    converse(play, carry, plan=L16, max_queue_ms=300)
    assert done == [0, 1, 2, 3]


def test_a_play_may_be_ignored_awaited_or_made_a_task() -> None:
    pcm = tone(0, 8 * 1200)

    async def play(call: Call) -> None:
        call.play(pcm[:9600])
        task = asyncio.create_task(call.play(pcm[9600:12800]))
        await asyncio.wait_for(call.play(pcm[12800:16000]), 10)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(call.play(pcm[16000:]))
        assert task.done()

    async def carry(carrier: Dialler) -> None:
        assert b"".join([await carrier.payload() for _ in range(60)]) == pcm

    converse(play, carry, plan=L16, max_queue_ms=500)


@pytest.mark.parametrize("as_task", [False, True], ids=["awaited", "as a task"])
def test_a_cancelled_wait_drops_the_rest(as_task: bool) -> None:
    passed_ms: list[float] = []
    long = tone(1, 8 * 3000)

    async def play(call: Call) -> None:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await (asyncio.create_task(call.play(long)) if as_task else call.play(long))
        passed_ms.append(1000 * (asyncio.get_running_loop().time() - begun))
        await call.play(tone(16000, 160))

    async def carry(carrier: Dialler) -> None:
        pcm = (await carrier.all_payloads()).rstrip(b"\0")  # the silence that pads the last frame
        first, second = pcm[:-320], pcm[-320:]
        assert second == tone(16000, 160)
        assert first == tone(1, len(first) // 2), "audio queued before the cancellation is played"
        assert 8 * 400 < len(first) // 2 < 8 * (850 + passed_ms[0])

    converse(play, carry, plan=L16, max_queue_ms=200)


def test_a_task_that_is_cancelled_before_it_starts_drops_the_rest() -> None:
    async def play(call: Call) -> None:
        asyncio.create_task(call.play(tone(1, 8000))).cancel()
        await call.play(tone(16000, 160))
        assert call.queued_ms < 400

    async def carry(carrier: Dialler) -> None:
        assert await carrier.close_code() == 1000

    converse(play, carry, plan=L16, max_queue_ms=200)


def test_long_payloads_are_split_and_wait_as_well() -> None:
    payload = bytes(range(256)) * 25

    async def play(call: Call) -> None:
        await call.play_payload(memoryview(payload))

    async def carry(carrier: Dialler) -> None:
        assert b"".join([await carrier.payload() for _ in range(40)]) == payload

    converse(play, carry, max_queue_ms=200)


def test_invalid_pcm_is_refused_before_anything_is_queued() -> None:
    refusals: list[str] = []

    async def play(call: Call) -> None:
        long = bytes(2 * 8 * 700)
        for pcm in (array.array("d", [0.0] * 5600), array.array("d", [0.0]), array.array("f", [float("nan")] * 5600)):
            with pytest.raises((ValueError, TypeError)) as refusal:
                await call.play(pcm)
            refusals.append(str(refusal.value))
        with pytest.raises(ValueError, match="pcm is a WAV file"):
            await call.play(b"RIFF\0\0\0\0WAVE" + long)
        assert call.queued_ms == 0

    async def carry(carrier: Dialler) -> None:
        assert await carrier.close_code() == 1000

    converse(play, carry, max_queue_ms=200)
    doubles = (
        "pcm has items of format 'd' (float64, pass numpy.float32), int16 ('h'), float32 ('f') or the octets of int16 "
        "('B', 'b', 'c') are needed"
    )
    assert refusals == [doubles, doubles, "pcm is NaN at sample 0, a number is needed"]


def test_a_payload_that_ends_inside_a_sample_is_refused() -> None:
    refusals: list[str] = []

    async def play(call: Call) -> None:
        for octets in (1, 11_201):
            with pytest.raises(PayloadError) as refusal:
                await call.play_payload(bytes(octets))
            refusals.append(str(refusal.value))
        assert call.queued_ms == 0

    async def carry(carrier: Dialler) -> None:
        assert await carrier.close_code() == 1000

    converse(play, carry, plan=L16, max_queue_ms=200)
    assert refusals == [f"L16 payload has {octets} octets, a multiple of 2 is needed" for octets in (1, 11_201)]


def test_a_loop_of_plays_without_await_is_stopped_by_queue_full() -> None:
    refusals: list[str] = []

    async def play(call: Call) -> None:
        def play_on() -> None:
            while True:
                call.play(bytes(3200))

        with pytest.raises(QueueFull) as refusal:
            play_on()
        refusals.append(str(refusal.value))
        await call.close()

    async def carry(carrier: Dialler) -> None:
        await carrier.close_code()

    converse(play, carry, max_queue_ms=200)
    assert refusals == [
        "a play waits for space, 200 ms wait behind it and 200 ms would follow, at most 200 ms are allowed"
    ]


def test_in_on_audio_a_play_that_does_not_fit_raises_queue_full() -> None:
    refusals: list[str] = []

    def play(call: Call, _audio: events.Audio) -> None:
        with pytest.raises(QueueFull) as refusal:
            call.play(bytes(2 * 8 * 300))
        refusals.append(str(refusal.value))
        call.play(bytes(2 * 8 * 180))

    async def main() -> None:
        async with rtpcodec.serve(on_audio=play, max_queue_ms=200) as endpoint, call(endpoint.url) as carrier:
            await carrier.media()
            for _ in range(9):
                assert await carrier.payload() == b"\xff" * 160

    run(main)
    assert refusals == ["0 ms are queued and 300 ms would follow, at most 200 ms are allowed"]


def test_a_play_of_the_other_mode_is_refused_also_behind_a_play_that_waits() -> None:
    refusals: list[str] = []

    def refused(call: Callable[[], object]) -> None:
        with pytest.raises(LocalProtocolError) as refusal:
            call()
        refusals.append(str(refusal.value))

    async def play(call: Call) -> None:
        wrong: Callable[[], object] = partial(call.play_mp3 if call.plan.mode == "rtp" else call.play_payload, bytes(4))
        refused(wrong)
        call.play(bytes(2 * call.send_pcm_hz))
        refused(wrong)
        await call.close()

    async def carry(carrier: Dialler) -> None:
        assert await carrier.close_code() == 1000

    for plan in (L16, StreamPlan(mode="mp3"), StreamPlan(mode="mp3", send_codec="OPUS")):
        converse(play, carry, plan=plan, max_queue_ms=200)
    assert refusals == 2 * ["the plan's mode is 'rtp', play_mp3 needs 'mp3'"] + 4 * [
        "the plan's mode is 'mp3', play_payload needs 'rtp'"
    ]


def test_payloads_of_a_frame_codec_wait_for_space_one_by_one() -> None:
    encoder = codec("OPUS").encoder()
    packets = [encoder.encode(tone(7 * at, 320)) for at in range(30)]
    waits: list[bool] = []
    refusals: list[str] = []

    async def play(call: Call) -> None:
        plays = [call.play_payload(packet) for packet in packets]
        with pytest.raises(PayloadError) as refusal:
            call.play_payload(b"")
        refusals.append(str(refusal.value))
        waits.append(call.queued_ms <= 200.0)
        await plays[-1]
        await call.played()

    async def carry(carrier: Dialler) -> None:
        for packet in packets:
            assert await carrier.payload() == packet
        await carrier.echo_mark(await carrier.own_mark())
        assert await carrier.close_code() == 1000

    converse(play, carry, plan=StreamPlan(send_codec="OPUS"), max_queue_ms=200)
    assert waits == [True]
    assert "0 octets" in refusals[0]


def test_files_wait_for_space_and_one_longer_than_the_queue_until_it_is_empty() -> None:
    short, long = mp3.encode(tone(0, 1600), 16000), mp3.encode(tone(0, 16000), 16000)
    order: list[str] = []

    async def play(call: Call) -> None:
        first, second, third = call.play_mp3(short), call.play_mp3(long), call.play(tone(0, 16000))
        with pytest.raises(ValueError, match="data is text"):
            call.play_mp3(b"no MP3 at all, whatever it is")
        await first
        order.append("short")
        await second
        order.append("long")
        await third
        call.flush()
        order.append("pcm")

    async def carry(carrier: Dialler) -> None:
        received = [await carrier.payload() for _ in range(2)]
        assert [len(mp3.decode(file)[0]) for file in received] == [3200, 32000]

    converse(play, carry, plan=StreamPlan(mode="mp3"), max_queue_ms=500)
    assert order[:2] == ["short", "long"]


def test_a_carrier_that_does_not_read_blocks_the_play_instead_of_filling_memory() -> None:
    """Four minutes of L16 are 8 MB as text: more than the buffers of a loopback socket."""
    pcm = tone(0, 8000)
    seconds = 240
    calls: list[Call] = []

    async def play(call: Call) -> None:
        calls.append(call)
        for _ in range(seconds):
            await call.play(pcm)

    async def main() -> None:
        serving = rtpcodec.serve(play, plan=L16, lead_ms=None, max_queue_ms=2000, ping_interval_s=None)
        async with serving as endpoint, raw(endpoint.port, receive_octets=4096) as carrier:
            assert (await carrier.upgrade()).startswith("HTTP/1.1 101 ")
            carrier.writer.transport.pause_reading()  # type: ignore[attr-defined]
            carrier.frame(1, b'{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}')
            await until(lambda: calls and calls[0].queued_ms >= 1000)
            (runner,) = endpoint._running
            opened: Any = runner.pump._socket
            transport = opened._transport.underlying_transport
            assert runner.pump.machine.paused
            assert transport.get_write_buffer_size() < 64 * 1024 + 2_000_000
            sent = calls[0].statistics().media_sent
            assert sent < 50 * seconds
            carrier.frame(9, b"not answered while nothing is read")
            carrier.frame(1, b'{"event":"dtmf","dtmf":{"digit":"1"}}')
            await until(lambda: calls[0].statistics().messages_received == 2)
            assert calls[0].statistics().media_sent == sent, "reading continues, sending does not"
            carrier.writer.transport.resume_reading()  # type: ignore[attr-defined]
            received = 0
            while received < 50 * seconds:
                received += (await carrier.reader.readuntil(b'"}}')).count(b'"event":"media"')
            assert calls[0].statistics().media_sent == 50 * seconds

    run(main)
