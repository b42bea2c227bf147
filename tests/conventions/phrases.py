"""Finds phrases that nobody in this field uses: in docstrings, comments, string literals and Markdown.

python -m tests.conventions.phrases PATH...        prints each offending line of files or folders, and the word to use

Text between backticks is code and may hold any word.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "benchmarks", "scripts", "examples", "docs", "packages", ".ci", ".github")
SLASHED = {".h", ".c"}
HASHED = {".py", ".pyi", ".pyx", ".pxd", ".sh", ".toml", ".yml", ".yaml", ".conf", ".service"}
SUFFIXES = {*SLASHED, *HASHED, ".md"}
NAMES = {"Makefile", "MANIFEST.in", ".gitignore", ".ci/run", "scripts/coveragerc", "scripts/stubtest_allowlist.txt"}
SAMPLES = {"tests/conventions/test_phrases.py"}
"""Files that hold such phrases in order to test this module."""


@dataclass(frozen=True)
class Phrase:
    """What a sentence must not hold, and what it should say."""

    pattern: re.Pattern[str]
    advice: str


def _phrase(pattern: str, advice: str, flags: int = re.IGNORECASE) -> Phrase:
    return Phrase(re.compile(pattern, flags), advice)


# A pattern holds no blank, so that it is not prose itself: \s is the one blank between two words.
_BE = r"\b(?:is|are|was|were|be|been)"
_MORE = r"(?:longer|more|less|fewer|later|earlier|larger|greater|higher|smaller|shorter|lower|better|worse|different)\b"
_WHICH = r"(?:the|this|that|its|our|own|other|another|each|every|one|known)"
PHRASES = (
    _phrase(r"(?:^|[.!?]\s)(?:What\s(?:is|comes|goes)|Who)\b(?=[^.!?]*(?:[.!]|$))", "name the thing", 0),
    _phrase(rf"(?<!\bthere\s){_BE}\sno\s(?!{_MORE})[\w{{`-]+", "is not a ..."),
    _phrase(rf"(?<!\bthere\s){_BE}\snone\b", "is not one, is not a ...", 0),
    _phrase(r"\bmay\snot\b(?!\shave\b)", "must not, or: might not"),
    _phrase(r"\b(?:tells?|told|telling)\b(?!(?:\s[\w-]+){0,4}\s(?:apart|from)\b)", "report, emit, say"),
    _phrase(r"\b(?:forgets?|forgot|forgotten|forgetting)\b", "drop, clear"),
    _phrase(r"\b(?:go|goes|going|gone|went)\son\b(?!\s(?:the|an?|its|top)\b)", "continue"),
    _phrase(r"\banew\b", "restart, again, replace"),
    _phrase(r"\b(?:give|gives|given|gave|giving)\sup\b", "drop, stop waiting, abandon"),
    _phrase(r"\bask(?:s|ed|ing)?\sagain\b", "retry"),
    _phrase(r"\b(?:make|makes|made|making)\sup\b(?!\s(?:of|for)\b)", "conceal, generate"),
    _phrase(r"\btwins?\b", "copy, counterpart"),
    # As space ("room for 4 octets") it is plain English, and LiveKit has `rooms`.
    _phrase(rf"(?<!livekit\s)\b(?:{_WHICH}\sroom|rooms)\b(?!\s(?:for|to)\b)", "package, module; space, buffer"),
    _phrase(r"(?<![\w/.-])house(?![\w/.])", "package, project"),
    _phrase(r"\btaken\sin\b(?=[.,;:)]|$|\s(?:by|from|until|before|after|as|at|when|if|only|then)\b)", "read, received"),
    _phrase(r"\bholes?\b", "gap, loss, silence"),
)


@dataclass(frozen=True)
class Finding:
    """One phrase in one line."""

    line: int
    text: str
    advice: str


@dataclass
class _Prose:
    """One docstring, string, comment or paragraph; the line of each of its characters."""

    text: str
    lines: list[int]
    is_comment: bool = False

    def add(self, text: str, line: int) -> None:
        for char in text:
            self.text += char
            self.lines.append(line)
            line += char == "\n"


_BODY = r"""%s[^\n]*|\"\"\".*?\"\"\"|'''.*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
_HASH_TOKEN = re.compile(_BODY % "#", re.DOTALL)
_SLASH_TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|" + r'"(?:[^"\\\n]|\\.)*"', re.DOTALL)
_MARKS = re.compile(r"^(?:[#/*!]+|\"\"\"|'''|[\"'])|(?:\*/|\"\"\"|'''|[\"'])$")
_CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`", re.DOTALL)


def _column(text: str, at: int) -> int:
    return at - text.rfind("\n", 0, at)


def _join(tokens: Iterator[re.Match[str]], text: str) -> Iterator[_Prose]:
    """Comments in one column of consecutive lines are one text, and so are strings that Python concatenates."""
    prose = _Prose("", [])
    before: re.Match[str] | None = None
    for token in tokens:
        is_comment = token[0][0] in "#/"
        continues = (
            before is not None
            and prose.is_comment == is_comment
            and not text[before.end() : token.start()].strip()
            and (not is_comment or _column(text, before.start()) == _column(text, token.start()))
        )
        if not continues:
            yield prose
            prose = _Prose("", [], is_comment)
        prose.add(" " * (continues and is_comment) + _MARKS.sub("", token[0]), 1 + text.count("\n", 0, token.start()))
        before = token
    yield prose


def _paragraphs(text: str) -> Iterator[_Prose]:
    """The paragraphs, headings, cells and items of Markdown."""
    prose = _Prose("", [])
    for number, line in enumerate(text.split("\n"), 1):
        *cells, last = line.split("|") if line.lstrip().startswith("|") else [line]
        for cell in cells:
            yield _Prose(cell, [number] * len(cell))
        if re.match(r"\s*(?:$|#|[-*>|] ?|\d+\. )", line):
            yield prose
            prose = _Prose("", [])
        prose.add(re.sub(r"^\s*(?:#+|[-*>]|\d+\.) ", "", last) + "\n", number)
    yield prose


def proses_of(path: Path, text: str) -> Iterator[_Prose]:
    """The texts of a file that people read."""
    if path.suffix == ".md":
        text = _CODE.sub(lambda code: "`" + re.sub(r"[^\n]", "", code[0]) + "`", text)
        yield from _paragraphs(text)
        return
    pattern = _SLASH_TOKEN if path.suffix in SLASHED else _HASH_TOKEN
    for prose in _join(pattern.finditer(text), text):
        # A string without a blank is a name or a value.
        if prose.is_comment or re.search(r"\s", prose.text.strip()):
            yield prose


def _plain(prose: _Prose) -> _Prose:
    """Without code, every blank or comment mark between two words as one space."""
    kept: list[tuple[str, int]] = []
    text = re.sub(r"`[^`]*`", lambda code: "`" * len(code[0]), prose.text)
    text = re.sub(r"(?<=\n)([ \t]*)(#+|\*)(?= )", lambda mark: mark[1] + " " * len(mark[2]), text)
    for char, line in zip(text, prose.lines, strict=True):
        if not char.isspace():
            kept.append((char, line))
        elif kept and kept[-1][0] != " ":
            kept.append((" ", line))
    return _Prose("".join(char for char, _ in kept), [line for _, line in kept])


def findings_in(path: Path, text: str) -> list[Finding]:
    """Every phrase in a file's text, in the order of lines."""
    found = set()
    for prose in map(_plain, proses_of(path, text)):
        for phrase in PHRASES:
            for match in phrase.pattern.finditer(prose.text):
                words = match[0].lstrip(".!? ")
                line = prose.lines[match.end() - len(words)]
                found.add(Finding(line, words, phrase.advice))
    return sorted(found, key=lambda one: (one.line, one.text))


def bound_files(root: Path) -> list[Path]:
    """Every file with prose of ours; what Cython or setuptools made is not."""
    inner = (path for folder in FOLDERS for path in (root / folder).rglob("*"))
    found = {*inner, *root.glob("*")}
    return sorted(path for path in found if _is_bound(path, path.relative_to(root)))


def _is_bound(path: Path, name: Path) -> bool:
    made = (path.suffix == ".c" and path.with_suffix(".pyx").exists()) or bool({"build", "dist"} & {*name.parts})
    known = path.suffix in SUFFIXES or name.as_posix() in NAMES
    return known and not made and path.is_file() and name.as_posix() not in SAMPLES


def offenders(root: Path) -> dict[str, list[Finding]]:
    """The findings of each file that has any, by its name below root."""
    found = {
        path.relative_to(root).as_posix(): findings_in(path, path.read_text("utf-8")) for path in bound_files(root)
    }
    return {name: findings for name, findings in found.items() if findings}


def main(arguments: Sequence[str]) -> int:
    """Print the findings in files and folders; 1 if there are any."""
    if not arguments:
        sys.stdout.write(str(__doc__))
        return 2
    count = 0
    for path in _named_files(arguments):
        for finding in findings_in(path, path.read_text("utf-8")):
            sys.stdout.write(f"{path}:{finding.line}: {finding.text!r}: {finding.advice}\n")
            count += 1
    return int(count > 0)


def _named_files(arguments: Sequence[str]) -> Iterator[Path]:
    for path in map(Path, arguments):
        inner = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (one for one in inner if not path.is_dir() or _is_bound(one, one.resolve().relative_to(ROOT)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
