"""The native path of received messages: the same events, figures and deadlines as without it, in no line of Python."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.stream.session import MediaSession
from tests.stream.hearing_streams import OddStream, made_by


def assert_same(seed: int, chunks: int) -> None:
    stream = OddStream(seed)
    native, python = (MediaSession(stream.plan, **stream.options) for _ in range(2))
    assert native._hearing is not None
    python._hearing = None
    for at, step in enumerate(stream.steps(chunks)):
        assert made_by(native, step) == made_by(python, step), (seed, at, step)


@pytest.mark.parametrize("seed", range(60))
def test_native_and_python_path_agree(seed: int) -> None:
    assert_same(seed, 120)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 2100))
def test_native_and_python_path_agree_on_many_streams(seed: int) -> None:
    assert_same(seed, 300)


@given(st.integers(10_000, 2**40), st.integers(1, 80))
@settings(max_examples=40, deadline=None)
def test_native_and_python_path_agree_on_any_seed(seed: int, chunks: int) -> None:
    assert_same(seed, chunks)
