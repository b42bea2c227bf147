"""Finds citations that do not resolve: in comments, docstrings and texts of the package, examples and benchmarks.

python -m tests.conventions.citations        prints each of them

A reader must find what a citation is about. Five rules:

1. "RFC 3550" is followed by its place: "section 5.1", "sections", "appendix", "figure", "table", "erratum".
2. "ITU-T G.711" and "3GPP TS 26.201" as well: "clause", "table", "annex", "appendix", "supplement". "G.711" without the
   "ITU-T" is the name of a codec, and G.191 that of the reference programs; "G.107" alone is not a name.
3. A document that begins a parenthesis defines the term before it and needs no place: "SDP (RFC 8866)".
4. "docs/rtp.md" is a page, "docs/rtp.md#headers" has that heading, and so has 'docs/rtp.md, "Headers"' or
   "docs/rtp.md, Headers". A rule of a page is a heading too: "docs/carrier.md, rule C15", "docs/carrier.md, rules C36
   and C37"; a rule without its page is not a citation.
5. Nothing else is a citation: no "the spec", no "the design", no "issue 7".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.conventions import phrases

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "examples", "benchmarks")
SUFFIXES = {".py", ".pyi", ".pyx", ".pxd", ".h"}
_PLACE = re.compile(
    r"(?:'s)?,? \(?(?:sections?|clauses?|tables?|annex(?:es)?|appendix|appendices|supplements?"
    r"|figures?|errat(?:um|a))\b",
    re.IGNORECASE,
)
_RFC = r"[Rr][Ff][Cc]s?[ -]?\d{3,4}"
_STANDARD = rf"(?:ITU-T |3GPP )?(?:{_RFC}|[EGPQ]\.\d{{2,3}}(?:\.\d)?|TS \d\d\.\d{{3}})"
_DOCUMENT = re.compile(
    rf"\b(?:{_RFC}|ITU-T [A-Z]\.\d+(?:\.\d)?|3GPP TS \d\d\.\d{{3}}|[GP]\.\d{{2,3}}(?:\.\d)?|TS \d\d\.\d{{3}})"
)
_DEFINITION = re.compile(rf"\((?:{_STANDARD}(?:[,;] |(?: and )))*{_STANDARD}[^()]*\)")
_NAMES = {"G.191", "ITU-T G.191", "G.711", "G.722", "G.722.2", "G.729", "G.726", "G.723.1", "G.723", "G.728"}
"""Recommendations whose number is the name of a codec or a program as well."""
_PAGE = re.compile(
    r"\bdocs/([\w/-]+\.md)(?:#([\w-]+)|, \"([^\"]+)\"|,? rules? (C\d+(?:(?:, | and )C\d+)*)|, ([A-Z][^.,;:()]*))?"
)
_VAGUE = re.compile(
    r"\b(?:(?:the|our|this) (?:spec|design)\b(?! of)|(?:pain|issue) #?\d+"
    r"|(?<!carrier\.md )(?<!carrier\.md, )rules? C\d+)",
    re.IGNORECASE,
)


def anchor_of(heading: str) -> str:
    """Return the anchor that MyST and GitHub give a heading."""
    plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
    return plain.strip().replace(" ", "-")


def headings_of(page: Path) -> list[str]:
    """Return the headings of a page of Markdown, without those in fenced code."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^#+ (.+?)\s*$", text, re.MULTILINE)


def _pages(text: str) -> Iterator[tuple[int, str]]:
    for found in _PAGE.finditer(text):
        page = ROOT / "docs" / found[1]
        if not page.exists():
            yield found.start(), f"docs/{found[1]} is not a page"
            continue
        headings = headings_of(page)
        if found[2] and found[2] not in map(anchor_of, headings):
            yield found.start(), f"docs/{found[1]} does not have the anchor #{found[2]}"
        if found[3] and found[3] not in headings:
            yield found.start(), f"docs/{found[1]} does not have the heading {found[3]!r}"
        if found[5] and not any(found[5].startswith(heading) for heading in headings):
            yield found.start(), f"docs/{found[1]} does not have the heading {found[5].strip()!r}"
        for rule in re.findall(r"C\d+", found[4] or ""):
            if rule not in headings:
                yield found.start(), f"docs/{found[1]} does not have the rule {rule}"


def _standards(text: str) -> Iterator[tuple[int, str]]:
    defined = [range(*found.span()) for found in _DEFINITION.finditer(text)]
    for found in _DOCUMENT.finditer(text):
        is_name = found[0] in _NAMES or any(found.start() in one for one in defined)
        # "RFC 3550 section 5.1 and 5.2", "table 2 of ITU-T G.711"
        if not is_name and not _PLACE.match(text, found.end()) and not _place_before(text, found.start()):
            yield found.start(), f"{found[0]} without its section, clause or table"


def _place_before(text: str, at: int) -> bool:
    before = text[max(0, at - 60) : at]
    return bool(
        re.search(r"\b(?:section|clause|table|annex|appendix|figure|erratum) [\w.]+ (?:of|in) (?:the )?$", before, re.I)
    )


def problems_in(text: str) -> list[tuple[int, str]]:
    """Return the places in one text, and what is wrong there; line ends count as blanks."""
    plain = re.sub(r"\n(?=([ \t]*[#*]? ?))", lambda _: " ", text)
    plain = re.sub(r"(?<= )([ \t]*)([#*]+)(?= )", lambda mark: mark[1] + " " * len(mark[2]), plain)
    kept = [at for at, char in enumerate(plain) if char != " " or (at and plain[at - 1] != " ")]
    short = "".join(plain[at] for at in kept)
    found = [*_pages(short), *_standards(short)]
    found += [(one.start(), f"{one[0]!r} is not a citation") for one in _VAGUE.finditer(short)]
    return [(kept[at], problem) for at, problem in sorted(found)]


def findings() -> list[str]:
    """Return one sentence per citation that does not resolve."""
    found = []
    for path in sorted(one for folder in FOLDERS for one in (ROOT / folder).rglob("*")):
        if path.suffix in SUFFIXES:
            for prose in phrases.proses_of(path, path.read_text("utf-8")):
                name = path.relative_to(ROOT).as_posix()
                found += [f"{name}:{prose.lines[at]}: {problem}" for at, problem in problems_in(prose.text)]
    return found


if __name__ == "__main__":
    sys.exit("\n".join(findings()) or None)
