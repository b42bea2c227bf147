"""Links of all Markdown pages: the files and headings that they name exist, and the site has every page of docs/."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "packages").rglob("*.md")),
    *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts),
]
_FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2`*\s*?$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_DEFINITION = re.compile(r"^\[[^\]^]+\]:\s+(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$", re.MULTILINE)
_TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def prose(text: str) -> str:
    """Return a page without its code blocks and code spans."""
    return _CODE.sub("", _FENCE.sub("", text))


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading: its text in lower case, without punctuation, spaces as hyphens."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Return the anchors of all headings of a page; a repeated heading gets a number."""
    seen: dict[str, int] = {}
    found = set()
    for _, heading in _HEADING.findall(_FENCE.sub("", text)):
        name = slug(heading)
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Return the relative links of a page whose file or heading does not exist."""
    broken = []
    plain = prose(text)
    for link in _LINK.findall(plain) + _DEFINITION.findall(plain):
        if _SCHEME.match(link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve()
        if name and not (target.exists() and target.is_relative_to(ROOT)):
            broken.append(link)
        elif anchor and (not name or target.suffix == ".md"):
            linked = target.read_text("utf-8") if name else text
            if anchor not in anchors(linked):
                broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links(page: Path) -> None:
    assert broken_links(page, page.read_text("utf-8")) == []


def entries(page: Path) -> set[Path]:
    """Return the pages that the toctrees of a page name."""
    found: set[Path] = set()
    for block in _TOCTREE.findall(page.read_text("utf-8")):
        for line in block.splitlines():
            if not line or line.startswith(":"):
                continue
            name = re.sub(r"^.*<(.+)>$", r"\1", line.strip())
            found.update(page.parent.glob(f"{name}.md"))
    return {path.resolve() for path in found}


def test_every_page_is_in_one_toctree() -> None:
    pages = {path for path in PAGES if path.is_relative_to(DOCS)}
    named = [entry for page in pages for entry in entries(page) if entry != page]
    assert sorted(page.relative_to(DOCS).as_posix() for page in pages - set(named)) == ["index.md"]
    assert len(named) == len(set(named)), "a page in two toctrees has two places in the navigation"


def test_every_page_begins_with_its_title() -> None:
    untitled = [page for page in PAGES if not page.read_text("utf-8").startswith("# ")]
    assert not [page.relative_to(ROOT).as_posix() for page in untitled if page.is_relative_to(DOCS)]


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](test_links.py)", []),
        ("[a](missing.md)", ["missing.md"]),
        ("# A `b` c?\n\n[a](#a-b-c) [b](#a-c)", ["#a-c"]),
        ("# A\n\n## B\n\n## B\n\n[a](#b-1) [b](#b-2)", ["#b-2"]),
        ("`[a](missing.md)`\n\n```\n[a](missing.md)\n# Not a heading\n```\n[c](#not-a-heading)", ["#not-a-heading"]),
        ("[a](https://example.com/missing#x)", []),
        ("[a]: missing.md", ["missing.md"]),
        ("[![image](missing.png)](test_links.py)", ["missing.png"]),
    ],
)
def test_broken_links_are_found(text: str, broken: list[str]) -> None:
    assert broken_links(Path(__file__), text) == broken
