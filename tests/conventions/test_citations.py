"""Citations in code resolve: a standard with its section, or a page of docs with its heading."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conventions import citations


def test_citations_resolve() -> None:
    assert citations.findings() == []


@pytest.mark.parametrize(
    "text",
    [
        "by RFC 3550 section 5.1 and, as RFC 3551, section 6 says,",
        "the header of RFC 3550's appendix A.1, or RFC 3550\n    # section 6.4.1",
        "SDP (RFC 8866) and SIP (RFC 3261, RFC 3264; RFC 3550 section 8)",
        "ITU-T G.722 clause 3, table 2 of ITU-T G.711, (ITU-T Q.23)",
        "G.711 mu-law, G.722 at 64 kbit/s, equal to the programs of ITU-T G.191",
        "3GPP TS 26.201 clause 4.2.2",
        "the token (docs/carrier.md, rule C15); docs/carrier.md, rules C5, C15 and C40: copied",
        "docs/rtp.md and docs/architecture.md",
        "a reader (docs/wav.md, Read and Write)",
        "the specification of a plan",
    ],
)
def test_citations_that_resolve(text: str) -> None:
    assert citations.problems_in(text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("as RFC 3550 asks", "RFC 3550 without its section, clause or table"),
        ("the rules of ITU-T G.711", "ITU-T G.711 without its section, clause or table"),
        ("the levels of G.107", "G.107 without its section, clause or table"),
        ("the frames of 3GPP TS 26.201", "3GPP TS 26.201 without its section, clause or table"),
        ("see docs/no-such-page.md", "docs/no-such-page.md is not a page"),
        ("docs/carrier.md, rules C15 and C999", "docs/carrier.md does not have the rule C999"),
        ("see docs/rtp.md#no-such-heading", "docs/rtp.md does not have the anchor #no-such-heading"),
        ('see docs/rtp.md, "No such heading"', "docs/rtp.md does not have the heading 'No such heading'"),
        ("see docs/rtp.md, No such heading", "docs/rtp.md does not have the heading 'No such heading'"),
        ("docs/carrier.md rule C999", "docs/carrier.md does not have the rule C999"),
        ("by rule C15", "'rule C15' is not a citation"),
        ("as RFC3550 asks", "RFC3550 without its section, clause or table"),
        ("as the spec says", "'the spec' is not a citation"),
        ("this is our design", "'our design' is not a citation"),
        ("see pain 12", "'pain 12' is not a citation"),
        ("see issue #7", "'issue #7' is not a citation"),
    ],
)
def test_citations_that_do_not_resolve(text: str, problem: str) -> None:
    assert [found for _, found in citations.problems_in(text)] == [problem]


def test_places_are_those_of_the_text() -> None:
    assert citations.problems_in("one\n  # two RFC 3550 says")[0][0] == len("one\n  # two ")


def test_headings_and_anchors(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n```sh\n# no heading\n```\n\n## With `code` and [a link](x.md): yes\n")
    assert citations.headings_of(page) == ["A page", "With `code` and [a link](x.md): yes"]
    assert [citations.anchor_of(one) for one in citations.headings_of(page)] == ["a-page", "with-code-and-a-link-yes"]
