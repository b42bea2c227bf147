"""Each fault in each codec, with talkers of espeak-ng at four levels: named within a second of speech."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest

from tests.listening import streams
from tests.listening.speakers import Samples, Talker, espeak, octets, resampled, spoken
from tests.listening.test_wrong_codecs import FAULTS, LEVELS, WITHIN_MS, places, speech_ms

TALKERS = 6
PLACES = 2
CHUNK_MS = 20
HEARD_MS = 3000
LATE = 1
"""Of the 48 streams of one fault: G722 in place of PCMU or PCMA, where a sentence begins with hisses."""
LATEST_MS = 1250


class Fault(NamedTuple):
    """Payloads of chunks of 20 ms that differ from what `start` declares."""

    name: str
    declared: str
    declared_hz: int
    rate_hz: int
    payloads: Callable[[Samples], Sequence[bytes]]
    kind: str


def wrong_codecs() -> list[Fault]:
    """Those of the list, and frames in place of samples."""
    listed = [
        Fault(f"{coding} as {declared} {hz}", declared, hz, rate_hz, encoder_of(coding, rate_hz), kind)
        for declared, hz, coding, rate_hz, kind in FAULTS
    ]
    frames = [
        Fault(f"{coding} as {declared}", declared, hz, 16000, encoder_of(coding, 16000), "wrong_codec")
        for coding in ("OPUS", "AMR-WB")
        for declared, hz in (("PCMU", 8000), ("PCMA", 8000), ("G722", 8000), ("L16", 16000))
    ]
    return listed + frames


def encoder_of(coding: str, rate_hz: int) -> Callable[[Samples], list[bytes]]:
    return lambda samples: streams.encoded(coding, samples, CHUNK_MS, rate_hz)


def wrapped() -> list[Fault]:
    """Headers of RTP, and base64 twice."""
    found = []
    for declared, hz, coding, rate_hz in (
        ("PCMU", 8000, "PCMU", 8000), ("PCMA", 8000, "PCMA", 8000), ("G722", 8000, "G722", 16000),
        ("L16", 16000, "L16 little", 16000), ("OPUS", 48000, "OPUS", 16000), ("AMR-WB", 16000, "AMR-WB", 16000),
    ):  # fmt: skip
        encode = encoder_of(coding, rate_hz)
        found.append(Fault(f"RTP in {declared}", declared, hz, rate_hz, headed(encode), "rtp_header_in_payload"))
        found.append(Fault(f"base64 in {declared}", declared, hz, rate_hz, twice(encode), "base64_twice"))
    return found


def headed(encode: Callable[[Samples], list[bytes]]) -> Callable[[Samples], list[bytes]]:
    return lambda samples: [
        struct.pack("!BBHII", 0x80, 0, at, 160 * at, 77) + one for at, one in enumerate(encode(samples))
    ]


def twice(encode: Callable[[Samples], list[bytes]]) -> Callable[[Samples], list[bytes]]:
    return lambda samples: [base64.b64encode(one) for one in encode(samples)]


def rates_and_channels() -> list[Fault]:
    """L16 of another rate, and two channels in each codec of single samples."""
    found = [
        Fault(f"L16 {sent_hz} as {hz}", "L16", hz, 16000, at_another_rate(sent_hz), "wrong_rate")
        for hz, sent_hz in ((8000, 16000), (16000, 8000), (24000, 16000), (16000, 48000), (48000, 24000))
    ]
    for declared, coding, rate_hz in (
        ("PCMU", "PCMU", 8000), ("PCMA", "PCMA", 8000), ("L16", "L16 little", 8000), ("L16", "L16 little", 16000),
    ):  # fmt: skip
        for other in (0.0, 1.0, 0.1):
            name = f"stereo {other} as {declared} {rate_hz}"
            found.append(Fault(name, declared, rate_hz, rate_hz, stereo(coding, rate_hz, other), "stereo_as_mono"))
    return found


def at_another_rate(sent_hz: int) -> Callable[[Samples], list[bytes]]:
    return lambda samples: streams.cut(octets(resampled(samples, 16000, sent_hz)), 2 * CHUNK_MS * sent_hz // 1000)


def stereo(coding: str, rate_hz: int, other: float) -> Callable[[Samples], list[bytes]]:
    """The second channel: the first one, so much quieter."""
    return lambda samples: streams.encoded(
        coding, np.stack([samples, samples * other], axis=1).reshape(-1), 2 * CHUNK_MS, rate_hz
    )


EVERY = [*wrong_codecs(), *wrapped(), *rates_and_channels()]


def named(fault: Fault, talkers: Sequence[Talker]) -> tuple[list[str], list[int]]:
    """Return the streams with another diagnosis or none, and after how much speech the others were diagnosed."""
    wrong, after_ms = [], []
    for talker in talkers:
        for level_dbov in LEVELS:
            for begin_ms in places(talker, f"{fault.name} {level_dbov}", PLACES):
                speech = talker.at(fault.rate_hz, level_dbov)[begin_ms * fault.rate_hz // 1000 :]
                payloads = fault.payloads(speech[: HEARD_MS * fault.rate_hz // 1000])
                found = streams.fed(streams.session_for(fault.declared, fault.declared_hz), payloads, CHUNK_MS)
                if [one.kind for one in found] == [fault.kind]:
                    after_ms.append(speech_ms(talker, begin_ms, (found[0].chunk + 1) * CHUNK_MS))
                else:
                    wrong.append(f"{talker.name}, {level_dbov:g} dBov from {begin_ms} ms: {found}")
    return wrong, after_ms


@pytest.fixture(scope="module")
def talkers(tmp_path_factory: pytest.TempPathFactory) -> list[Talker]:
    if espeak() is None:
        pytest.skip("espeak-ng is not installed")
    folder = tmp_path_factory.mktemp("spoken")
    return [spoken(folder, number) for number in range(TALKERS)]


SPREAD = [pytest.param(fault, marks=pytest.mark.hours if at % 2 else ()) for at, fault in enumerate(EVERY)]
"""Every second case belongs to `make test-hours`."""


@pytest.mark.long
@pytest.mark.parametrize("fault", SPREAD, ids=lambda fault: fault.name)
def test_a_fault_is_named_within_a_second_of_speech(fault: Fault, talkers: list[Talker]) -> None:
    wrong, after_ms = named(fault, talkers)
    assert wrong == []
    assert len(after_ms) == TALKERS * len(LEVELS) * PLACES
    assert sum(ms > WITHIN_MS + CHUNK_MS for ms in after_ms) <= LATE, sorted(after_ms)[-5:]
    assert max(after_ms) <= LATEST_MS
