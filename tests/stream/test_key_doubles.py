"""A key whose message is received twice is one press; a key that is pressed twice is two."""

from __future__ import annotations

import pytest

from rtpcodec import events
from rtpcodec.stream.key_order import DOUBLES_MS, MAX_REMEMBERED
from tests.stream import carrier


def key(digit: str, occurred_at: str | None, sequence: int | None = None) -> str:
    given = {"occurred_at": occurred_at, "sequence_number": sequence}
    return carrier.text(
        "dtmf", dtmf={"digit": digit}, **{name: value for name, value in given.items() if value is not None}
    )


def at(ms: float) -> str:
    return f"2026-01-02T03:04:{5 + ms / 1000:09.6f}Z"


def heard(*arrivals: tuple[float, str]) -> tuple[str, int]:
    """Return the digits that a session reports for messages at these times, and the number of doubles."""
    session = carrier.started()
    found = ""
    for now_ms, text in arrivals:
        found += digits(session.events(now_ms - 5.0))
        session.receive(text, now_ms)
        found += digits(session.events(now_ms))
    session.closed(arrivals[-1][0] + 200.0)
    found += digits(session.events(arrivals[-1][0] + 200.0))
    return found, session.statistics(0.0).duplicate_keys


def digits(found: list[events.Event]) -> str:
    return "".join(event.digit for event in found if isinstance(event, events.Dtmf))


@pytest.mark.parametrize("later_ms", [0.0, 20.0, 149.0, 150.0, 151.0, 1000.0, DOUBLES_MS])
def test_a_message_that_is_received_twice_is_one_press(later_ms: float) -> None:
    """Even if the first one was reported long before."""
    assert heard((1000.0, key("5", at(0))), (1000.0 + later_ms, key("5", at(0)))) == ("5", 1)


@pytest.mark.parametrize("apart_ms", [10.0, 80.0, 150.0])
def test_a_key_that_is_pressed_twice_is_two_presses(apart_ms: float) -> None:
    assert heard((1000.0, key("5", at(0))), (1000.0 + apart_ms, key("5", at(apart_ms)))) == ("55", 0)


def test_two_presses_whose_messages_are_repeated() -> None:
    arrivals = [
        (1000.0, key("5", at(80))),
        (1010.0, key("5", at(0))),
        (1100.0, key("5", at(80))),
        (1120.0, key("5", at(0))),
    ]
    assert heard(*arrivals) == ("55", 2)


def test_another_key_of_the_same_time_is_another_press() -> None:
    assert heard((1000.0, key("5", at(0))), (1000.0, key("6", at(0)))) == ("56", 0)


def test_a_message_that_is_received_three_times() -> None:
    assert heard(*((1000.0 + 100 * n, key("5", at(0))) for n in range(3))) == ("5", 2)


def test_one_moment_in_two_spellings_is_one_press() -> None:
    assert heard(
        (1000.0, key("5", "2026-01-02T03:04:05.25Z")), (1001.0, key("5", "2026-01-02T04:04:05.250+01:00"))
    ) == (
        "5",
        1,
    )


@pytest.mark.parametrize("odd", [None, "", "now", "9" * 80])
def test_without_a_time_no_key_is_a_double(odd: str | None) -> None:
    assert heard((1000.0, key("5", odd)), (1080.0, key("5", odd))) == ("55", 0)


@pytest.mark.parametrize("coarse", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.3Z", "2026-01-02T03:04"])
def test_coarse_times_need_the_sequence_number_to_distinguish_presses(coarse: str) -> None:
    assert heard((1000.0, key("5", coarse, 7)), (1080.0, key("5", coarse, 8))) == ("55", 0)
    assert heard((1000.0, key("5", coarse, 7)), (1080.0, key("5", coarse, 7))) == ("5", 1)
    assert heard((1000.0, key("5", coarse)), (1080.0, key("5", coarse))) == ("5", 1)


def test_a_double_with_a_sequence_number_of_its_own() -> None:
    assert heard((1000.0, key("5", at(0), 7)), (1080.0, key("5", at(0), 9))) == ("5", 1)


def test_stored_keys_are_bounded_in_time_and_number() -> None:
    assert heard((1000.0, key("5", at(0))), (1001.0 + DOUBLES_MS, key("5", at(0)))) == ("55", 0)
    many = [(1000.0 + n, key("5", at(80 * n))) for n in range(MAX_REMEMBERED + 1)]
    assert heard(*many, (1200.0, key("5", at(0))))[1] == 0
    assert heard(*many, (1200.0, key("5", at(80))))[1] == 1
