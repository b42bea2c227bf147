"""Files of calls at the end of their endpoint, on the virtual clock; and the settings of its duration."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import sim
from rtpcodec.errors import EndpointError
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, Endpoint, EndpointSettings, call_on, handlers
from rtpcodec.server.draining import files_lead_s, supervisor_grace_s
from rtpcodec.server.options import Handler

SPEECH = bytes(2 * 8000 * 60)
"""A minute of PCM at 8 kHz."""


async def called(carrier: sim.Carrier, endpoint: Endpoint) -> sim.SimulatedCall:
    """Begin a call that lasts a minute."""
    control = rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url)
    simulated = carrier.new_call(SPEECH, codec="PCMU")
    async with control:
        await endpoint.stream(control, simulated.call_control_id)
    return simulated


def drained(handler: Handler, drain_s: float, **options: Any) -> None:
    """Drain an endpoint 1 s after its call has begun, while the call lasts longer."""

    async def main() -> None:
        plan = rtpcodec.StreamPlan(send_codec="PCMU")
        async with sim.Carrier("KEY") as carrier, rtpcodec.serve(handler, plan=plan, **options) as endpoint:
            simulated = await called(carrier, endpoint)
            await asyncio.sleep(1)
            await endpoint.drain(drain_s)
            simulated.hang_up()

    run_virtual(main())


def seconds_of(path: Path) -> float:
    with wave.open(str(path)) as file:
        return float(file.getnframes() / file.getframerate())


def test_files_are_complete_five_seconds_before_the_draining_ends(tmp_path: Path) -> None:
    states: list[tuple[float, object]] = []

    async def answer(call: Call) -> None:
        begun_s = asyncio.get_running_loop().time()
        recording = call.record(tmp_path / "call.wav")
        capture = call.capture(tmp_path / "call.jsonl")
        tap = call.tap("pcm", tmp_path / "tap.wav")
        await recording.finished()
        await capture
        states.append((asyncio.get_running_loop().time() - begun_s, (recording.state, capture.stopped, tap.stopped)))
        async for _ in call.audio():
            pass
        states.append((asyncio.get_running_loop().time() - begun_s, call.end_reason))

    drained(answer, 20)
    (closed_s, state), (ended_s, reason) = states
    assert 16 <= closed_s <= 19  # a recording waits for what the caller still hears
    assert ended_s == pytest.approx(21, abs=0.1)
    assert (state, reason) == (("complete", True, True), "endpoint_closed")
    assert seconds_of(tmp_path / "call.wav") == pytest.approx(16, abs=0.2)
    assert seconds_of(tmp_path / "tap.wav") == pytest.approx(16, abs=0.2)
    assert json.loads((tmp_path / "call.json").read_text("utf-8"))["complete"] is True


def test_the_ready_made_recorder_closes_its_files_as_well(tmp_path: Path) -> None:
    drained(handlers.record(tmp_path), 20)
    (file,) = tmp_path.glob("*.wav")
    assert seconds_of(file) == pytest.approx(16, abs=0.2)


def test_a_recording_that_waits_for_its_begin_does_not_begin_any_more(tmp_path: Path) -> None:
    states: list[str] = []

    async def answer(call: Call) -> None:
        recording = call.record(tmp_path / "call.wav", after=asyncio.sleep(18))
        async for _ in call.audio():
            pass
        states.append(recording.state)

    drained(answer, 20)
    assert states == ["not_begun"]


def test_files_that_have_ended_are_not_kept(tmp_path: Path) -> None:
    kept: list[int] = []

    async def answer(call: Call) -> None:
        for number in range(5):
            recording = call.record(tmp_path / f"{number}.wav")
            await asyncio.sleep(0.2)
            recording.stop()
            await recording.finished()
            kept.append(len(call._parts.files._files))

    drained(answer, 20)
    assert kept == [1] * 5


@pytest.mark.parametrize(("drain_s", "lead_s"), [(3600, 5), (10, 5), (4, 2), (0, 0)])
def test_a_short_draining_keeps_files_open_for_half_of_it(drain_s: float, lead_s: float) -> None:
    assert files_lead_s(drain_s) == lead_s


@pytest.mark.parametrize("grace_s", [0.5, 10])
def test_handlers_have_their_grace_behind_the_draining(grace_s: float) -> None:
    lived_s: list[float] = []

    async def linger(call: Call) -> None:
        async for _ in call.audio():
            pass
        begun_s = asyncio.get_running_loop().time()
        try:
            await asyncio.Event().wait()
        finally:
            lived_s.append(asyncio.get_running_loop().time() - begun_s)

    drained(linger, 2, handler_grace_s=grace_s)
    assert lived_s == [pytest.approx(grace_s, abs=0.1)]


def test_the_supervisor_must_allow_more_than_both() -> None:
    assert supervisor_grace_s(3600, 10) == 3615


def given(settings: dict[str, float], **options: Any) -> dict[str, float]:
    """Return the settings that an endpoint has, of the names in `settings`."""
    found: dict[str, float] = {}

    async def main() -> None:
        async with rtpcodec.serve(**options) as endpoint:
            found.update({name: getattr(endpoint._settings, name) for name in settings})

    run_virtual(main())
    return found


def test_the_environment_overrides_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {"drain_s": 10.0, "handler_grace_s": 10.0}
    assert given(defaults) == defaults
    monkeypatch.setenv("RTPCODEC_DRAIN_S", "25")
    monkeypatch.setenv("RTPCODEC_HANDLER_GRACE_S", "0.5")
    assert given(defaults, drain_s=3600) == {"drain_s": 25.0, "handler_grace_s": 0.5}
    monkeypatch.setenv("RTPCODEC_DRAIN_S", "")
    assert given(defaults, drain_s=3600) == {"drain_s": 3600, "handler_grace_s": 0.5}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("1h", "RTPCODEC_DRAIN_S is '1h', a number of seconds is needed"),
        ("-1", "drain_s is -1.0, at least 0 is needed"),
        ("nan", "drain_s is nan, at least 0 is needed"),
    ],
)
def test_values_of_the_environment_are_checked(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("RTPCODEC_DRAIN_S", value)
    for function in (rtpcodec.serve, rtpcodec.run):
        with pytest.raises(EndpointError) as refusal:
            function()
        assert str(refusal.value) == message


def test_a_socket_of_another_server_has_no_draining() -> None:
    async def nothing(_value: object) -> None: ...

    async def main() -> None:
        with pytest.raises(EndpointError, match=r"^drain_s: call_on cannot apply it"):
            async with call_on(nothing, nothing, drain_s=1):  # type: ignore[call-arg]  # what is tested
                pass

    run_virtual(main())


def test_a_handler_on_another_server_has_the_grace_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTPCODEC_HANDLER_GRACE_S", "x")

    async def nothing(_value: object) -> None: ...

    async def main() -> None:
        with pytest.raises(EndpointError, match=r"^RTPCODEC_HANDLER_GRACE_S is 'x'"):
            async with call_on(nothing, nothing):
                pass

    run_virtual(main())


def test_a_negative_grace_is_refused() -> None:
    with pytest.raises(EndpointError, match=r"^handler_grace_s is -1, at least 0 is needed$"):
        EndpointSettings(handler_grace_s=-1)
