"""`collect_dtmf`: one entry of keys, from its prompt to its end. All on the virtual clock, so that times are exact."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import LocalProtocolError
from rtpcodec.server import Call, Digits
from rtpcodec.server.typed_keys import MAX_TYPED_KEYS
from rtpcodec.stream.plan import StreamPlan
from tests.listening.key_entries import entered, is_about, prompted, typed
from tests.server.virtual_call import carried


def test_enough_keys() -> None:
    async def pin(call: Call) -> Digits:
        return await call.collect_dtmf(max=4)

    [(digits, at_ms)] = entered(pin, *typed("1234", 1000.0))
    assert digits == Digits("1234", "complete")
    assert is_about(at_ms, 1900)


def test_an_end_key() -> None:
    async def amount(call: Call) -> list[Digits]:
        return [await call.collect_dtmf(), await call.collect_dtmf(end="*#"), await call.collect_dtmf(end="9", max=3)]

    [(digits, _)] = entered(amount, *typed("12#3*#9", 1000.0))
    assert digits == [Digits("12", "end_key"), Digits("3", "end_key"), Digits("#", "end_key")]


def test_without_an_end_key_all_keys_are_text() -> None:
    async def all_keys(call: Call) -> Digits:
        return await call.collect_dtmf(end=None)

    assert entered(all_keys, *typed("1*#A", 1000.0))[0][0] == Digits("1*#A", "timeout")


@pytest.mark.parametrize(("keys", "expected", "at_ms"), [("", "", 7000), ("12", "12", 1300 + 3000)])
def test_time_outs(keys: str, expected: str, at_ms: float) -> None:
    async def collect(call: Call) -> Digits:
        return await call.collect_dtmf(max=4)

    [(digits, ended_ms)] = entered(collect, *typed(keys, 1000.0))
    assert digits == Digits(expected, "timeout")
    assert is_about(ended_ms, at_ms)


def test_a_key_that_was_pressed_in_time_counts_although_it_is_reported_later() -> None:
    async def collect(call: Call) -> Digits:
        return await call.collect_dtmf(max=1, first_timeout_s=2.0)

    assert entered(collect, (1990.0, "5"))[0][0] == Digits("5", "complete")
    assert entered(collect, (2010.0, "5"))[0][0] == Digits("", "timeout")


def test_without_limits_it_waits_until_the_caller_hangs_up() -> None:
    async def collect(call: Call) -> Digits:
        return await call.collect_dtmf(first_timeout_s=None, between_timeout_s=None)

    [(digits, at_ms)] = entered(collect, (15_000.0, "1"), (29_990.0, "2"))
    assert digits == Digits("12", "hang_up")
    assert is_about(at_ms, 30_000)


# The prompt


def test_keys_are_still_available_after_the_end_of_the_stream() -> None:
    async def ask(call: Call) -> list[Digits]:
        async for _ in call.audio():
            pass
        return [await call.collect_dtmf(max=2), await call.collect_dtmf(), await call.collect_dtmf()]

    expected = [Digits("12", "complete"), Digits("3", "hang_up"), Digits("", "hang_up")]
    assert entered(ask, *typed("123", 50.0, 80.0), speech_ms=500)[0][0] == expected


# Typed ahead


def test_keys_from_before_the_first_entry_count_and_stop_its_prompt() -> None:
    async def ask(call: Call) -> tuple[Digits, str, float]:
        await asyncio.sleep(3)
        return await prompted(call, max=4)

    assert entered(ask, *typed("1234", 300.0))[0][0] == (Digits("1234", "complete"), "interrupted", 0.0)


def test_earlier_keys_are_dropped_without_typed_ahead() -> None:
    async def ask(call: Call) -> tuple[Digits, str, float]:
        await asyncio.sleep(3)
        return await prompted(call, max=4, typed_ahead=False)

    keys = [*typed("1234", 300.0), (2990.0, "9"), *typed("5678", 5000.0)]
    assert entered(ask, *keys)[0][0][:2] == (Digits("5678", "complete"), "played")


def test_keys_beyond_max_remain() -> None:
    async def ask(call: Call) -> list[Digits]:
        return [await call.collect_dtmf(max=3) for _ in range(3)]

    [(digits, _)] = entered(ask, *typed("1234567", 1000.0, 80.0))
    assert digits == [Digits("123", "complete"), Digits("456", "complete"), Digits("7", "timeout")]


@pytest.mark.parametrize("sleep_s", [0.0, 5.0], ids=["as it is typed", "typed ahead"])
def test_an_end_key_right_after_a_complete_entry_belongs_to_it(sleep_s: float) -> None:
    async def ask(call: Call) -> list[Digits]:
        await asyncio.sleep(sleep_s)
        return [await call.collect_dtmf(max=2) for _ in range(2)]

    [(digits, _)] = entered(ask, *typed("12#34#", 500.0))
    assert digits == [Digits("12", "complete"), Digits("34", "complete")]


def test_it_does_not_end_an_entry_without_typed_ahead_either() -> None:
    async def ask(call: Call) -> list[Digits]:
        return [await call.collect_dtmf(max=2), await call.collect_dtmf(max=2, typed_ahead=False)]

    assert entered(ask, *typed("12#", 500.0), *typed("34#", 2000.0))[0][0][1] == Digits("34", "complete")


def test_an_end_key_that_comes_much_later_ends_the_next_entry() -> None:
    async def ask(call: Call) -> list[Digits]:
        return [await call.collect_dtmf(max=2) for _ in range(2)]

    [(digits, _)] = entered(ask, *typed("12", 500.0), (5000.0, "#"))
    assert digits == [Digits("12", "complete"), Digits("", "end_key")]


def test_a_cancelled_entry_leaves_its_keys_to_the_next() -> None:
    async def ask(call: Call) -> Digits:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await call.collect_dtmf()
        return await call.collect_dtmf(max=4)

    assert entered(ask, *typed("1234", 1000.0, 500.0))[0][0] == Digits("1234", "complete")


def test_keys_that_wait_are_bounded() -> None:
    async def ask(call: Call) -> tuple[Digits, int]:
        await asyncio.sleep(20)
        return await call.collect_dtmf(end=None, first_timeout_s=0, between_timeout_s=0), 0

    keys = typed("0123456789" * 20, 10.0, 90.0)
    [((digits, _), at_ms)] = entered(ask, *keys)
    assert digits == Digits(("0123456789" * 20)[-MAX_TYPED_KEYS:], "complete")
    assert is_about(at_ms, 20_000)


# Beside others


def test_beside_a_reader_of_audio_and_one_of_keys_both_get_all() -> None:
    async def ask(call: Call) -> tuple[Digits, str, int]:
        found: list[rtpcodec.events.Event] = []

        async def read() -> None:
            found.extend([event async for event in call.events()])

        reading = asyncio.create_task(read())
        digits = await call.collect_dtmf(max=3)
        await reading
        keys = "".join(event.digit for event in found if isinstance(event, rtpcodec.events.Dtmf))
        return digits, keys, sum(isinstance(event, rtpcodec.events.Audio) for event in found)

    [(found, _)] = entered(ask, *typed("1239", 100.0), speech_ms=2000)
    assert found == (Digits("123", "complete"), "1239", 100)


def test_two_at_once_are_refused() -> None:
    async def ask(call: Call) -> tuple[str, Digits]:
        first = asyncio.create_task(call.collect_dtmf(max=2))
        await asyncio.sleep(0.1)
        with pytest.raises(LocalProtocolError) as found:
            await call.collect_dtmf()
        return str(found.value), await first

    [((words, digits), _)] = entered(ask, *typed("12", 300.0))
    assert words == "another collect_dtmf of this call is running, at most 1 at a time is allowed"
    assert digits == Digits("12", "complete")


def test_on_audio_cannot_wait_and_its_keys_are_not_kept() -> None:
    refused: list[str] = []

    def on_audio(call: Call, _audio: rtpcodec.events.Audio) -> None:
        if not refused:
            with pytest.raises(LocalProtocolError) as found:
                call.collect_dtmf().send(None)
            refused.append(str(found.value))
        assert call._parts.keys.text == ""

    carried(None, on_audio=on_audio, phone={"dtmf": typed("12", 100.0)})
    assert refused == ["collect_dtmf() waits, and on_audio cannot wait; pass a coroutine function as handler instead"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max": 0}, "max is 0, at least 1 key is needed, or None"),
        ({"max": 129}, "max is 129, at most 128 keys are allowed"),
        ({"max": 1.0}, "max is of type float, a whole number of keys or None is needed"),
        ({"max": True}, "max is of type bool, a whole number of keys or None is needed"),
        ({"end": ""}, "end is '', one or more keys of 0123456789ABCD*# are needed, or None"),
        ({"end": "x"}, "end is 'x', one or more keys of 0123456789ABCD*# are needed, or None"),
        ({"end": 1}, "end is of type int, a str of keys or None is needed"),
        ({"first_timeout_s": -1.0}, "first_timeout_s is -1.0, 0 or more is needed, or None"),
        ({"between_timeout_s": float("nan")}, "between_timeout_s is nan, 0 or more is needed, or None"),
    ],
)
def test_impossible_arguments_are_refused(options: dict[str, Any], words: str) -> None:
    async def ask(call: Call) -> str:
        with pytest.raises((ValueError, TypeError)) as found:
            await call.collect_dtmf(**options)
        return str(found.value)

    assert entered(ask, speech_ms=500)[0][0] == words


def test_a_prompt_within_its_own_block_is_refused() -> None:
    async def ask(call: Call) -> str:
        async with call.reply("pin") as reply:
            with pytest.raises(LocalProtocolError) as found:
                await call.collect_dtmf(reply)
        return str(found.value)

    assert entered(ask, speech_ms=500)[0][0].startswith("collect_dtmf() waits for the end of reply 'pin'")


def test_a_prompt_of_another_call_is_refused() -> None:
    replies: list[Any] = []
    refused: list[str] = []

    async def ask(call: Call) -> None:
        if replies:
            with pytest.raises(ValueError, match="belongs to another call") as found:
                await call.collect_dtmf(replies[0])
            refused.append(str(found.value))
        replies.append(call.reply("pin"))

    for _ in range(2):
        carried(ask, speech_ms=300)
    assert refused == ["reply 'pin' belongs to another call"]


def test_in_mode_mp3_keys_are_collected_without_a_prompt() -> None:
    found: list[Digits] = []

    async def ask(call: Call) -> None:
        found.append(await call.collect_dtmf(max=2))

    carried(ask, plan=StreamPlan(mode="mp3"), phone={"dtmf": typed("12", 300.0)})
    assert found == [Digits("12", "complete")]


def test_digits_hide_their_text() -> None:
    assert repr(Digits("4711", "complete")) == "Digits(reason='complete')"


def test_keys_that_wait_count_as_held() -> None:
    held: list[int] = []

    async def ask(call: Call) -> Digits:
        account = call._pump.machine.session.account
        assert account is not None
        before = account.granted_octets
        await asyncio.sleep(2)
        held.append(account.granted_octets - before)
        digits = await call.collect_dtmf(max=4)
        held.append(account.granted_octets - before)
        return digits

    entered(ask, *typed("1234", 300.0))
    assert held == [16, 0]
