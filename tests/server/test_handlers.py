from __future__ import annotations

import array
import time
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.audio.files import WavWriter, read_wav
from rtpcodec.audio.resample import Resampler
from rtpcodec.codecs import codec
from rtpcodec.server import handlers
from rtpcodec.stream.plan import StreamPlan
from tests.server.dialler import Dialler, call, dial, run, until

L16_BOTH = StreamPlan(send_codec="L16", send_rate_hz=8000, tracks="both_tracks")


def tone(first: int, samples: int = 160) -> bytes:
    return array.array("h", range(first, first + samples)).tobytes()


def write_wav(path: Path, pcm: bytes, rate_hz: int = 8000) -> Path:
    with WavWriter(path, rate_hz) as wav:
        wav.write(pcm)
    return path


def test_echo_plays_back_the_caller_and_not_the_other_track() -> None:
    async def main() -> None:
        async with rtpcodec.serve(handlers.echo, plan=L16_BOTH) as endpoint, dial(endpoint.url) as carrier:
            await carrier.start("L16", 8000)
            await carrier.media(tone(1000), chunk=1, track="outbound")
            await carrier.media(tone(0), chunk=1, track="inbound")
            await carrier.media(tone(160), chunk=2, track="inbound")
            assert await carrier.payload() + await carrier.payload() == tone(0, 320)

    run(main)


@pytest.mark.filterwarnings("ignore::rtpcodec.errors.PlanWarning")
def test_echo_of_the_outbound_track_when_it_is_the_only_one() -> None:
    plan = StreamPlan(send_codec="L16", send_rate_hz=8000, tracks="outbound_track")

    async def main() -> None:
        async with rtpcodec.serve(handlers.echo, plan=plan) as endpoint, dial(endpoint.url) as carrier:
            await carrier.start("L16", 8000)
            await carrier.media(tone(0), track="outbound")
            assert await carrier.payload() == tone(0)

    run(main)


@pytest.mark.parametrize("send_hz", [16000, 22050])
def test_echo_changes_the_rate_where_the_directions_differ(send_hz: int) -> None:
    async def main() -> None:
        plan = StreamPlan(send_codec="L16", send_rate_hz=send_hz)
        async with rtpcodec.serve(handlers.echo, plan=plan) as endpoint, dial(endpoint.url) as carrier:
            await carrier.start("L16", 8000)
            for at in range(5):
                await carrier.media(tone(160 * at))
            echoed = b"".join([await carrier.payload() for _ in range(5)])
            assert echoed == Resampler(8000, send_hz).resample(tone(0, 800))

    run(main)


@pytest.mark.parametrize("conceal", [None, True, False])
def test_record_writes_a_file_per_track_with_losses_concealed_or_silent(tmp_path: Path, conceal: bool | None) -> None:
    folder = tmp_path / "calls" / "today"

    async def main() -> None:
        async with rtpcodec.serve(handlers.record(folder), plan=L16_BOTH, conceal=conceal) as endpoint:
            async with dial(endpoint.url) as carrier:
                await carrier.start("L16", 8000)
                for chunk in range(1, 101):
                    for first, track in ((0, "inbound"), (10_000, "outbound")):
                        if chunk not in (60, 61) or track == "outbound":
                            await carrier.media(tone(first + chunk), chunk=chunk, track=track)
                await carrier.stop()
                assert await carrier.close_code() == 1000
            await endpoint.drain()

    run(main)
    decoder = codec("L16").decoder(8000, byte_order="little")
    holed = []
    for chunk in range(1, 101):
        if chunk not in (60, 61):
            holed.append(decoder.decode(tone(chunk)))
        else:
            holed.append(bytes(320) if conceal is False else decoder.conceal(160))
    assert sorted(path.name for path in folder.iterdir()) == ["stream-1-inbound.wav", "stream-1-outbound.wav"]
    assert read_wav(folder / "stream-1-inbound.wav") == (b"".join(holed), 8000)
    assert read_wav(folder / "stream-1-outbound.wav") == (
        b"".join(tone(10_000 + chunk) for chunk in range(1, 101)),
        8000,
    )


def test_record_continues_when_the_stream_restarts_at_another_rate(tmp_path: Path) -> None:
    async def main() -> None:
        async with rtpcodec.serve(handlers.record(tmp_path)) as endpoint:
            async with dial(endpoint.url) as carrier:
                await carrier.start("L16", 8000)
                await carrier.media(tone(0), chunk=1)
                await carrier.start("L16", 16000)
                await carrier.media(tone(0, 320), chunk=1)
                await carrier.start("X-UNHEARD-OF", 8000)
                await carrier.media(tone(0), chunk=1)
                await carrier.stop()
                assert await carrier.close_code() == 1000
            await endpoint.drain()

    run(main)
    pcm, rate_hz = read_wav(tmp_path / "stream-1-inbound.wav")
    assert rate_hz == 8000
    assert pcm == tone(0) + Resampler(16000, 8000).resample(tone(0, 320))


def test_an_absurdly_long_gap_does_not_fill_the_disk(tmp_path: Path) -> None:
    begun_s = time.monotonic()

    async def main() -> None:
        async with rtpcodec.serve(handlers.record(tmp_path)) as endpoint:
            async with dial(endpoint.url) as carrier:
                await carrier.start("L16", 8000)
                for chunk in (*range(1, 60), 3050, 3051, 3052, 3053, 3054):
                    await carrier.media(bytes(8000), chunk=chunk)  # half a second each: 1495 s are missing
                await carrier.stop()
                assert await carrier.close_code() == 1000
            await endpoint.drain()

    run(main)
    pcm, _ = read_wav(tmp_path / "stream-1-inbound.wav")
    # All that was received, one second that is concealed, and silence for the time of the call and 5 s.
    assert len(pcm) <= 64 * 8000 + 16000 + 16000 * (5 + time.monotonic() - begun_s)


@pytest.mark.parametrize(
    ("stream_id", "name"),
    [
        ("../../etc/passwd", "_etc_passwd-inbound.wav"),
        ("a/b\\c:d e\0f", "a_b_c_d_e_f-inbound.wav"),
        ("", "{call}-inbound.wav"),
        (None, "{call}-inbound.wav"),
        ("..", "_-inbound.wav"),
        ("ä" * 300, "_-inbound.wav"),
        ("x" * 300, "x" * 100 + "-inbound.wav"),
    ],
)
def test_names_from_the_wire_stay_in_the_folder(tmp_path: Path, stream_id: str | None, name: str) -> None:
    ids: list[str] = []

    async def main() -> None:
        async with rtpcodec.serve(handlers.record(tmp_path / "calls")) as endpoint:
            async with dial(endpoint.url) as carrier:
                await carrier.send(event="start", stream_id=stream_id, start={"media_format": {"encoding": "PCMU"}})
                await carrier.media()
                await until(lambda: endpoint.calls)
                ids.append(endpoint.calls[0].id)
                await carrier.stop()
                await carrier.close_code()
            await endpoint.drain()

    run(main)
    assert [path.name for path in tmp_path.rglob("*.wav")] == [name.format(call=ids[0])]


def test_an_existing_recording_is_not_replaced(tmp_path: Path) -> None:
    before = write_wav(tmp_path / "stream-1-inbound.wav", tone(5)).read_bytes()

    async def main() -> None:
        async with rtpcodec.serve(handlers.record(tmp_path)) as endpoint:
            async with call(endpoint.url) as carrier:
                await carrier.media()
                await carrier.stop()
                await carrier.close_code()
            await endpoint.drain()

    run(main)
    assert (tmp_path / "stream-1-inbound.wav").read_bytes() == before
    (other,) = set(tmp_path.iterdir()) - {tmp_path / "stream-1-inbound.wav"}
    assert len(other.name) == len("stream-1-inbound-01234567.wav")


async def take(carrier: Dialler, frames: int) -> bytes:
    return b"".join([await carrier.payload() for _ in range(frames)])


def test_a_file_is_played_once_and_ends_the_call(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "greeting.wav", tone(0, 1700))
    plan = StreamPlan(send_codec="L16", send_rate_hz=8000)

    async def main() -> None:
        async with rtpcodec.serve(handlers.play_file(path), plan=plan) as endpoint, call(endpoint.url) as carrier:
            assert await take(carrier, 11) == tone(0, 1700) + bytes(120)
            await carrier.echo_mark(await carrier.own_mark())
            assert await carrier.close_code() == 1000

    run(main)


def test_a_file_of_another_rate_is_played_without_a_seam(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "greeting.wav", tone(0, 24_000), 16_000)
    plan = StreamPlan(send_codec="L16", send_rate_hz=8000)

    async def main() -> None:
        serving = rtpcodec.serve(handlers.play_file(path), plan=plan, lead_ms=None)
        async with serving as endpoint, call(endpoint.url) as carrier:
            resampler = Resampler(16_000, 8000)
            whole = resampler.resample(tone(0, 24_000)) + resampler.flush()
            assert (await take(carrier, -(-len(whole) // 320))).startswith(whole)

    run(main)


def test_a_file_is_played_until_the_call_ends(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "music.wav", tone(0, 240))
    plan = StreamPlan(send_codec="L16", send_rate_hz=8000)

    async def main() -> None:
        serving = rtpcodec.serve(handlers.play_file(path, loop=True), plan=plan, max_queue_ms=200)
        async with serving as endpoint, call(endpoint.url) as carrier:
            assert await take(carrier, 30) == tone(0, 240) * 20
            await carrier.stop()
            assert await carrier.close_code() == 1000
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 0

    run(main)


def test_a_file_that_cannot_be_played_is_refused_before_any_call(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^empty\.wav has 0 samples, at least 1 is needed$"):
        handlers.play_file(write_wav(tmp_path / "empty.wav", b""))
    with pytest.raises(FileNotFoundError):
        handlers.play_file(tmp_path / "none.wav")
