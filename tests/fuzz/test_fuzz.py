"""The corpus, a few mutations of it, and the saving of a finding."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rtpcodec.codecs import CodecInfo
from tests.fuzz.__main__ import hunt
from tests.fuzz.mutation import MAX_OCTETS, Mutator
from tests.fuzz.targets import CORPUS, corpus_of, load, names

FAULTY = "tests.fuzz.failing_target"


@pytest.fixture(params=names())
def name(request: pytest.FixtureRequest, usable_codec: Callable[[str], CodecInfo]) -> str:
    """Return the targets that can run here."""
    target: str = request.param
    if needed := getattr(load(target), "NEEDS", None):
        usable_codec(needed)
    return target


def test_every_target_has_a_corpus_that_is_clean(name: str) -> None:
    assert len(list((CORPUS / name).glob("*"))) >= 10
    target = load(name)
    assert all(target.run(data) > 0 for data in corpus_of(name))


@pytest.mark.parametrize(
    "inputs",
    [
        500,
        pytest.param(3000, marks=pytest.mark.long),
        pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.hours]),
    ],
)
def test_mutations_are_clean(name: str, inputs: int) -> None:
    target, mutator = load(name), Mutator(corpus_of(name), seed=3)
    for _ in range(inputs):
        target.run(mutator.next())


def test_mutations_are_seeded() -> None:
    corpus = corpus_of("g711")
    first, second, other = Mutator(corpus, 1), Mutator(corpus, 1), Mutator(corpus, 2)
    inputs = [first.next() for _ in range(200)]
    assert inputs == [second.next() for _ in range(200)]
    assert inputs != [other.next() for _ in range(200)]
    assert all(0 < len(data) <= MAX_OCTETS for data in inputs)
    assert len(set(inputs)) > 190


@pytest.mark.parametrize("fault", ["raise", "abort"])
def test_a_finding_is_kept_and_fails(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAULT", fault)
    assert hunt(FAULTY, "", 10_000, 711, tmp_path) is False
    (kept,) = (tmp_path / FAULTY).iterdir()
    assert b"\xff" in kept.read_bytes()
    assert (
        f"FAILED with exit code {'1' if fault == 'raise' else '-6'}, seed 711; the input is {kept}"
        in capfd.readouterr().out
    )


def test_a_clean_target_saves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULT", "none")
    assert hunt(FAULTY, "", 1000, 711, tmp_path) is True
    assert not list(tmp_path.iterdir())
