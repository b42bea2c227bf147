"""A folder of recordings for the recipes, and checks of their results."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rtpcodec import transcode_batch
from tests.bulk.recordings import telephone_rows

VICTIM = "stereo.wav"
"""A file in the middle of the folder."""
BROKEN = "0/text.wav"
"""A file that is not an audio file."""


def fill(folder: Path) -> tuple[Path, Path]:
    """Make a folder of recordings, one of which is not an audio file, and a folder for the results."""
    source, target = folder / "in", folder / "out"
    for number in range(3):
        for row in telephone_rows():
            if "kind" not in row:
                path = source / f"{number}" / Path(row["path"]).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(row["bytes"])
    (source / BROKEN).write_text("not an audio file")
    target.mkdir()
    return source, target


def names_in(folder: Path) -> list[str]:
    """Return every file below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def require_the_plain_loop(source: Path, target: Path, done: Iterable[list[dict[str, Any]]], **settings: Any) -> None:
    """Check files and rows against one call per file."""
    rows = [row for rows in done for row in rows]
    assert sorted(row["path"] for row in rows) == names_in(source)
    written = {}
    for row in rows:
        octets = (source / row["path"]).read_bytes()
        (expected,) = transcode_batch([{"path": row["path"], "bytes": octets}], **settings)
        converted = expected.pop("bytes")  # type: ignore[misc]
        assert row == expected
        if converted is not None:
            written[f"{row['path']}.{settings['to']}"] = converted
    assert [row["path"] for row in rows if row["error"]] == [BROKEN]
    assert names_in(target) == sorted(written)
    assert all((target / name).read_bytes() == octets for name, octets in written.items())
