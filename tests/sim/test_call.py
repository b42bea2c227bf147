"""Calls over real sockets: the app receives and answers audio, and the call ends in every possible way."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest
from websockets.asyncio.server import ServerConnection

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.sim import Carrier, Faults, Variations
from rtpcodec.sim.media import closing
from tests.lateness import heard_whole, ran_dry_in_time
from tests.sim.apps import App, Message, echo, listening, run, start
from tests.sim.streams import CLEAR, mark, media, payloads, ramp

SPEECH = pcmu_decode(pcmu_encode(ramp(160 * 20)))
"""0.4 s that mu-law carries without loss."""


def test_a_call_from_start_to_stop() -> None:
    async def main() -> None:
        async with listening(App(echo)) as app, Carrier(seed=3) as carrier:
            call = carrier.new_call(SPEECH, tail_ms=800, playout_delay_ms=400, dtmf=[(90, "#")])
            assert call.call_control_id.startswith("v3:")
            await start(carrier, call, app.url, stream_auth_token="tok", client_state="dGVzdA==")
            report = await call.finished()
        assert app.headers[0]["x-telnyx-streaming-auth-token"] == "tok"
        assert app.received[0]["connected"] == {"x-telnyx-streaming-auth-token": "tok"}
        assert app.received[1]["start"]["call_control_id"] == call.call_control_id
        assert app.received[1]["start"]["client_state"] == "dGVzdA=="
        assert app.events == ["connected", "start", *["media"] * 4, "dtmf", *["media"] * 56, "stop"]
        numbers = [int(message["sequence_number"]) for message in app.received[1:]]
        assert numbers == list(range(1, 64))
        assert app.close_code == 1000
        assert payloads(app.received) == pcmu_encode(SPEECH + bytes(2 * len(SPEECH)))
        assert report.source_pcm == SPEECH + bytes(2 * len(SPEECH))
        assert heard_whole(report, SPEECH), "the caller heard the whole echo in one piece"
        assert report.heard_pcm == call.heard
        assert (report.end_reason, report.close_code) == ("speech_ended", 1000)
        assert (report.media_sent, report.messages_sent, report.octets_sent) == (60, 64, 9600)
        assert 20 <= report.media_received <= 60
        assert report.octets_received == 160 * report.media_received
        assert len(report.latencies_ms) == report.media_received
        assert all(latency_ms > 0 for latency_ms in report.latencies_ms)
        assert (report.ticks, report.errors_sent) == (60, 0)
        assert not ran_dry_in_time(report, 400)
        assert call.ended
        assert not call.streaming
        assert call.failure is None

    run(main)


def test_without_a_token_there_is_no_header() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(b"")
            await start(carrier, call, app.url)
            await call.finished()
        assert "x-telnyx-streaming-auth-token" not in app.headers[0]

    run(main)


@pytest.mark.parametrize(
    ("wanted", "tracks"),
    [("inbound_track", ["inbound"]), ("outbound_track", ["outbound"]), ("both_tracks", ["inbound", "outbound"])],
)
def test_the_requested_tracks_are_sent(wanted: str, tracks: list[str]) -> None:
    async def main() -> None:
        async with listening(App(echo)) as app, Carrier() as carrier:
            call = carrier.new_call(SPEECH)
            await start(carrier, call, app.url, stream_track=wanted)
            await call.finished()
        assert [message["media"]["track"] for message in app.of("media")] == tracks * 20
        for track in tracks:
            chunks = [m["media"]["chunk"] for m in app.of("media") if m["media"]["track"] == track]
            assert chunks == [str(number) for number in range(1, 21)]

    run(main)


def test_marks_come_back_after_the_audio_before_them() -> None:
    asked_at = 0.0

    async def answer(socket: ServerConnection, message: Message) -> None:
        nonlocal asked_at
        if message["event"] == "start":
            asked_at = time.monotonic()
            await socket.send(mark("at once"))
            await socket.send(media(b"\xff" * 1600))
            await socket.send(mark("after 200 ms"))
            await socket.send(media(b"\xff" * 800))
            await socket.send(mark("after 300 ms"))

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(iter(lambda: SPEECH, None))
            await start(carrier, call, app.url)
            names = [m["mark"]["name"] for m in await app.saw("mark", 3)]
            passed_s = time.monotonic() - asked_at
            call.hang_up()
            report = await call.finished()
        assert names == ["at once", "after 200 ms", "after 300 ms"]
        assert passed_s >= 0.299
        assert report.marks_returned == 3

    run(main)


def test_clear_returns_the_marks_of_half_a_minute_at_once() -> None:
    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            for name in ("a", "b", "c"):
                await socket.send(media(b"\xff" * 80_000))
                await socket.send(mark(name))
            await socket.send(CLEAR)

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(iter(lambda: SPEECH, None))
            await start(carrier, call, app.url)
            names = [m["mark"]["name"] for m in await app.saw("mark", 3)]
            call.hang_up()
            report = await call.finished()
        assert names == ["a", "b", "c"]
        assert (report.marks_cleared, report.clears_received) == (3, 1)

    run(main)


def test_malformed_input_is_answered_and_the_stream_continues() -> None:
    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            await socket.send("{")
            await socket.send(b"\x00\x01")
            await socket.send('{"event":"media","media":{"payload":"%"}}')
            await socket.send([media(b"\xff" * 160)[:20], "", media(b"\xff" * 160)[20:]])

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(SPEECH, tail_ms=600)
            await start(carrier, call, app.url)
            report = await call.finished()
        assert [m["payload"]["code"] for m in app.of("error")] == [100003, 100003, 100004]
        assert (report.errors_sent, report.media_received, report.end_reason) == (3, 1, "speech_ended")

    run(main)


def test_the_longest_messages_pass_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "CLOSE_TIMEOUT_MS", 30_000.0)  # a busy app has not read them all when the call ends
    long_answer = ramp(48000 * 30)

    async def answer(socket: ServerConnection, message: Message) -> None:
        if message["event"] == "start":
            await socket.send(media(long_answer))

    async def main() -> None:
        async with listening(App(answer)) as app, Carrier() as carrier:
            variations = Variations(chunk_ms=200, extra_members={"padding": "x" * 3_840_000})
            call = carrier.new_call(iter(lambda: SPEECH, None), variations=variations)
            wishes = {"stream_bidirectional_codec": "L16", "stream_bidirectional_sampling_rate": 48000}
            await start(carrier, call, app.url, **wishes)
            chunks = 0
            while not call.heard.strip(b"\0"):
                chunks = len(await app.saw("media", chunks + 1))
            call.hang_up()
            report = await call.finished()
        assert report.end_reason == "hang_up"
        assert app.events[-1] == "stop"
        assert min(app.sizes) > 3_840_000
        assert (report.media_received, report.octets_received, report.errors_sent) == (1, 2_880_000, 0)
        assert report.heard_hz == 48000
        heard = report.heard_pcm.lstrip(b"\0")
        assert heard
        assert long_answer.lstrip(b"\0").startswith(heard), "the beginning of the half minute was heard"

    run(main)


def test_faults_repeat_with_the_seed() -> None:
    async def chunks(seed: int) -> list[str]:
        faults = Faults(drop=0.2, duplicate=0.2, reorder=0.2)
        async with listening(App()) as app, Carrier(seed=seed, faults=faults) as carrier:
            call = carrier.new_call(ramp(160 * 40))
            await start(carrier, call, app.url)
            report = await call.finished()
        assert report.media_sent == 40 - report.chunks_dropped + report.chunks_duplicated
        return [m["media"]["chunk"] for m in app.of("media")]

    async def main() -> None:
        first, again, other = await asyncio.gather(chunks(5), chunks(5), chunks(6))
        assert first == again
        assert first != other

    run(main)


def test_a_stall_comes_as_a_burst() -> None:
    arrivals: list[tuple[float, str]] = []

    async def answer(_socket: ServerConnection, message: Message) -> None:
        if message["event"] == "media":
            arrivals.append((time.monotonic(), message["media"]["chunk"]))

    async def main() -> None:
        faults = Faults(stall_ms=200, stall_every_s=0.3)
        async with listening(App(answer)) as app, Carrier() as carrier:
            call = carrier.new_call(ramp(160 * 28), faults=faults)
            await start(carrier, call, app.url)
            report = await call.finished()
        assert [chunk for _, chunk in arrivals] == [str(number) for number in range(1, 29)]
        longest_s = max(after - before for (before, _), (after, _) in pairwise(arrivals))
        assert longest_s > 0.15
        assert report.chunks_dropped == 0

    run(main)
