"""The documentation site: Markdown pages by MyST, the API reference by autodoc. `make docs` builds it.

The pages are written for readers of the repository as well, so they link to files outside of docs/. Two rules make
these links work on the site: some of these files are pages of the site, and each example is a section of the page
`examples`.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from posixpath import normpath, relpath
from typing import TYPE_CHECKING

import rtpcodec

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))  # for extensions of ours
# Sphinx would read a stub in place of the compiled module; `stub_signatures` needs both.
os.environ["SPHINX_AUTODOC_IGNORE_NATIVE_MODULE_TYPE_STUBS"] = "1"

project = "rtpcodec"
author = "The rtpcodec authors"
copyright = author  # noqa: A001 -- Sphinx reads this name
version = release = rtpcodec.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
extensions += ["stub_signatures", "plain_docstrings"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "colon_fence"]
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_mock_imports = ["livekit", "loguru", "pipecat"]
# Members of a private base are shown with the class, those of a public one are not.
_PUBLIC_BASES = "CallEvent SipCallEvent WebhookEvent RtpcodecError CommandError CommandProblem WebhookError FileError"
_OTHER_BASES = "object BaseException Value Live Protocol Coroutine dict tuple str int Formatter Collector BaseEventLoop"
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    "inherited-members": ",".join([*_OTHER_BASES.split(), *_PUBLIC_BASES.split()]),
}
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# The sidebar of every page would hold all members of all classes.
toc_object_entries = False

html_theme = "furo"
html_title = f"rtpcodec {version}"

ROOT = Path(__file__).parents[1]
FILES_AS_PAGES = {
    "contributing": "CONTRIBUTING.md",
    "changelog": "CHANGELOG.md",
    "security": "SECURITY.md",
    "tests": "tests/README.md",
    "benchmark-report": "benchmarks/README.md",
    "endpoint-report": "benchmarks/streams.md",
    "instruction-counts": "benchmarks/instructions.md",
}
"""The pages whose text is that of a file outside of docs/."""
EXAMPLES_PAGE = "examples"
LANGUAGES = {".py": "python", ".conf": "nginx", ".service": "ini", ".yaml": "yaml"}

_LINK_TO_PAGE = re.compile(r"(?<!!)\[([^\[\]]+)\]\(([^)\s#:]+\.md)(?:#[^)\s]*)?\)")
_LINK = re.compile(r"(\]\()([^)\s#]+)?(#[^)\s]*)?(\))")
_PAGE_OF = {"README.md": "index"} | {file: page for page, file in FILES_AS_PAGES.items()}


@cache
def example_files() -> tuple[str, ...]:
    """Return the paths of all examples, seen from the root of the repository."""
    found = (path for path in (ROOT / "examples").rglob("*") if path.suffix in LANGUAGES)
    return tuple(sorted(path.relative_to(ROOT).as_posix() for path in found))


def anchor(heading: str) -> str:
    """Return the anchor of a heading, by the rule of GitHub and MyST."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def link_on_site(file: str, fragment: str, folder: str, page_folder: str) -> str:
    """Return the target of a link for the site.

    Args:
        file: the target as written; empty: the page itself.
        fragment: `#` and an anchor, or empty.
        folder: the folder of the text, seen from the root.
        page_folder: the folder of the page that shows it.
    """
    if not file or ":" in file or file.startswith("/"):
        return file + fragment
    path = normpath(f"{folder}/{file}")
    if not (ROOT / path).exists():  # not a link, such as an index and a call in code
        return file + fragment
    if path in _PAGE_OF:
        path = f"docs/{_PAGE_OF[path]}.md"
    elif path in example_files():
        fragment = f"#{anchor(path.removeprefix('examples/'))}"
        path = f"docs/{EXAMPLES_PAGE}.md"
    return relpath(path, page_folder) + fragment


def rewrite(text: str, folder: str, page_folder: str) -> str:
    """Rewrite the links of a text for the site; a link to a Markdown file that is not on the site becomes its text."""

    def known(match: re.Match[str]) -> str:
        path = normpath(f"{folder}/{match[2]}")
        return match[0] if path in _PAGE_OF or path.startswith("docs/") else match[1]

    def on_site(match: re.Match[str]) -> str:
        return f"{match[1]}{link_on_site(match[2] or '', match[3] or '', folder, page_folder)}{match[4]}"

    return _LINK.sub(on_site, _LINK_TO_PAGE.sub(known, text))


def examples_text() -> str:
    """Return a section per example, with its source."""
    sections = (
        f"\n## {file.removeprefix('examples/')}\n\n"
        f"```{{literalinclude}} ../{file}\n:language: {LANGUAGES[Path(file).suffix]}\n```\n"
        for file in example_files()
    )
    return "".join(sections)


def read_source(app: Sphinx, page: str, source: list[str]) -> None:
    """Show files as pages, and rewrite links, before a page is parsed."""
    page_folder = normpath(f"docs/{page}/..")
    if page in FILES_AS_PAGES:
        file = FILES_AS_PAGES[page]
        app.env.note_dependency(str(ROOT / file))
        source[0] = rewrite((ROOT / file).read_text("utf-8"), str(Path(file).parent), page_folder)
        return
    source[0] = rewrite(source[0], page_folder, page_folder)
    if page == EXAMPLES_PAGE:
        source[0] += examples_text()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the rewriting."""
    app.connect("source-read", read_source)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
