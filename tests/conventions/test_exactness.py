"""The table of docs/exactness.md has what scripts/exactness.py counts, for every implementation that is installed."""

import pytest

from scripts.exactness import IMPLEMENTATIONS, LAWS, TABLES, Encode, differing
from tests.conventions.test_docs import ROOT

ROWS = [
    [cell.strip(" *`") for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "exactness.md").read_text("utf-8").splitlines()
    if line.startswith("|")
]


@pytest.mark.parametrize(("name", "encode"), IMPLEMENTATIONS.items(), ids=IMPLEMENTATIONS)
def test_the_table_has_the_counts(name: str, encode: Encode) -> None:
    counts = [differing(encode, law) for law in LAWS]
    rows = [row[1:] for row in ROWS if name in row[0].replace("`", "")]
    assert rows, f"the table has no row of {name}"
    assert counts in [*rows, ["absent"] * len(LAWS)]


def test_every_row_is_counted() -> None:
    rows = [row[0] for row in ROWS[2:]]
    assert len(rows) == 6
    assert [row for row in rows if not any(name in row for name in IMPLEMENTATIONS if name != "rtpcodec")] == [
        "rtpcodec"
    ]


def test_a_differing_code_is_counted() -> None:
    def one_wrong(law: str) -> bytes:
        codes = bytearray((TABLES / f"{law}_encode_stl.u8").read_bytes())
        codes[7] ^= 1
        return bytes(codes)

    assert [differing(one_wrong, law) for law in LAWS] == ["1", "1"]
