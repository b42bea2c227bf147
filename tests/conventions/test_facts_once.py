"""A fact about the carrier is written in `carriers` alone; and the checker finds one that is not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conventions import facts

ROOT = Path(__file__).parents[2] / "src" / "rtpcodec"
PACKAGES = ("audio", "cli", "client", "codecs", "doctor", "errors", "pump", "rtp", "server", "sim", "stream")
"""Packages that are checked."""
FACTS = facts.Facts.of(facts.MODULES)


def test_facts_are_written_once() -> None:
    assert facts.repeated(ROOT, PACKAGES, FACTS) == []


def test_every_checked_package_exists() -> None:
    for package in PACKAGES:
        assert (ROOT / package).is_dir() or (ROOT / f"{package}.py").is_file(), package


def test_facts_of_each_sort_are_known() -> None:
    """The checker would be of no use if it knew nothing."""
    assert {"x-telnyx-streaming-auth-token", "call.hangup", "90018", "telnyx_api_key"} <= FACTS.distinctive
    assert {"stream_url", "client_state", "inbound_track", "streaming_start", "connection_failed"} <= FACTS.names
    assert frozenset(("mp3", "rtp")) in FACTS.enumerations
    assert ("MAX_URL_CHARACTERS", 2000) in FACTS.limits
    assert frozenset((100002, 100003, 100004, 100005)) == FACTS.codes


def verdict(tmp_path: Path, **files: str) -> list[str]:
    for name, text in files.items():
        path = tmp_path / "sim" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return facts.repeated(tmp_path, ["sim"], FACTS)


BAD = [
    ('X = "x-telnyx-streaming-auth-token"', "writes 'x-telnyx-streaming-auth-token'"),
    ('X = "Telnyx-Timestamp"', "writes 'Telnyx-Timestamp'"),
    ('def f(send):\n    send("call.hangup")', "writes 'call.hangup'"),
    ('raise refused("90018", "ended")', "writes '90018'"),
    ("X = (100003, 'malformed')", "writes 100003"),
    ('os.environ.get("TELNYX_API_KEY")', "writes 'TELNYX_API_KEY'"),
    ('X: Literal["rtp", "mp3"] = "rtp"', "lists mp3, rtp"),
    ('X = ["both", "self", "opposite"]', "lists both, opposite, self"),
    ("MAX_URL_CHARACTERS: Final = 2000", "defines MAX_URL_CHARACTERS = 2000, which is MAX_URL_CHARACTERS"),
    ("WINDOW_S = 300", "defines WINDOW_S = 300, which is SIGNATURE_WINDOW_S"),
    ("_MIN_MESSAGE_MS = 20", "defines _MIN_MESSAGE_MS = 20, which is MIN_CHUNK_MS"),
]


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_a_repeated_fact_is_found(tmp_path: Path, text: str, sentence: str) -> None:
    (found,) = verdict(tmp_path, a=text)
    assert found.startswith("sim/a.py:")
    assert f" {sentence}" in found


def test_a_name_may_stand_in_one_file_but_not_in_two(tmp_path: Path) -> None:
    assert verdict(tmp_path, a='X = {"stream_url": 1}') == []
    assert verdict(tmp_path, a='X = {"stream_url": 1}', b='\nY = body["stream_url"]') == [
        "sim/a.py:1 and sim/b.py:2 write 'stream_url', which stands in carriers"
    ]


GOOD = [
    '"""call.hangup and x-telnyx-streaming-auth-token"""',
    'class A:\n    """Doc."""\n    __slots__ = ("client_state", "call_control_id")',
    'x = getattr(event, "client_state", None)',
    "MAX_CALLS = 2000\nREAD_S = 2.0",
    'X = ("rtp", "mp3", "ogg")',
    'X = Literal["hang_up", "time_limit", "connection_failed"]',
    "ASSUMED_CHUNK_MS = 20",
    "from rtpcodec.carriers.telnyx import commands\nX = commands.MAX_URL_CHARACTERS",
]


@pytest.mark.parametrize("text", GOOD)
def test_other_code_is_left_alone(tmp_path: Path, text: str) -> None:
    assert verdict(tmp_path, a=text, b=text) == []


def test_all_literals_of_a_file_are_seen() -> None:
    text = "X = {'a': ['b', f'{x} c']}\ndef f(y='d'):\n    '''Doc.'''\n    return 'e' in {'f'}"
    seen = {one.value for one in facts.literals(ast.parse(text))}
    assert {"a", "b", " c", "d", "e", "f"} <= seen
    assert "Doc." not in seen
