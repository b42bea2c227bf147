"""Public docstrings follow three rules; and the checker finds those that do not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rtpcodec import Resampler, pcmu_encode
from tests.conventions import api, docstrings


def test_public_docstrings_follow_the_rules() -> None:
    found = [f"{one.place}: {one.name} {one.problem}" for one in docstrings.findings()]
    assert not found, "\n".join(found)


def test_callables_of_every_kind_are_read() -> None:
    names = {thing.__qualname__ for thing, _ in docstrings.public_callables()}
    assert {
        "pcmu_encode",
        "Resampler",
        "Resampler.flush",
        "codec",
        "MediaSession.interrupt",
        "digit_packets",
        "Statistics",
    } <= names
    called = {thing.__qualname__ for thing, is_called in docstrings.public_callables() if is_called}
    assert {"MediaSession", "StreamPlan", "RtpPacket", "RtpPacket.build"} <= called
    assert not {"Started", "CallHangup", "Statistics"} & called


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Whether it is open.", "begins with 'Whether', which is not a verb in the imperative"),
        ("The samples of it.", "begins with 'The', which is not a verb in the imperative"),
        ("Returns the samples.", "begins with 'Returns', which is not a verb in the imperative"),
        ("", "has no docstring"),
    ],
)
def test_first_words(text: str, problem: str) -> None:
    def function() -> None: ...

    function.__doc__ = text
    assert list(docstrings.problems_of(function)) == [problem]
    function.__doc__ = "Return the samples."
    assert not list(docstrings.problems_of(function))


ALL_NAMED = """Read it.

        Args:
            path: a file, or
                where: to write
            pcm_hz, channel: what it holds
            *more: and so on
        Returns: nothing
        """


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Read it.", ["path", "pcm_hz", "channel"]),
        ("Read it.\n\npath: a file\npcm_hz, channel: what it holds", ["path", "pcm_hz", "channel"]),
        ("Read it.\n\nArgs:\n    path: a file\n    pcm_hz (int): rate", ["channel"]),
        ("Read it.\n\nArgs:\n    path: a file\n\nReturns:\n    pcm_hz: no\n    channel: no", ["pcm_hz", "channel"]),
        (ALL_NAMED, []),
    ],
)
def test_sections_of_arguments(text: str, missing: list[str]) -> None:
    def function(path: Path, pcm_hz: int, *more: int, channel: int = 0, **fields: Any) -> None: ...

    function.__doc__ = text
    problems = [f"does not name in a section 'Args:': {', '.join(missing)}"] if missing else []
    assert list(docstrings.problems_of(function)) == problems


def test_two_arguments_need_no_section() -> None:
    def function(path: Path, pcm_hz: int) -> None:
        """Read it."""

    assert not list(docstrings.problems_of(function))


@dataclass
class Point:
    """A point."""

    x: int
    """To the right."""
    y: int
    z: int = 0


@dataclass
class NamedPoint(Point):
    """A point with a name.

    Args:
        y: up
        name: of the point
    """

    name: str = ""


def test_fields_of_dataclasses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "is_ours", lambda thing: getattr(thing, "__module__", None) == __name__)
    assert list(docstrings.problems_of(Point)) == ["does not name in a section 'Args:': y, z"]
    assert list(docstrings.problems_of(NamedPoint)) == ["does not name in a section 'Args:': z"]


def test_compiled_callables_have_the_arguments_of_their_stub() -> None:
    assert docstrings.arguments_of(Resampler) == ["from_hz", "to_hz"]
    assert docstrings.arguments_of(Resampler.resample_into) == ["pcm", "out"]
    assert docstrings.arguments_of(pcmu_encode) == ["pcm"]
    assert not docstrings.text_of(pcmu_encode).startswith("pcmu_encode(")


def test_a_docstring_may_name_the_one_with_the_arguments() -> None:
    def function(path: Path, pcm_hz: int, channel: int) -> None: ...

    for text in (
        "Queue octets: see `play`.",
        "Queue it: see Reply.play. Returns a number.",
        "Read it.\n\nArguments are those of `run`.",
    ):
        function.__doc__ = text
        assert not list(docstrings.problems_of(function))
    for text in ("Queue octets.\n\nMore about it: see `play`.", "Queue octets: see `nothing`."):
        function.__doc__ = text
        assert list(docstrings.problems_of(function))


def test_command_prints_findings_below_a_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = docstrings.Finding("A.call", "src/rtpcodec/rtp/a.py:1", "has no docstring")
    monkeypatch.setattr(docstrings, "findings", lambda: [one])
    assert docstrings.main([]) == 1
    assert capsys.readouterr().out == "src/rtpcodec/rtp/a.py:1: A.call has no docstring\n"
    assert docstrings.main(["src/rtpcodec/stream"]) == 0
