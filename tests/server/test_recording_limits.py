"""Faults that a recorder must survive: colliding or unsafe names, wrong times, full disks."""

from __future__ import annotations

import asyncio
import resource
import shutil
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.audio.files import WavWriter, read_wav
from rtpcodec.pump import run_virtual
from rtpcodec.server import handlers
from rtpcodec.server.endpoint_statistics import EndpointStatistics
from rtpcodec.server.recording import MAX_AHEAD_MS, MAX_NAMES, MAX_TRACKS, _TrackFile
from rtpcodec.stream.events import Audio
from rtpcodec.stream.file_check import MAX_TRACK_CHARACTERS
from tests.server.dialler import dial, run

AHEAD = round(MAX_AHEAD_MS) * 8
CHUNK = b"\x01\x00" * 160


def recorded(folder: Path, tracks: list[str], *, starts: int = 1) -> EndpointStatistics:
    """Record one chunk of each track, in each of some starts of one call."""
    found: list[EndpointStatistics] = []

    async def main() -> None:
        plan = rtpcodec.StreamPlan(tracks="both_tracks")
        async with rtpcodec.serve(handlers.record(folder), plan=plan) as endpoint:
            async with dial(endpoint.url) as carrier:
                for start in range(starts):
                    await carrier.start()
                    for at, track in enumerate(tracks):
                        await carrier.media(chunk=at + 1, track=track.format(start=start))
                await carrier.stop()
                assert await carrier.close_code() == 1000
            await endpoint.drain()
            found.append(endpoint.statistics())

    run(main)
    return found[0]


def test_tracks_of_one_file_name_are_recorded_apart(tmp_path: Path) -> None:
    statistics = recorded(tmp_path, ["a/b", "a.b", "a b", "a_b"])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 4
    assert names[-1] == "stream-1-a_b.wav"
    assert {len(name) - len("stream-1-a_b.wav") for name in names} == {0, len("-01234567"), len("-01234567-2")}
    assert all(len(read_wav(path)[0]) == 320 for path in tmp_path.iterdir())
    assert statistics.calls_failed == 0


@pytest.mark.parametrize("track", ["../../evil", "/etc/cron.d/evil", "..", ".", "", "a\0b", "C:\\evil", "\u202eevil"])
def test_a_track_never_leaves_the_folder(tmp_path: Path, track: str) -> None:
    folder = tmp_path / "calls"
    statistics = recorded(folder, [track])
    (path,) = tmp_path.rglob("*.wav")
    assert path.parent == folder
    assert path.name.startswith("stream-1-")
    assert not set(path.name) & set('/\\:\0"')
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {path}
    assert statistics.calls_failed == 0


def test_a_long_track_is_refused_before_it_is_recorded(tmp_path: Path) -> None:
    statistics = recorded(tmp_path, ["x" * (MAX_TRACK_CHARACTERS + 1), "x" * MAX_TRACK_CHARACTERS])
    assert [path.name for path in tmp_path.iterdir()] == [f"stream-1-{'x' * MAX_TRACK_CHARACTERS}.wav"]
    assert statistics.calls_failed == 0


def test_a_link_in_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    outside = tmp_path / "outside.wav"
    (folder / "stream-1-inbound.wav").symlink_to(outside)
    recorded(folder, ["inbound"])
    assert not outside.exists()
    assert len([path for path in folder.iterdir() if not path.is_symlink()]) == 1


def test_invented_tracks_do_not_use_up_the_descriptors(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    statistics = recorded(tmp_path, ["{start}a", "{start}b", "{start}c"], starts=20)
    assert len(list(tmp_path.iterdir())) == MAX_TRACKS
    assert caplog.text.count("the others are not recorded") == 1
    assert statistics.calls_failed == 0


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "calls"

    async def main() -> None:
        async with rtpcodec.serve(handlers.record(folder)) as endpoint:
            shutil.rmtree(folder)
            async with dial(endpoint.url) as carrier:
                await carrier.start()
                await carrier.media()
                await carrier.stop()
                assert await carrier.close_code() == 1000
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 0

    run(main)
    assert [path.name for path in folder.iterdir()] == ["stream-1-inbound.wav"]


def test_a_file_that_cannot_be_opened_leaves_the_call_and_the_other_tracks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "calls"

    async def main() -> None:
        plan = rtpcodec.StreamPlan(tracks="both_tracks")
        async with rtpcodec.serve(handlers.record(folder), plan=plan) as endpoint:
            folder.rmdir()
            folder.write_bytes(b"")  # a file in place of the folder
            async with dial(endpoint.url) as carrier:
                await carrier.start()
                await carrier.media(chunk=1)
                await carrier.media(chunk=2)
                await asyncio.wait_for(_logged(caplog, "the recording of track"), 30)
                folder.unlink()
                await carrier.media(chunk=1, track="outbound")
                await carrier.stop()
                assert await carrier.close_code() == 1000
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 1

    run(main)
    assert [path.name for path in folder.iterdir()] == ["stream-1-outbound.wav"]
    assert caplog.text.count("the recording of track") == 1


async def _logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    while text not in caplog.text:  # noqa: ASYNC110 -- a log has no event
        await asyncio.sleep(0.002)


def test_a_disk_that_is_full_ends_one_recording(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        found: list[int] = []

        async def main() -> None:
            plan = rtpcodec.StreamPlan(tracks="both_tracks")
            async with rtpcodec.serve(handlers.record(tmp_path), plan=plan) as endpoint:
                async with dial(endpoint.url) as carrier:
                    await carrier.start()
                    await carrier.media(chunk=1, track="outbound")
                    for at in range(100):
                        await carrier.media(chunk=at + 1, track="inbound")
                    await carrier.stop()
                    assert await carrier.close_code() == 1000
                await endpoint.drain()
                found.append(endpoint.statistics().calls_failed)

        run(main)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found == [1]
    assert caplog.text.count("the recording of track 'inbound' has ended: ") == 1
    assert len(read_wav(tmp_path / "stream-1-outbound.wav")[0]) == 320
    assert 0 < len(read_wav(tmp_path / "stream-1-inbound.wav")[0]) <= 20_000


def test_names_that_all_exist_are_an_error_with_the_number(tmp_path: Path) -> None:
    async def main() -> None:
        async with rtpcodec.serve(handlers.record(tmp_path)) as endpoint, dial(endpoint.url) as carrier:
            await carrier.start()
            while not endpoint.calls:  # noqa: ASYNC110 -- the conditions of tests have no events
                await asyncio.sleep(0.002)
            stem = f"stream-1-inbound-{endpoint.calls[0].id}"
            for name in ("stream-1-inbound", stem, *(f"{stem}-{number}" for number in range(2, MAX_NAMES))):
                (tmp_path / f"{name}.wav").write_bytes(b"")
            await carrier.media()
            await carrier.stop()
            assert await carrier.close_code() == 1000
            await endpoint.drain()
            assert endpoint.statistics().calls_failed == 1

    run(main)
    assert all(not path.stat().st_size for path in tmp_path.iterdir())


def filled(path: Path, moments: list[tuple[float, float]]) -> int:
    """Samples of a recording whose chunks of 20 ms are written after so many s, with so many ms of media time."""
    found: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with WavWriter(path, 8000) as wav:
            file, begun_s = _TrackFile(wav, loop.time()), loop.time()
            for after_s, media_ms in moments:
                await asyncio.sleep(begun_s + after_s - loop.time())
                file.write(Audio("inbound", b"", CHUNK, 8000, media_ms, 20.0))
            found.append(wav.samples_written)

    run_virtual(main())
    assert len(read_wav(path)[0]) == 2 * found[0]
    return found[0]


def test_wild_time_adds_silence_for_the_time_that_has_passed(tmp_path: Path) -> None:
    wild = [(0.02 * at, 60_000.0 * at) for at in range(500)]
    assert filled(tmp_path / "wild.wav", wild) == 499 * 160 + AHEAD + 160  # 10 s of call, 5 s ahead


def test_a_hold_of_an_hour_is_recorded_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "hold.wav"
    assert filled(path, [(0.02, 0.0), (3600.02, 3_600_000.0)]) == 8 * 3_600_000 + 160
    pcm = read_wav(path)[0]
    assert pcm[:320] == pcm[-320:] == CHUNK
    assert not any(pcm[320:-320])


def test_time_that_runs_ahead_for_a_moment_catches_up(tmp_path: Path) -> None:
    """After silence that was cut, later audio keeps its distance."""
    moments = [(0.0, 0.0), (1.0, 60_000.0), (1.02, 60_020.0), (11.0, 70_000.0)]
    cut = 8000 + AHEAD + 160
    assert filled(tmp_path / "ahead.wav", moments) == cut + 160 + 8 * 9960 + 160
