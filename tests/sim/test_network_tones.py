"""The detector recognises the network tones of the simulator."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from rtpcodec.audio.tone_detection import TONE_KINDS
from rtpcodec.sim import network_tone
from tests.audio.dtmf_line import tones_in

CASES: list[tuple[Any, Any]] = list(
    product(("dial", "ringback", "busy", "congestion", "sit", "beep"), ("us", "eu", "uk"))
)


@pytest.mark.parametrize(("name", "region"), [case for case in CASES if case != ("congestion", "uk")])
def test_each_tone_is_found_by_its_name(name: Any, region: Any) -> None:
    found = tones_in(network_tone(name, 8000, 5000.0, region=region), 8000, TONE_KINDS)
    assert {tone.kind for tone in found} == {name}


def test_duration_and_seams() -> None:
    assert network_tone("dial", 16000, 2500.0)[:64000] == network_tone("dial", 16000, 2000.0)
    assert len(network_tone("busy", 11025, 1234.5)) == 2 * round(1.2345 * 11025)
    assert network_tone("busy", 8000, 0.0) == b""


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("fax", 8000, 1.0, "us"), "name is 'fax', dial, ringback, busy, congestion, sit, beep are allowed"),
        (("busy", 8000, 1.0, "fr"), "region is 'fr', us, eu, uk are allowed"),
        (("busy", 8000, -1.0, "us"), "duration_ms is -1, 0 to 600000 are allowed"),
        (("busy", 7999, 1.0, "us"), "rate_hz is 7999, 8000 to 192000 are allowed"),
    ],
)
def test_arguments_outside_of_their_limits(arguments: tuple[Any, ...], error: str) -> None:
    name, rate_hz, duration_ms, region = arguments
    with pytest.raises(ValueError, match=f"^{error}$"):
        network_tone(name, rate_hz, duration_ms, region=region)
