"""The reference vectors: found as documented, and the shipped copy equals the whole set."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests import vectors as vector_files

# Those of G.722 are cut from longer files; their README says how, and their own tests hold them.
CUT = vector_files.SHIPPED / "g722"
SHIPPED_FILES = sorted(
    path
    for path in vector_files.SHIPPED.glob("*/*")
    if path.is_file() and path.parent != CUT and path.suffix != ".LICENSE"
)


def test_unset_means_none() -> None:
    assert vector_files.whole_set({}) is None
    assert vector_files.whole_set({"RTPCODEC_VECTORS": ""}) is None


def test_set_means_that_folder(tmp_path: Path) -> None:
    assert vector_files.whole_set({"RTPCODEC_VECTORS": str(tmp_path)}) == tmp_path


def test_set_but_missing_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(FileNotFoundError, match=f"^RTPCODEC_VECTORS is set to {missing}, but that is not a folder$"):
        vector_files.whole_set({"RTPCODEC_VECTORS": str(missing)})


@pytest.mark.parametrize("shipped", SHIPPED_FILES, ids=lambda path: path.name)
def test_shipped_file_is_the_original_and_may_be_shipped(shipped: Path, vectors: Path) -> None:
    manifest = json.loads((vectors / "MANIFEST.json").read_text("utf-8"))
    entry = next(entry for entry in manifest if entry["path"] == shipped.relative_to(vector_files.SHIPPED).as_posix())
    assert entry["redistribute"] in ("yes", "yes, with notice")
    assert shipped.with_suffix(".LICENSE").exists() == (entry["redistribute"] == "yes, with notice")
    assert hashlib.sha256(shipped.read_bytes()).hexdigest() == entry["sha256"]
    assert (vectors / entry["path"]).read_bytes() == shipped.read_bytes()


def test_readme_names_every_shipped_file() -> None:
    readme = (vector_files.SHIPPED / "README.md").read_text("utf-8")
    for path in SHIPPED_FILES:
        assert f"{path.parent.name}/{path.name.replace('pcmu', 'pcm?').replace('pcma', 'pcm?')}" in readme
