"""The native receive path: the same events, figures and deadlines as without it, without a line of Python."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.session import MediaSession
from tests.stream import carrier
from tests.stream.executed_lines import lines_of
from tests.stream.random_streams import OddStream, made_by


def assert_same(seed: int, chunks: int) -> None:
    stream = OddStream(seed)
    native, python = (MediaSession(stream.plan, **stream.options) for _ in range(2))
    assert native._receive_path is not None
    python._receive_path = None
    for at, step in enumerate(stream.steps(chunks)):
        assert made_by(native, step) == made_by(python, step), (seed, at, step)


@pytest.mark.parametrize("seed", range(60))
def test_native_and_python_path_agree(seed: int) -> None:
    assert_same(seed, 120)


@pytest.mark.long
@pytest.mark.parametrize(
    "seed", [*range(100, 115), *(pytest.param(seed, marks=pytest.mark.hours) for seed in range(115, 150))]
)
def test_native_and_python_path_agree_on_many_streams(seed: int) -> None:
    assert_same(seed, 300)


@pytest.mark.parametrize("track", ["inbound", None])
@pytest.mark.parametrize("encoding", ["PCMU", "PCMA", "G722", "L16"])
@pytest.mark.parametrize("pcm_hz", ["native", 24000, None])
def test_an_ordinary_message_runs_no_python(encoding: str, pcm_hz: PcmRate, track: str | None) -> None:
    rate_hz, octets = (16000, 640) if encoding == "L16" else (8000, 160)
    session = carrier.started(start_text=carrier.start(encoding, rate_hz), receive_pcm_hz=pcm_hz)
    found = []
    for at in range(40):
        text = carrier.media(bytes(octets), str(at + 1), track=track, sequence=str(at + 2), timestamp=str(20 * at))
        found.append(lines_of(partial(session.receive, text, 20.0 * at)))
    assert found[20:] == [0] * 20


@given(st.integers(10_000, 2**40), st.integers(1, 80))
@settings(max_examples=40, deadline=None)
def test_native_and_python_path_agree_on_any_seed(seed: int, chunks: int) -> None:
    assert_same(seed, chunks)
