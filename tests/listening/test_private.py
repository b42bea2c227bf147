"""`call.private`: when a section runs; digits are never logged or shown."""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import LocalProtocolError
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import Carrier, Faults
from rtpcodec.stream.listening.privacy import Privacy, require_label
from tests.server.conversation import converse
from tests.server.dialler import Dialler
from tests.server.virtual_call import carried
from tests.stream import carrier

Told = list[tuple[bool, str, float]]


def listener(told: Told, call: Call) -> Callable[[bool, str, float], None]:
    return lambda active, label, now_ms: told.append((active, label, round(now_ms - call.started.monotonic_ms)))


def sections(handler: Callable[[Call], Any], speech_ms: int = 3000) -> Told:
    """Run a call, and return the calls of a listener of its privacy."""
    told: Told = []

    async def handle(call: Call) -> None:
        call._pump.machine.session.privacy.subscribe(listener(told, call))
        await handler(call)

    carried(handle, speech_ms=speech_ms)
    return told


# When a section runs


def test_a_section_is_a_block_of_either_kind() -> None:
    async def pay(call: Call) -> None:
        privacy = call._pump.machine.session.privacy
        async with call.private("card"):
            assert (privacy.active, privacy.label) == (True, "card")
            await asyncio.sleep(0.5)
        assert not privacy.active
        with call.private("date of birth"):
            await asyncio.sleep(0.25)

    assert sections(pay) == [
        (True, "card", 0),
        (False, "card", 500),
        (True, "date of birth", 500),
        (False, "date of birth", 750),
    ]


def test_sections_overlap_and_the_last_end_counts() -> None:
    async def pay(call: Call) -> None:
        async with call.private("card"):
            section = call.private("card")
            with section, section:
                await asyncio.sleep(0.5)
            other = call.private("pin")
            other.__enter__()
        await asyncio.sleep(0.5)
        other.__exit__(None, None, None)

    assert sections(pay) == [(True, "card", 0), (False, "pin", 1000)]


def test_an_error_ends_it() -> None:
    async def pay(call: Call) -> None:
        async def fail() -> None:
            async with call.private("card"):
                await asyncio.sleep(0.5)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        with pytest.raises(KeyError), call.private("pin"):
            raise KeyError

    assert sections(pay) == [(True, "card", 0), (False, "card", 500), (True, "pin", 500), (False, "pin", 500)]


def test_a_cancellation_ends_it() -> None:
    async def pay(call: Call) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5), call.private("card"):
                await call.collect_dtmf()

    assert sections(pay) == [(True, "card", 0), (False, "card", 500)]


def test_the_end_of_the_stream_ends_it_and_the_end_of_the_block_does_nothing() -> None:
    async def pay(call: Call) -> None:
        async with call.private("card"), call.private("pin"):
            async for _ in call.audio():
                pass
            await asyncio.sleep(0.5)
        async with call.private("card"):  # too late, and no error
            assert not call._pump.machine.session.privacy.active

    told = sections(pay, speech_ms=1000)
    assert told == [(True, "card", 0), (False, "card", told[1][2])]
    assert 1000 <= told[1][2] < 1050


def test_keys_still_reach_the_handler_and_the_entry() -> None:
    found: list[Any] = []

    async def pay(call: Call) -> None:
        reader = call.events()
        async with call.private("card"):
            found.append((await call.collect_dtmf(max=2)).text)
            found.extend([event.digit async for event in reader if isinstance(event, rtpcodec.events.Dtmf)])

    carried(pay, phone={"dtmf": ((100.0, "4"), (400.0, "7"))})
    assert found == ["47", "4", "7"]


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("", "label is not a name: a letter, then letters, digits, spaces, '_' and '-' are needed"),
        ("a" * 41, "label has 41 characters, at most 40 are allowed"),
        ("../card", "label is not a name: a letter, then letters, digits, spaces, '_' and '-' are needed"),
        ("card\n", "label is not a name: a letter, then letters, digits, spaces, '_' and '-' are needed"),
        ("card ", "label is not a name: a letter, then letters, digits, spaces, '_' and '-' are needed"),
        ("4711", "label is not a name: a letter, then letters, digits, spaces, '_' and '-' are needed"),
        ("Größe", "label is not a name: a letter, then letters, digits, spaces, '_' and '-' are needed"),
        ("pin 4711", "label has 4 digits in a row: it is written into logs and files, so it must not be a number"),
        ("card 4 7-1_1", "label has 4 digits in a row: it is written into logs and files, so it must not be a number"),
        (None, "label is of type NoneType, a str such as 'card' is needed"),
    ],
)
def test_labels_are_safe_in_logs_and_files(label: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(words)}$"):
        require_label(label)
    with pytest.raises((ValueError, TypeError)):
        Privacy().enter(label, 0.0)


@pytest.mark.parametrize("label", ["card", "PIN", "step 2", "date-of_birth", "a", "a" * 40, "track 123"])
def test_labels(label: str) -> None:
    require_label(label)


def test_a_failing_listener_does_not_prevent_others_from_being_called() -> None:
    privacy, told = Privacy(), []

    def fail(active: bool, _label: str, _now_ms: float) -> None:
        raise OSError(f"disk full {active}")

    privacy.subscribe(fail)
    privacy.subscribe(lambda active, _label, _now_ms: told.append(active))
    with pytest.raises(OSError, match="disk full True"):
        privacy.enter("card", 0.0)
    assert told == [True]
    assert privacy.active
    with pytest.raises(OSError, match="disk full False"):
        privacy.leave("card", 1.0)
    assert told == [True, False]


def test_leaving_without_entering() -> None:
    with pytest.raises(ValueError, match="no private section of this label runs"):
        Privacy().leave("card", 0.0)


def test_other_threads_cannot_begin_one() -> None:
    async def pay(call: Call) -> None:
        with pytest.raises(LocalProtocolError, match="outside the event loop's thread"):
            await asyncio.to_thread(call.private, "card")
        assert not call._pump.machine.session.privacy.active

    async def carry(carrier: Dialler) -> None:
        assert await carrier.close_code() == 1000

    converse(pay, carry)


# No digit in logs, reprs and errors

PIN = "73159264"
_OTHERWISE_DIFFERENT = re.compile(r"\b[0-9a-f]{8}\b|0x[0-9a-f]+|utc_ms=[\d.]+|\d{4}-\d\d-\d\dT[\d:.]+Z")
"""Ids of calls, addresses of objects, and the time of day: not on the virtual clock, not seeded."""


def everything_of(pin: str, caplog: pytest.LogCaptureFixture, faults: Faults | None = None) -> list[str]:
    """All log records of a call in which a PIN is keyed in, and what events, entries and errors show."""
    shown: list[str] = []

    async def handle(call: Call) -> None:
        reader = call.events()
        async with call.private("pin"):
            digits = await call.collect_dtmf(max=len(pin))
            assert digits.text == pin
            shown.append(f"{digits!r} {call!r} {call._parts!r}")
        shown.extend([repr(event) async for event in reader if not isinstance(event, rtpcodec.events.Audio)])
        raise RuntimeError(f"the handler's own fault: {digits}")

    async def main() -> None:
        asyncio.get_running_loop().set_debug(True)
        async with Carrier("KEY", seed=1) as carrier, rtpcodec.serve(handle) as endpoint:
            keys = [(200.0 + 80.0 * at, digit) for at, digit in enumerate(pin)]
            call = carrier.new_call(bytes(16 * 2000), dtmf=keys, faults=faults)
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                fields = rtpcodec.StreamPlan().command_fields()
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **fields)
            shown.append(repr(await call.finished()))

    caplog.clear()
    with caplog.at_level(1):
        run_virtual(main())
    for record in caplog.records:
        shown.append(record.getMessage())
        if record.exc_info:
            shown.extend(traceback.format_exception(*record.exc_info))
    return [_OTHERWISE_DIFFERENT.sub("x", text) for text in shown]


@pytest.mark.parametrize("faults", [None, Faults(key_delay_ms=150.0, key_duplicate=1.0)], ids=["plain", "doubled"])
def test_what_is_logged_and_shown_does_not_depend_on_the_keys(
    caplog: pytest.LogCaptureFixture, faults: Faults | None
) -> None:
    """Two calls that differ only in their PINs give identical output."""
    first, second = everything_of("73159", caplog, faults), everything_of("40862", caplog, faults)
    assert len(first) > 10
    assert first == second


BROKEN = [
    {"event": "dtmf", "dtmf": {"digit": PIN}},
    {"event": "dtmf", "dtmf": {"digit": int(PIN)}},
    {"event": "dtmf", "dtmf": {"digit": [PIN]}},
    {"event": "dtmf", "dtmf": {"digit": {PIN: PIN}}},
    {"event": "dtmf", "dtmf": PIN},
    {"event": "dtmf", "dtmf": {PIN: PIN}},
    {"event": "dtmf", "digit": PIN},
    {"event": "dtmf", "dtmf": {"digit": "1"}, "occurred_at": int(PIN)},
    {"event": "dtmf", "dtmf": {"digit": "1"}, "sequence_number": PIN + "x"},
    {"event": "dtmf", "dtmf": {"digit": "1"}, "stream_id": [PIN]},
    {"event": "keys", "keys": PIN, "dtmf": {"digit": PIN}},
    {"event": [PIN]},
    {"event": {PIN: PIN}},
    {PIN: PIN},
]
TEXTS = [
    *(json.dumps(one) for one in BROKEN),
    f'{{"event":"dtmf","dtmf":{{"digit":"{PIN}',
    f'{{"event":"dtmf","dtmf":{{"digit":{PIN}{PIN}e999}}}}',
    f'{{"event":"dtmf","dtmf":{{"digit":"\\{PIN}"}}}}',
    f'{{"event":"dtmf","dtmf":{{"digit":"\\ud8{PIN}"}}}}',
    PIN,
    f'"{PIN}"',
    f'["{PIN}"]',
]
"""Messages of keys that are broken, each in another way."""


def shown_of(text: str, caplog: pytest.LogCaptureFixture) -> str:
    """All that a session and an endpoint show of one message."""
    session = carrier.started()
    session.receive(text, 20.0)
    session.closed(200.0)
    shown = repr(session.events(200.0))

    async def ignore(call: Call) -> None:
        async for _ in call.events():
            pass

    async def carry(dialler: Dialler) -> None:
        await dialler.start()
        await dialler.socket.send(text)
        await dialler.stop()
        await dialler.close_code()

    caplog.clear()
    with caplog.at_level(1):
        converse(ignore, carry)
    # The dialler's own library logs what it sends.
    records = [record for record in caplog.records if not record.name.startswith("websockets")]
    assert "rtpcodec.server" in {record.name for record in records}
    return shown + "".join(record.getMessage() for record in records)


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_broken_message_shows_has_no_key(caplog: pytest.LogCaptureFixture, text: str) -> None:
    assert PIN not in shown_of(text, caplog)
