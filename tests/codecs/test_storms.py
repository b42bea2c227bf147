"""Several threads, and junk arguments, on Cython objects, each in its own process, which a crash would end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from rtpcodec.codecs import CodecInfo


def outcome(module: str, *arguments: str) -> str:
    """Run a module, and return its output; it has to exit with 0."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", f"tests.isolated.{module}", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_class_or_base_crashes() -> None:
    classes, objects, calls = (int(word) for word in outcome("junk_calls").split() if word.isdigit())
    assert classes > 15
    assert objects > 100
    assert calls > 100_000


def test_threads_in_one_object_do_no_damage(usable_codec: Callable[[str], CodecInfo]) -> None:
    assert {usable_codec(name).kind for name in ("OPUS", "AMR-WB")} == {"frame"}
    assert outcome("thread_storm", "60").startswith("14 kinds of objects, 4 threads, with")


@pytest.mark.long
def test_threads_in_one_object_for_long(usable_codec: Callable[[str], CodecInfo]) -> None:
    assert {usable_codec(name).kind for name in ("OPUS", "AMR-WB")} == {"frame"}
    outcome("thread_storm", "5000")


def test_public_names_are_loaded_by_many_threads_at_once(usable_codec: Callable[[str], CodecInfo]) -> None:
    assert {usable_codec(name).kind for name in ("OPUS", "AMR-WB")} == {"frame"}
    outcome("import_storm")


@pytest.mark.long
def test_public_names_are_loaded_by_many_threads_at_once_again_and_again() -> None:
    for _ in range(50):
        outcome("import_storm")
