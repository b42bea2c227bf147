"""PINs over messages that are permuted within 150 ms and sent twice, with some keys really pressed twice."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from dataclasses import dataclass, field

import pytest

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import Carrier, Faults, Variations
from tests.server.conversation import tone

DIGITS_OF_A_PIN = 6
PINS_PER_CALL = 250
REPEAT_MS = 80.0
"""A real double key: the same key again after this time."""
FAULTS = Faults(key_delay_ms=150.0, key_duplicate=0.05)
LONG_CHUNKS = Variations(chunk_ms=200)
PROMPT = tone(1, 8 * 400)
_IDS = re.compile(r"\b[0-9a-f]{8}\b|v3:[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}|127\.0\.0\.1:\d+")


@dataclass
class Caller:
    """A caller who keys in PINs without a pause: the keys and their times."""

    seed: int
    pins: list[str] = field(default_factory=list)
    keys: list[tuple[float, str]] = field(default_factory=list)
    real_doubles: int = 0

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        at_ms = 100.0
        for _ in range(PINS_PER_CALL):
            pin = rng.choice("0123456789")
            while len(pin) < DIGITS_OF_A_PIN:
                pin += pin[-1] if rng.random() < 0.25 else rng.choice("0123456789")
            self.pins.append(pin)
            for place, digit in enumerate(pin):
                again = bool(self.keys) and digit == self.keys[-1][1]
                self.real_doubles += again
                at_ms += REPEAT_MS if again else rng.uniform(REPEAT_MS, 300.0 if place else 1500.0)
                self.keys.append((at_ms, digit))


@dataclass
class Result:
    """The result of one call."""

    entries: list[tuple[str, str]]
    duplicate_keys: int
    report: rtpcodec.sim.CallReport


async def enter_pins(call: Call, rng: random.Random) -> list[tuple[str, str]]:
    """Collect all PINs: with and without prompts and private sections, often after the caller has typed ahead."""
    entries: list[tuple[str, str]] = []
    for _ in range(PINS_PER_CALL):
        prompt = await call.say([PROMPT], interruptible=rng.random() < 0.8) if rng.random() < 0.3 else None
        if rng.random() < 0.2:
            await asyncio.sleep(rng.uniform(0.0, 8.0))
        if rng.random() < 0.5:
            async with call.private("pin"):
                digits = await call.collect_dtmf(prompt, max=DIGITS_OF_A_PIN, interrupt=rng.random() < 0.8)
        else:
            digits = await call.collect_dtmf(prompt, max=DIGITS_OF_A_PIN, end=None)
        entries.append((digits.text, digits.reason))
    return entries


async def called(callers: list[Caller], faults: Faults) -> list[Result]:
    found: dict[str, tuple[list[tuple[str, str]], int]] = {}
    seeds: dict[str, int] = {}

    async def handle(call: Call) -> None:
        call_id = call.started.call_control_id or ""
        entries = await enter_pins(call, random.Random(f"{seeds[call_id]}/app"))
        await asyncio.sleep(0.5)
        found[call_id] = entries, call.statistics().duplicate_keys

    async def one(carrier: Carrier, url: str, caller: Caller) -> Result:
        speech = bytes(16 * (int(caller.keys[-1][0]) + 20_000))
        call = carrier.new_call(
            speech, dtmf=caller.keys, faults=faults, variations=LONG_CHUNKS, keeps_audio=False, max_call_s=1e6
        )
        seeds[call.call_control_id] = caller.seed
        async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            await control.start_streaming(
                call.call_control_id, stream_url=url, **rtpcodec.StreamPlan().command_fields()
            )
        report = await call.finished()
        return Result(*found[call.call_control_id], report)

    async with Carrier("KEY", seed=15) as carrier, rtpcodec.serve(handle) as endpoint:
        return [await one(carrier, endpoint.url, caller) for caller in callers]


def check(calls: int, caplog: pytest.LogCaptureFixture) -> None:
    callers = [Caller(seed) for seed in range(calls)]
    with caplog.at_level(logging.DEBUG):
        results = run_virtual(called(callers, FAULTS))
    # 1. All right, and the disturbances were there.
    for caller, result in zip(callers, results, strict=True):
        assert result.entries == [(pin, "complete") for pin in caller.pins]
        assert result.duplicate_keys == result.report.keys_duplicated
    pressed = calls * PINS_PER_CALL * DIGITS_OF_A_PIN
    assert 0.04 < sum(result.report.keys_duplicated for result in results) / pressed < 0.06
    assert sum(result.report.keys_reordered for result in results) / pressed > 0.03
    assert sum(caller.real_doubles for caller in callers) / pressed > 0.2
    # 2. No PIN in any log record.
    text = "\n".join(_IDS.sub("x", record.getMessage()) for record in caplog.records)
    assert "started" in text
    assert not set(re.findall(r"(?=(\d{6}))", text)) & {pin for caller in callers for pin in caller.pins}


def test_250_pins(caplog: pytest.LogCaptureFixture) -> None:
    check(1, caplog)


@pytest.mark.long
@pytest.mark.hours
def test_10000_pins(caplog: pytest.LogCaptureFixture) -> None:
    check(10_000 // PINS_PER_CALL, caplog)


def test_on_the_real_clock_as_well() -> None:
    """One PIN, each key sent twice, over loopback; 2 s between the last two keys do not end the entry."""
    found: list[tuple[str, str]] = []

    async def handle(call: Call) -> None:
        digits = await call.collect_dtmf(max=8, first_timeout_s=30, between_timeout_s=30)
        found.append((digits.text, digits.reason))
        found.append((str(call.statistics().duplicate_keys), ""))

    async def main() -> None:
        keys = [(80.0 * at, digit) for at, digit in enumerate("11223344")]
        async with Carrier("KEY") as carrier, rtpcodec.serve(handle) as endpoint:
            call = carrier.new_call(bytes(16 * 60_000), dtmf=keys, faults=Faults(key_delay_ms=100.0, key_duplicate=1.0))
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(
                    call.call_control_id, stream_url=endpoint.url, **rtpcodec.StreamPlan().command_fields()
                )
            await call.finished()

    asyncio.run(main())
    assert found[0] == ("11223344", "complete")
    assert 7 <= int(found[1][0]) <= 8
