"""The carrier's lifetime, its form with a thread, its ids, and its refusals."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from rtpcodec import Resampler, errors, pcmu_decode, pcmu_encode
from rtpcodec.sim import Carrier, SimulatedCall, Variations
from tests.lateness import heard_whole
from tests.sim.apps import App, listening, run, start
from tests.sim.streams import ramp
from tests.sim.test_speech import write_wav

SPEECH = pcmu_decode(pcmu_encode(ramp(1600)))


@contextmanager
def blocking_app() -> Iterator[tuple[str, threading.Event]]:
    """Yield the address of an app in a thread of its own, which echoes media; the event is set once it has begun."""
    echoed = threading.Event()

    def echo(socket: ServerConnection) -> None:
        try:
            for text in socket:
                if '"event":"media"' in str(text):
                    socket.send(text)
                    echoed.set()
        except ConnectionClosed:
            pass  # while it answered

    with serve(echo, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/", echoed
        server.shutdown()
        thread.join()


def start_blocking(carrier: Carrier, call: SimulatedCall, url: str) -> None:
    with httpx.Client(trust_env=False, verify=False) as client:
        response = client.post(
            f"{carrier.base_url}/calls/{call.call_control_id}/actions/streaming_start",
            headers={"Authorization": f"Bearer {carrier.api_key}"},
            json={
                "stream_url": url,
                "stream_bidirectional_mode": "rtp",
                "stream_bidirectional_target_legs": "self",
            },
        )
        assert response.status_code == 200, response.text


def test_blocking_code_has_a_carrier_in_its_own_thread() -> None:
    before = set(threading.enumerate())
    with blocking_app() as (url, _), Carrier(api_key="KEY_2") as carrier:
        call = carrier.new_call(SPEECH, tail_ms=800, playout_delay_ms=400)
        start_blocking(carrier, call, url)
        report = call.wait(20)
        assert report.end_reason == "speech_ended"
        assert heard_whole(report, SPEECH)
        assert asyncio.run(call.finished()) is report, "any loop may wait for it"
    assert call.heard == report.heard_pcm, "also after the carrier is gone"
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    assert set(threading.enumerate()) == before


def test_blocking_code_can_act_during_the_call() -> None:
    with blocking_app() as (url, echoed), Carrier() as carrier:
        call = carrier.new_call(iter(lambda: SPEECH, None))
        with pytest.raises(TimeoutError, match=r"^the call is not over after 0\.01 s$"):
            call.wait(0.01)
        start_blocking(carrier, call, url)
        assert echoed.wait(20)
        assert len(call.heard) % 2 == 0
        call.press("5")
        call.hang_up()
        report = call.wait(20)
        assert report.end_reason == "hang_up"
        assert report.messages_sent == report.media_sent + 4
    with pytest.raises(RuntimeError, match="the carrier is not open"):
        carrier.new_call(SPEECH)


def test_a_call_that_is_never_streamed_ends_with_the_carrier() -> None:
    with Carrier() as carrier:
        call = carrier.new_call(SPEECH)
        assert (call.heard, call.heard_hz, call.stream_id) == (b"", 8000, None)
    assert call.wait(1).end_reason == "carrier_closed"


def test_an_error_in_the_block_comes_through_and_the_thread_ends() -> None:
    with pytest.raises(LookupError), Carrier():
        raise LookupError
    assert not [thread for thread in threading.enumerate() if thread.name == "rtpcodec-sim"]


def test_waiting_in_the_loop_is_refused() -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            call = carrier.new_call(SPEECH)
            with pytest.raises(RuntimeError, match=r"use: await call\.finished\(\)$"):
                call.wait(1)

    run(main)


def test_a_taken_port_is_an_error_in_both_forms() -> None:
    async def other(port: int) -> None:
        async with Carrier(port=port):
            raise AssertionError("two carriers on one port")

    with Carrier() as carrier:
        port = int(carrier.base_url.removesuffix("/v2").rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"), Carrier(port=port):
            raise AssertionError("two carriers on one port")
        with pytest.raises(OSError, match="address already in use"):
            asyncio.run(other(port))


def test_a_carrier_is_open_inside_its_context_only() -> None:
    carrier = Carrier()
    with pytest.raises(RuntimeError, match="the carrier is not open"):
        _ = carrier.base_url

    async def main() -> None:
        async with carrier:
            with pytest.raises(RuntimeError, match="the carrier is already open"):
                await carrier.__aenter__()

    run(main)


def test_the_seed_decides_the_ids() -> None:
    def ids(seed: int) -> list[str]:
        with Carrier(seed=seed) as carrier:
            return [carrier.new_call(b"").call_control_id for _ in range(3)]

    assert ids(1) == ids(1)
    assert len(set(ids(1) + ids(2))) == 6


def test_a_wav_file_at_another_rate_is_resampled(tmp_path: Path) -> None:
    pcm = ramp(3200)
    path = write_wav(tmp_path / "speech.wav", pcm, 16000)

    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(path, codec="PCMA")
            await start(carrier, call, app.url)
            report = await call.finished()
        reference = Resampler(16000, 8000)
        expected = reference.resample(pcm) + reference.flush()
        assert report.source_pcm == expected.ljust(11 * 320, b"\0")

    run(main)


@pytest.mark.parametrize(
    ("arguments", "error", "rule"),
    [
        ({"codec": "G729"}, errors.UnknownCodec, "no codec is named 'G729'"),
        ({"sample_rate_hz": 16000}, ValueError, "PCMU has no sample rate of 16000 Hz, only 8000"),
        ({"speech_hz": 44000}, ValueError, "speech has 44000 Hz, the stream 8000 Hz: speech_hz is 44000, allowed are"),
        ({"dtmf": [(0, "1"), (5, "E")]}, ValueError, "position 0 is not a DTMF key, allowed are"),
        (
            {"codec": "L16", "sample_rate_hz": 22050, "variations": Variations(chunk_ms=30)},
            ValueError,
            "30 ms are not a whole number of samples at 22050 Hz",
        ),
    ],
)
def test_impossible_calls_are_refused(arguments: dict[str, Any], error: type[Exception], rule: str) -> None:
    with Carrier() as carrier, pytest.raises(error, match=rule):
        carrier.new_call(SPEECH, **arguments)


def test_no_secret_is_in_a_repr() -> None:
    with Carrier(api_key="KEY_SECRET") as carrier:
        call = carrier.new_call(SPEECH, from_number="+4912345")
        assert repr(call) == f"<SimulatedCall {call.call_control_id} PCMU answered>"
        assert repr(carrier) == f"Carrier(base_url={carrier.base_url!r}, calls=1)"


def in_a_fresh_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_the_simulator_loads_no_optional_library() -> None:
    code = "import sys, rtpcodec.sim; print(sorted({'aiohttp', 'picows', 'numpy', 'uvloop'} & set(sys.modules)))"
    assert in_a_fresh_process(code) == "[]\n"


@pytest.mark.parametrize("library", ["aiohttp", "picows"])
def test_a_missing_library_is_named_with_its_extra(library: str) -> None:
    code = f"""
import sys
sys.modules[{library!r}] = None
from rtpcodec import errors, sim
try:
    with sim.Carrier():
        pass
except errors.MissingExtra as error:
    print(error)
"""
    assert in_a_fresh_process(code) == f"sim.Carrier needs {library}: pip install 'rtpcodec[sim]'\n"
