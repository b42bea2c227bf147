"""Prose keeps to the words of the field; and the checker finds sentences that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conventions import phrases

ROOT = Path(__file__).parents[2]


def test_files_hold_no_such_phrase() -> None:
    found = phrases.offenders(ROOT)
    assert not found, "; ".join(f"{name}:{one.line} {one.text!r}" for name, all_ in found.items() for one in all_)


def test_every_kind_of_file_is_read() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in phrases.bound_files(ROOT)}
    assert {"Makefile", "README.md", "setup.py", "pyproject.toml", "docs/mp3.md", "scripts/check.sh"} <= names
    assert {".github/workflows/ci.yml", ".ci/run", ".pre-commit-config.yaml", ".gitignore", "MANIFEST.in"} <= names
    assert {"examples/deploy/nginx.conf", "scripts/coveragerc", "docs/conf.py", "SECURITY.md"} <= names
    assert {"src/rtpcodec/kernels/g711.pyx", "src/rtpcodec/kernels/g711.pxd", "tests/conventions/phrases.py"} <= names
    assert "src/rtpcodec/kernels/g722_tables.h" in names
    assert "src/rtpcodec/kernels/g711.c" not in names


BAD = [
    ("What is left of one play.", "What is"),
    ("It waits. Who waits for it continues.", "Who"),
    ("the packet is no packet of RTP", "is no packet"),
    ("they are no {kind}", "are no {kind"),
    ("a StreamEnded after the end is none", "is none"),
    ("they are none of the codec", "are none"),
    ("a carrier may not fill the disk", "may not"),
    ("the event tells how many", "tells"),
    ("Told by one Overrun.", "Told"),
    ("Forget all that waits.", "Forget"),
    ("the stream goes on without it", "goes on"),
    ("the numbering begins anew", "anew"),
    ("chunks that were given up", "given up"),
    ("the caller is asked again", "asked again"),
    ("audio that was made up", "made up"),
    ("the twin of `sync_http`", "twin"),
    ("the only file of this room", "this room"),
    ("imports across rooms", "rooms"),
    ("known to the house", "house"),
    ("nothing is taken in.", "taken in"),
    ("the chunk behind the hole", "hole"),
]


@pytest.mark.parametrize(("sentence", "words"), BAD)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", '"""{}"""\n'),
        ("a.py", 'raise ValueError("x" if y else "{}")'),
        ("a.py", "x = 1  # noqa: A001\n# {}\n"),
        ("a.pyx", "cdef int x  # {}\n"),
        ("a.h", "/* {} */"),
        ("a.h", "int a; // {}"),
        ("a.sh", "echo '{}'"),
        ("Makefile", "# {}"),
        ("a.md", "| `1` | {} |\n"),
        ("a.md", "# Title\n\n- {}\n"),
    ],
)
def test_phrases_are_found_in_every_kind_of_text(sentence: str, words: str, name: str, text: str) -> None:
    found = phrases.findings_in(Path(name), text.replace("{}", sentence))
    assert [one.text for one in found] == [words]


@pytest.mark.parametrize(
    "sentence",
    [
        "What is a frame? Who needs it?",
        "The carrier says what is left, and who waits.",
        "there is no such call, and it is no longer here",
        "It is None, there are none, none is left.",
        "a mark may be missing and may not have been heard",
        "an option tells silence apart; it tells speech from noise",
        "the payload goes on the wire",
        "a frame is made up of two parts",
        "too little room, no room for 4 octets; a LiveKit room",
        "see tests/conventions/test_layers.py",
        "taken in order",
        "`may not` and `is no packet` are quoted",
        "foretold wholesale household",
    ],
)
@pytest.mark.parametrize("name", ["a.py", "a.md"])
def test_plain_sentences_are_left_alone(sentence: str, name: str) -> None:
    text = f'"""{sentence}"""' if name == "a.py" else sentence
    assert phrases.findings_in(Path(name), text) == []


def test_code_is_not_prose() -> None:
    text = 'room = told(twin)\nkind = "twin"\nhole: int = forget\nassert house.room is none\n'
    assert phrases.findings_in(Path("a.py"), text) == []
    assert phrases.findings_in(Path("a.md"), "```sh\n# may not\n```\n\nA ``twin`` and a `hole`.\n") == []


def test_phrases_are_found_across_lines_and_strings() -> None:
    comments = "x = 1\n# It is\n# no packet, and the stream goes\n# on.\n"
    assert [(one.line, one.text) for one in phrases.findings_in(Path("a.py"), comments)] == [
        (2, "is no packet"),
        (3, "goes on"),
    ]
    strings = 'x = (\n    f"{name} may "\n    "not be sent"\n)\n'
    assert [(one.line, one.text) for one in phrases.findings_in(Path("a.py"), strings)] == [(2, "may not")]
    block = "/* It is\n * no packet. */\n"
    assert [(one.line, one.text) for one in phrases.findings_in(Path("a.h"), block)] == [(1, "is no packet")]


def test_comments_behind_code_are_texts_of_their_own() -> None:
    assert phrases.findings_in(Path("a.py"), "x = 1  # it is\ny = 2  # no packet\n") == []


def test_command_prints_lines_and_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.py"
    path.write_text('"""Doc.\n\nIt may not be sent.\n"""\n')
    assert phrases.main([str(path)]) == 1
    assert capsys.readouterr().out == f"{path}:3: 'may not': must not, or: might not\n"
    path.write_text('"""Doc."""\n')
    assert phrases.main([str(path)]) == 0
