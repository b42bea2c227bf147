"""The public face is a promise: names and signatures are those of the snapshot, or the change is meant."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TypedDict

import pytest

from tests.conventions import api


def test_public_face_is_that_of_the_snapshot() -> None:
    how = f"'{api.COMMAND}' rewrites {api.SNAPSHOT.name}; then name the change in CHANGELOG.md"
    assert api.SNAPSHOT.exists(), f"there is no snapshot; {how}"
    before = api.SNAPSHOT.read_text("utf-8").splitlines()
    changes = list(difflib.unified_diff(before, api.face().splitlines(), "the snapshot", "the code", lineterm="", n=1))
    assert not changes, f"the public face changed; if that is meant, {how}\n" + "\n".join(changes)


def test_snapshot_has_all_kinds_of_names() -> None:
    lines = api.face().splitlines()
    assert "__version__: str" in lines
    assert "module errors" in lines
    assert "codec(name: str) -> CodecInfo" in lines
    assert "pcmu_encode(pcm: Buffer, /) -> bytes" in lines
    assert "    __init__(cls, from_hz: int, to_hz: int) -> Self" in lines[lines.index("class Resampler") :]
    assert "    delay_ms -> float" in lines[lines.index("class Resampler") :]
    assert "class errors.QueueFull(LocalProtocolError)" in lines
    at = lines.index("class MediaSession")
    members = lines[at + 1 : lines.index(next(line for line in lines[at + 1 :] if not line.startswith(" ")))]
    assert "    outgoing(self, now_ms: float) -> list[str]" in members
    assert "    ended -> bool" in members
    assert any(line.startswith("    __init__(plan: StreamPlan | None = None, *, receive_pcm_hz") for line in members)
    assert not [line for line in members if line.strip().startswith("_") and "__init__" not in line]


def test_classes_that_only_signatures_name_are_in_the_snapshot() -> None:
    lines = api.face().splitlines()
    assert "class rtpcodec.stream.messages.Start" in lines
    assert "class rtpcodec.codecs.info.Setting" in lines


def test_every_public_module_has_a_section() -> None:
    found = api.sections()
    assert next(iter(found)) == ""
    assert list(found)[-1] == api.UNEXPORTED
    assert found["rtp.sequence"][0] == "module rtp.sequence"
    assert "adapters.aiohttp" in found  # without its framework
    assert "stream.events is events" in found["stream"]
    assert "audio.levels" not in found  # they are rtpcodec.levels


def test_an_object_with_two_names_is_described_once() -> None:
    lines = api.face().splitlines()
    assert "server.Call is Call" in lines
    assert "class server.Call" not in lines


def test_snapshot_is_the_same_each_time() -> None:
    assert api.face() == api.face()


@dataclass
class Point:
    """A dataclass with every kind of member."""

    x: int
    names: list[str] = field(default_factory=list)
    y: float = 1.5

    @property
    def length(self) -> float:
        return 0.0

    @classmethod
    def of(cls, x: int) -> Point:
        return cls(x)

    async def wait(self, ms: float = 1.0, how: str = "x") -> None: ...

    def _hidden(self) -> None: ...


class Fields(TypedDict):
    """Keys of a dictionary."""

    a: int


def test_classes_in_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "is_ours", lambda thing: getattr(thing, "__module__", None) == __name__)
    assert list(api.class_lines("Point", Point)) == [
        "class Point",
        "    x: int",
        "    names: list[str] = <a new one>",
        "    y: float = 1.5",
        "    length -> float",
        "    of(cls, x: int) -> Point  classmethod",
        "    async wait(self, ms: float = 1.0, how: str = 'x') -> None",
    ]
    assert list(api.class_lines("Fields", Fields)) == ["class Fields(dict)", "    a: int"]
